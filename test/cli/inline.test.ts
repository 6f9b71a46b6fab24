import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fromInline, info } from "../../src/index.ts";
import { IMAGES, scratch, zippynet } from "./run.ts";

const at = scratch();
const faces = ["hat", "pearls"].map((name) => `${IMAGES}/face-${name}-64.png`);
const golden = new URL("../golden/photograph-1-42-q50.zn", import.meta.url).pathname;

test("images become lines of text, .zn files as they are, in order", async () => {
  const { code, out, err } = await zippynet(["inline", faces[0]!, golden, faces[1]!, "--max-bytes", "120"]);
  assert.deepEqual([code, err], [0, ""]);
  const files = out.toString().trimEnd().split("\n").map(fromInline);
  assert.deepEqual(
    files.map((file) => info(file).width),
    [64, 42, 64],
  );
  assert.deepEqual(Buffer.from(files[1]!), readFileSync(golden));
  for (const i of [0, 2]) assert.ok(files[i]!.length <= 120 && files[i]!.length > 60);
});

test("a ready tag, with its size", async () => {
  const { out } = await zippynet(["inline", golden, "--as", "tag"]);
  const text = readFileSync(golden).toString("base64url");
  assert.equal(out.toString(), `<zippy-img src="${text}" width="42" height="42" alt=""></zippy-img>\n`);
});

test("JSON, with what failed; the rest is done", async () => {
  writeFileSync(at("torn.zn"), readFileSync(golden).subarray(0, 2));
  const { code, out, err } = await zippynet(["inline", at("torn.zn"), at("none"), golden, "--as", "json"]);
  assert.equal(code, 1);
  assert.match(err, /torn\.zn: not a \.zn file: expected at least 3 bytes, got 2/);
  assert.match(err, /none: there is no such file/);
  const { files } = JSON.parse(out.toString()) as { files: Record<string, unknown>[] };
  const { inline, ...rest } = files.find((file) => "inline" in file)!;
  assert.equal(fromInline(String(inline)).length, rest["bytes"]);
  assert.deepEqual([rest["width"], rest["height"], rest["kind"], files.length], [42, 42, "latents", 3]);
});

test("standard input", async () => {
  const { out } = await zippynet(["inline", "-"], { input: readFileSync(golden) });
  assert.equal(out.toString().trimEnd(), readFileSync(golden).toString("base64url"));
});

test("a folder that has nothing for a command is reported, and no failure", async () => {
  mkdirSync(at("empty"));
  for (const args of [["inline"], ["info"], ["encode", "-o", at("out")]]) {
    const { code, err } = await zippynet([...args, at("empty")]);
    assert.deepEqual([code, err], [0, `zippynet: nothing to do in ${at("empty")}\n`], args[0]);
  }
});
