import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { numberAt } from "../../src/train/export/destination.ts";
import { zippyError } from "../codec/support.ts";

const MANIFEST = fileURLToPath(new URL("../../models/faces/manifest.json", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "zippynet-destination-"));
after(() => rmSync(root, { recursive: true }));

let made = 0;
/** A folder of models of these names and numbers. */
function models(numbers: Record<string, number>, { released = false } = {}): (name: string) => string {
  const folder = join(root, `${made++}`);
  const faces = JSON.parse(readFileSync(MANIFEST, "utf8")) as object;
  mkdirSync(folder);
  for (const [name, number] of Object.entries(numbers)) {
    mkdirSync(join(folder, name));
    const manifest = { ...faces, name, number, released };
    writeFileSync(join(folder, name, "manifest.json"), JSON.stringify(manifest));
  }
  return (name) => join(folder, name);
}

test("a new model has the number asked for, or the first of users' own that is free", async () => {
  const at = models({ faces: 1, one: 192, two: 193, four: 195 });
  assert.equal(await numberAt(at("new"), "new"), 194);
  assert.equal(await numberAt(at("new"), "new", 7), 7);
  assert.equal(await numberAt(join(root, "no", "such", "folder"), "new"), 192);
  const full = models(Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`m${i}`, 192 + i])));
  await assert.rejects(
    numberAt(full("new"), "new"),
    zippyError("bad-option", /192–255 to be free .* all taken/),
  );
  assert.equal(await numberAt(full("m9"), "m9"), 201);
});

test("a model trained again keeps its number, or has the one asked for", async () => {
  const at = models({ faces: 1, one: 192 });
  assert.equal(await numberAt(at("faces"), "faces"), 1);
  assert.equal(await numberAt(at("faces"), "faces", 1), 1);
  assert.equal(await numberAt(at("one"), "one", 200), 200);
});

test("a number or name that another model beside it has is refused", async () => {
  const at = models({ faces: 1, one: 192 });
  await assert.rejects(
    numberAt(at("new"), "new", 192),
    zippyError("bad-option", /--number: expected a number of its own, got 192 as in .*one/),
  );
  await assert.rejects(numberAt(at("faces"), "faces", 192), zippyError("bad-option", /--number/));
  await assert.rejects(
    numberAt(at("new"), "one"),
    zippyError("bad-option", /--domain: expected a name of its own, got "one" as in .*one/),
  );
});

test("a released model is not replaced", async () => {
  const at = models({ faces: 1 }, { released: true });
  const refused = zippyError("bad-option", /the released model faces at .*(faces|link), which never changes/);
  await assert.rejects(numberAt(at("faces"), "faces", 1), refused);
  symlinkSync(at("faces"), join(root, "link"));
  await assert.rejects(numberAt(join(root, "link"), "faces", 1), refused);
  assert.equal(await numberAt(at("new"), "new", 2), 2);
});

test("what is no model is not in the way beside it, but is not written over", async () => {
  const at = models({});
  mkdirSync(at("page"));
  writeFileSync(at("page/manifest.json"), '{ "name": "new", "icons": [] }');
  writeFileSync(at("file"), "");
  assert.equal(await numberAt(at("new"), "new"), 192);
  await assert.rejects(
    numberAt(at("page"), "new"),
    zippyError("bad-option", /page.manifest\.json, which is not/),
  );
  await assert.rejects(
    numberAt(at("file"), "new"),
    zippyError("bad-option", /file.manifest\.json, which cannot/),
  );
});
