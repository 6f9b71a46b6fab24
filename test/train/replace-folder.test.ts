import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openModels } from "../../src/model/folder.ts";
import { replaceFolder } from "../../src/train/export/destination.ts";

const MANIFEST = readFileSync(fileURLToPath(new URL("../../models/faces/manifest.json", import.meta.url)));
const root = mkdtempSync(join(tmpdir(), "zippynet-replace-"));
after(() => rmSync(root, { recursive: true }));

/** A folder with a model's manifest and something else in it; nothing lies beside it. */
function folderOf(name: string): string {
  const folder = join(root, name, "faces");
  mkdirSync(join(folder, "more"), { recursive: true });
  writeFileSync(join(folder, "manifest.json"), MANIFEST);
  writeFileSync(join(folder, "more", "failures.png"), "other");
  return folder;
}

const read = (...path: string[]) => readFileSync(join(...path), "utf8");

test("a folder is made, with those above it", async () => {
  const folder = join(root, "deep", "er", "new");
  await replaceFolder(folder, (draft) => writeFile(join(draft, "a"), "1"));
  assert.equal(read(folder, "a"), "1");
  assert.deepEqual(readdirSync(join(folder, "..")), ["new"]);
});

test("files are replaced, others stay, and who looks meanwhile finds the old folder alone", async () => {
  const folder = folderOf("again");
  const link = join(root, "link");
  symlinkSync(folder, link);
  await replaceFolder(link, async (draft) => {
    await writeFile(join(draft, "manifest.json"), MANIFEST);
    await writeFile(join(draft, "new"), "1");
    assert.equal((await openModels(join(folder, ".."))).list().length, 1);
    assert.deepEqual(readdirSync(folder), ["manifest.json", "more"]);
    await writeFile(join(draft, "manifest.json"), "the new one");
  });
  assert.equal(read(folder, "manifest.json"), "the new one");
  assert.equal(read(link, "new"), "1");
  assert.equal(read(folder, "more", "failures.png"), "other");
  assert.deepEqual(readdirSync(join(folder, "..")), ["faces"]);
});

test("a draft that fails leaves the folder as it was, and nothing beside it", async () => {
  const folder = folderOf("failing");
  const fill = async (draft: string) => {
    await writeFile(join(draft, "manifest.json"), "half of");
    throw new Error("disk full");
  };
  await assert.rejects(replaceFolder(folder, fill), /disk full/);
  assert.deepEqual(readFileSync(join(folder, "manifest.json")), MANIFEST);
  assert.deepEqual(readdirSync(join(folder, "..")), ["faces"]);
});
