import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ZippyNetError } from "../../src/codec/errors.ts";
import { assertMeant } from "./target.ts";
import { TARGETS } from "./targets.ts";

const fuzz = (...args: string[]) =>
  spawnSync(process.execPath, [fileURLToPath(new URL("main.ts", import.meta.url)), ...args], {
    encoding: "utf8",
  });

for (const name of Object.keys(TARGETS)) {
  test(`${name}: seconds of altered files leave nothing to keep`, () => {
    const { status, stdout, stderr } = fuzz(name, "--seconds", "4", "--seed", "1");
    assert.equal(status, 0, stdout + stderr);
    const runs = Number(/(\d+) files, 0 kept/.exec(stdout)?.[1]);
    assert.ok(runs > 0, stdout);
  });
}

test("a kept file is fed again", () => {
  const file = join(mkdtempSync(join(tmpdir(), "zippynet-test-")), "kept");
  writeFileSync(file, "no image");
  const { status, stdout } = fuzz("images", "--replay", file);
  assert.equal(status, 0);
  assert.match(stdout, /kept: as it should be/);
});

test("what is not meant is told from what is", () => {
  assertMeant(new ZippyNetError("bad-image", "x"), ["bad-image"]);
  assert.throws(() => assertMeant(new ZippyNetError("bad-option", "x"), ["bad-image"]), /got bad-option: x/);
  assert.throws(() => assertMeant(new TypeError("x"), ["bad-image"]), /got TypeError: x/);
});

test("words that mean nothing are refused", () => {
  const { status, stderr } = fuzz("pictures");
  assert.equal(status, 2);
  assert.match(stderr, /expected fuzz \[images, zn\]/);
});
