import assert from "node:assert/strict";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { test } from "node:test";
import { encodeFiles } from "../../src/cli/encode-files.ts";
import { defaultJobs } from "../../src/cli/options.ts";
import { isFailure, type Result } from "../../src/cli/results.ts";
import { openModels } from "../../src/model/folder.ts";
import { IMAGES, scratch } from "./run.ts";

const at = scratch();

test("as many cores as the files keep busy, unless told", () => {
  const cores = availableParallelism();
  assert.equal(defaultJobs(1, { effort: 9 }), 1);
  assert.equal(defaultJobs(255), 1);
  assert.equal(defaultJobs(255, { effort: 9 }), cores);
  assert.equal(defaultJobs(1_000_000), cores);
  assert.ok(defaultJobs(100, { tries: true }) >= defaultJobs(100));
});

test("a search tells of each file when it is done, and of one that fails", async () => {
  mkdirSync(at("in"));
  for (const name of ["a", "b", "c"]) cpSync(`${IMAGES}/face-hat-64.png`, at(`in/${name}.png`));
  writeFileSync(at("in/d.png"), "no picture");
  const tasks = ["a", "b", "c", "d"].map((name) => ({ in: at(`in/${name}.png`), out: at(`out/${name}.zn`) }));
  const models = [await (await openModels()).byName("faces-64")];
  const told: (readonly Result[])[] = [];
  const wish = { target: { kind: "quality", quality: 50 }, effort: 1, classical: false } as const;
  await encodeFiles(models, wish, tasks, (results) => told.push(results));
  assert.deepEqual(
    told.map((results) => results.map(isFailure)),
    [[true], [false], [false], [false]],
  );
});
