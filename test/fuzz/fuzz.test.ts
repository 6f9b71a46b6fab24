import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { ZippyNetError } from "../../src/codec/errors.ts";
import { assertMeant } from "./target.ts";
import { TARGETS } from "./targets.ts";

const fuzz = (...args: string[]) =>
  spawnSync(process.execPath, [fileURLToPath(new URL("main.ts", import.meta.url)), ...args], {
    encoding: "utf8",
  });

suite("the nightly script", () => {
  const nightly = (seconds: string): { status: number | null; output: string } => {
    const script = fileURLToPath(new URL("../../.ci/nightly", import.meta.url));
    const env = { ...process.env, ZIPPYNET_FUZZ_SECONDS: seconds };
    const { status, stdout, stderr } = spawnSync("bash", [script, "--seed", "1"], { encoding: "utf8", env });
    return { status, output: stdout + stderr };
  };

  test("feeds every target for the time that is asked for, and seconds of altered files leave nothing to keep", () => {
    const { status, output } = nightly("4");
    assert.equal(status, 0, output);
    for (const name of Object.keys(TARGETS))
      assert.match(output, new RegExp(`${name}: 4 s, --seed 1\\n${name}: [1-9]\\d* files, 0 kept`));
  });

  test("fails if a target does, and runs the others all the same", () => {
    const { status, output } = nightly("none");
    assert.equal(status, 1, output);
    assert.equal(
      output.match(/expected fuzz .* got \w+ --seconds none/g)?.length,
      Object.keys(TARGETS).length,
    );
  });
});

test("a kept file is fed again", () => {
  const file = join(mkdtempSync(join(tmpdir(), "zippynet-test-")), "kept");
  writeFileSync(file, "no image");
  const { status, stdout } = fuzz("images", "--replay", file);
  assert.equal(status, 0);
  assert.match(stdout, /kept: as it should be/);
});

test("errors that are not meant differ from those that are", () => {
  assertMeant(new ZippyNetError("bad-image", "x"), ["bad-image"]);
  assert.throws(() => assertMeant(new ZippyNetError("bad-option", "x"), ["bad-image"]), /got bad-option: x/);
  assert.throws(() => assertMeant(new TypeError("x"), ["bad-image"]), /got TypeError: x/);
});

test("words that mean nothing are refused", () => {
  const { status, stderr } = fuzz("pictures");
  assert.equal(status, 2);
  assert.match(stderr, /expected fuzz \[images, zn\]/);
});
