import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, openSync, readdirSync, writeFileSync } from "node:fs";
import { suite, test } from "node:test";
import { IMAGES, LAUNCHER, scratch } from "./run.ts";

const at = scratch();
const face = `${IMAGES}/face-hat-64.png`;

suite("streams that take no more", () => {
  test("a closed standard error does not end a batch", async () => {
    mkdirSync(at("in"));
    for (const name of ["a", "b", "c"]) writeFileSync(at(`in/${name}.png`), "no picture");
    cpSync(face, at("in/z.png"));
    const child = spawn(process.execPath, [LAUNCHER, "encode", at("in"), "-o", at("out")]);
    child.stderr.destroy();
    child.stdout.resume();
    const [code] = await once(child, "exit");
    assert.equal(code, 1); // some inputs failed, the rest is done
    assert.deepEqual(readdirSync(at("out")), ["z.zn"]);
  });

  test("an input that does not end is read up to the limit", { skip: !existsSync("/dev/zero") }, async () => {
    const zeros = `exec "$0" "$@" < /dev/zero`;
    for (const [command, ...args] of [
      [process.execPath, LAUNCHER, "encode", "/dev/zero", "-o", at("endless")],
      [process.execPath, LAUNCHER, "info", "/dev/zero"],
      ["sh", "-c", zeros, process.execPath, LAUNCHER, "encode", "-", "-o", at("endless")],
    ] as const) {
      const child = spawn(command!, args);
      let told = "";
      child.stderr.on("data", (data: Buffer) => (told += data));
      const [code] = await once(child, "close");
      assert.equal(code, 1, told);
      assert.match(told, /: expected at most \d+ bytes, got more\n/);
    }
  });

  test("a full device is reported in one line", { skip: !existsSync("/dev/full") }, async () => {
    for (const args of [
      ["encode", face, "-o", "-"],
      ["encode", face, "-o", at("full"), "--json"],
      ["--help"],
    ]) {
      const child = spawn(process.execPath, [LAUNCHER, ...args], {
        stdio: ["ignore", openSync("/dev/full", "w"), "pipe"],
      });
      let told = "";
      child.stderr!.on("data", (data: Buffer) => (told += data));
      const [code] = await once(child, "close");
      assert.equal(code, 1, told);
      assert.match(told, /^zippynet: [^\n]*ENOSPC[^\n]*\n$/);
    }
  });
});
