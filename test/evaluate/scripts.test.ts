/** What `npm run effort` and `npm run bench` run, as a shell does. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { IMAGES, scratch } from "../cli/run.ts";

const at = scratch();
const run = (script: string, ...options: string[]) =>
  promisify(execFile)(process.execPath, [
    fileURLToPath(
      new URL(`../../src/evaluate/bench/${script === "bench" ? "main" : script}.ts`, import.meta.url),
    ),
    ...options,
  ]);

suite("called wrongly: an error with the usage, and no stack", { concurrency: 2 }, () => {
  const calls: [string[], string][] = [
    [["effort"], "expected one folder of images, got 0"],
    [["effort", IMAGES, "--limit", "x"], 'expected --limit with a whole number of 1 or more, got "x"'],
    [["effort", IMAGES, "--limit", "0"], 'expected --limit with a whole number of 1 or more, got "0"'],
    [["effort", IMAGES, "--size", "4"], 'expected --size with a whole number of 8–1024, got "4"'],
    [["effort", IMAGES, "--efforts", "0,"], 'expected --efforts with a whole number of 0–9, got ""'],
    [["effort", IMAGES, "--efforts", "1,2"], "expected --efforts that begin with 0, got 1,2"],
    [["bench", "--rounds", "0"], 'expected --rounds with a whole number of 1 or more, got "0"'],
    [["bench", "--turns", "3"], "Unknown option '--turns'"],
  ];
  for (const [[script, ...options], message] of calls) {
    test([script, ...options].join(" ").replace(IMAGES, "…"), async () => {
      await assert.rejects(run(script!, ...options), ({ code, stderr }: { code: number; stderr: string }) => {
        assert.equal(code, 2);
        assert.ok(stderr.startsWith(message), stderr);
        assert.match(stderr, new RegExp(`\n\nusage: npm run ${script} .*\n$`));
        return true;
      });
    });
  }
});

suite("--help prints the usage, and is no error", { concurrency: 2 }, () => {
  for (const script of ["effort", "bench", "../report/main", "../looks/main"]) {
    test(script, async () => {
      const { stdout } = await run(script, "--help");
      assert.match(stdout, /^usage: npm run (effort|bench|report|looks) /);
    });
  }
});

test("effort takes the images of a folder, and nothing else that is there", async () => {
  mkdirSync(at("mixed/a folder"), { recursive: true });
  writeFileSync(at("mixed/a.txt"), "no picture");
  copyFileSync(`${IMAGES}/face-hat-64.png`, at("mixed/face.png"));
  const { stdout } = await run("effort", at("mixed"), "--efforts", "0", "--size", "16");
  assert.match(stdout, /^1 images of 16×16\n\neffort .*\n0 +0\.0 % +\d+\.\d\n$/);
});

test("a folder that is not there is an error without a stack", async () => {
  await assert.rejects(run("effort", at("none")), ({ code, stderr }: { code: number; stderr: string }) => {
    assert.equal(code, 1);
    assert.match(stderr, /^ENOENT: .*none'\n$/);
    return true;
  });
});
