import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readBytes } from "../../src/cli/files/bytes.ts";
import { openWork } from "../../src/cli/files/work.ts";
import { printable } from "../../src/cli/results.ts";
import { zippyError } from "../codec/support.ts";
import { IMAGES, scratch, zippynet } from "./run.ts";

const at = scratch();
const GIB = 2 ** 30;

/** A file of that length that takes no room on the disk. */
function hollow(name: string, bytes: number): string {
  writeFileSync(at(name), "");
  truncateSync(at(name), bytes);
  return at(name);
}

test("a file of more bytes than are allowed is not read", async () => {
  // Node reads none of 2 GiB, and would say so in words of its own
  const huge = hollow("huge.zn", 3 * GIB);
  const told = /expected a file of at most 134217728 bytes, got 3221225472/;
  await assert.rejects(readBytes(huge), zippyError("too-large", told));
  cpSync(`${IMAGES}/face-hat-64.png`, at("face.png"));
  const face = readFileSync(at("face.png"));
  assert.deepEqual(await readBytes(at("face.png"), face.length), face);
  await assert.rejects(readBytes(at("face.png"), face.length - 1), zippyError("too-large"));
  await assert.rejects(readBytes(at("none")), { code: "ENOENT" });
});

test("of images that are encoded, fewer are allowed than of .zn files", async () => {
  const target = { kind: "quality", quality: 50 } as const;
  const encode = await openWork({ kind: "encode", model: "faces", target, effort: 0 });
  const result = await encode({ in: hollow("huge.png", 3 * GIB), out: at("huge.zn") });
  const message = "expected a file of at most 67108864 bytes, got 3221225472";
  assert.deepEqual(result, { in: at("huge.png"), error: { code: "too-large", message } });
});

test("names and texts of others do not command the terminal, nor forge a line", {
  skip: process.platform === "win32",
}, async () => {
  assert.equal(printable("a\u001b[31m\u009b\u202eß👨‍👩‍👧\n.png"), "a\\x1b[31m\\x9b\\u202eß👨‍👩‍👧\\x0a.png");
  const folder = at("hostile");
  mkdirSync(folder);
  cpSync(`${IMAGES}/face-hat-64.png`, join(folder, "\u001b]0;title\u0007.png"));
  writeFileSync(join(folder, "x\nzippynet: all is well.png"), "no picture");
  const runs = [
    await zippynet(["encode", folder, "-o", at("made"), "--verbose"]),
    await zippynet(["info", folder, at("made"), join(folder, "x\nzippynet: all is well.png")]),
    await zippynet(["inline", folder]),
    await zippynet(["encode", "a\u001bb", "-o", "c\u001bd.png"]),
  ];
  const told = runs.map(({ out, err }) => out.toString() + err);
  for (const text of told) {
    assert.doesNotMatch(text, /[^\P{Cc}\n]/u);
    assert.doesNotMatch(text, /^zippynet: all is well/m);
  }
  assert.match(told[0]!, /\\x1b\]0;title\\x07\.png → /);
  assert.match(told[0]!, /x\\x0azippynet: all is well\.png: expected an image/);
  assert.match(told[1]!, /made\/\\x1b\]0;title\\x07\.zn: 64×64/);
  assert.match(told[3]!, /c\\x1bd\.png/);
});
