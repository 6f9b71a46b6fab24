/**
 * A released model never changes. `released.json` lists each with the SHA-256 of its files, written when it is released
 * (CONTRIBUTING.md); the folder has to be as it says for ever, and the archive of golden files to have some of it.
 */
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseManifest } from "../../src/model/manifest.ts";
import { facesFolder, goldenFolder, hashOfReleased } from "../codec/support.ts";

/** SHA-256 of the files by name, by model. */
type Released = Readonly<Record<string, Readonly<Record<string, string>>>>;

const MODELS = fileURLToPath(new URL("../../models", import.meta.url));
const LIST = fileURLToPath(new URL("released.json", import.meta.url));

/** What is not as it was when it was released, in words. */
function faults(folder: string, released: Released): string[] {
  const found: string[] = [];
  for (const [name, files] of Object.entries(released)) {
    for (const [file, sha256] of Object.entries(files)) {
      const path = join(folder, name, file);
      const now = existsSync(path) ? hashOfReleased(path) : "no file";
      if (now !== sha256) found.push(`${name}/${file}: expected ${sha256}, got ${now}`);
    }
  }
  for (const name of readdirSync(folder)) {
    const path = join(folder, name, "manifest.json");
    if (!existsSync(path)) continue;
    const { released: isReleased, blobs } = parseManifest(readFileSync(path, "utf8"));
    const listed = Object.keys(released[name] ?? {});
    if (!isReleased) continue;
    for (const file of ["manifest.json", ...Object.values(blobs).map((blob) => blob.file)]) {
      if (!listed.includes(file)) found.push(`${name}/${file}: expected it in released.json`);
    }
  }
  return found;
}

test("released models are what they were", () => {
  const released = JSON.parse(readFileSync(LIST, "utf8")) as Released;
  assert.deepEqual(faults(MODELS, released), []);
  const golden = JSON.parse(readFileSync(join(goldenFolder, "golden.json"), "utf8")) as {
    header: { model: number };
  }[];
  for (const name of Object.keys(released)) {
    const { number } = parseManifest(readFileSync(join(MODELS, name, "manifest.json"), "utf8"));
    assert.ok(
      golden.some(({ header }) => header.model === number),
      `expected golden files of ${name}`,
    );
  }
});

test("a released model that is changed, gone or not listed is found", () => {
  const folder = mkdtempSync(join(tmpdir(), "released-"));
  const path = join(folder, "made", "manifest.json");
  try {
    cpSync(facesFolder, join(folder, "made"), { recursive: true });
    const manifest = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(path, JSON.stringify({ ...manifest, released: true }));
    assert.deepEqual(
      faults(folder, {}),
      ["manifest.json", "g_a.safetensors", "g_s.safetensors", "prior.safetensors"].map(
        (file) => `made/${file}: expected it in released.json`,
      ),
    );
    const made = Object.fromEntries(
      readdirSync(join(folder, "made")).map((file) => [file, hashOfReleased(join(folder, "made", file))]),
    );
    assert.deepEqual(faults(folder, { made }), []);
    const later = { ...manifest, released: true, looks: {}, supersedes: [200] };
    writeFileSync(path, `${JSON.stringify({ ...manifest, released: true }, null, 2)}\n`);
    made["manifest.json"] = hashOfReleased(path);
    writeFileSync(path, JSON.stringify(later));
    assert.deepEqual(
      faults(folder, { made }),
      [],
      "a look may be added, and an older model that it is better than",
    );
    writeFileSync(path, JSON.stringify({ ...manifest, released: true, description: "another" }));
    assert.match(
      faults(folder, { made }).join(),
      /^made\/manifest\.json: expected [0-9a-f]{64}, got [0-9a-f]{64}$/,
    );
    writeFileSync(path, JSON.stringify({ ...manifest, released: false }));
    assert.equal(faults(folder, { made }).length, 1);
    rmSync(join(folder, "made"), { recursive: true });
    assert.match(faults(folder, { made }).join(), /got no file/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
