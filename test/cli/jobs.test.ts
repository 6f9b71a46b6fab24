import assert from "node:assert/strict";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { suite, test } from "node:test";
import { pathToFileURL } from "node:url";
import { runTasks } from "../../src/cli/files/run.ts";
import { defaultJobs } from "../../src/cli/options.ts";
import { isFailure, type Result } from "../../src/cli/results.ts";
import { IMAGES, scratch, zippynet } from "./run.ts";

const at = scratch();

test("by default as many cores as the files keep busy", () => {
  const cores = availableParallelism();
  assert.equal(defaultJobs(1, { effort: 9 }), 1);
  assert.equal(defaultJobs(255), 1);
  assert.equal(defaultJobs(255, { effort: 9 }), cores);
  assert.equal(defaultJobs(1_000_000), cores);
  assert.ok(defaultJobs(100, { tries: true }) >= defaultJobs(100));
});

test("each file is reported when it is done, and one that fails, too", async () => {
  mkdirSync(at("in"));
  for (const name of ["a", "b", "c"]) cpSync(`${IMAGES}/face-hat-64.png`, at(`in/${name}.png`));
  writeFileSync(at("in/d.png"), "no picture");
  const tasks = ["a", "b", "c", "d"].map((name) => ({ in: at(`in/${name}.png`), out: at(`out/${name}.zn`) }));
  const told: (readonly Result[])[] = [];
  const target = { kind: "quality", quality: 50 } as const;
  const work = { kind: "encode", model: "faces-64", target, effort: 1, classical: false } as const;
  await runTasks(work, tasks, 1, (results) => told.push(results));
  assert.deepEqual(told.map((results) => results.map(isFailure)).sort(), [[false], [false], [false], [true]]);
});

suite("threads that die", () => {
  const args = (...more: string[]) => ["encode", at("many"), "-o", at("many-zn"), "--json", ...more];
  /**
   * A module that every thread loads before its own, and that ends a thread at its first portion, unless a step throws.
   */
  const deadly = (step: string) => {
    const path = at("deadly.mjs");
    const end = `parentPort?.on("message", () => { try { ${step} } catch { return; } process.exit(3); });`;
    const imports = 'import { mkdirSync } from "node:fs";\nimport { parentPort } from "node:worker_threads";';
    writeFileSync(path, `${imports}\n${end}\n`);
    return { env: { NODE_OPTIONS: `--import=${pathToFileURL(path)}` } };
  };
  const run = async (step: string) => {
    const { code, out } = await zippynet(args("--jobs", "2", "--no-classical"), deadly(step));
    assert.equal(code, 1);
    return JSON.parse(out.toString()) as { files: Result[]; done: number; failed: number };
  };
  mkdirSync(at("many"));
  for (let i = 0; i < 10; i++) cpSync(`${IMAGES}/face-hat-64.png`, at(`many/${i}.png`));

  test("at the start: the same message as from one thread, without a stack", async () => {
    const { code, err } = await zippynet(args("--jobs", "2", "--model", "nobody"));
    assert.equal(code, 1);
    assert.match(err, /^zippynet: expected one of the models .*faces.*, got "nobody"\n$/);
  });

  test("one on its way: its files have failed, the other does the rest", async () => {
    const { files, done, failed } = await run(`mkdirSync(${JSON.stringify(at("one"))});`);
    assert.deepEqual([files.length, done, failed], [10, 8, 2]);
    assert.match(JSON.stringify(files.filter(isFailure)), /a thread ended with code 3/);
  });

  test("all on their way: every file is reported", async () => {
    const { files, done } = await run("");
    assert.deepEqual([new Set(files.map((file) => file.in)).size, done], [10, 0]);
  });
});
