import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { after, describe, it } from "node:test";
import { modelsFolder } from "../../src/model/folder.ts";
import { parseManifest } from "../../src/model/manifest.ts";
import { checkpointPath, startOf, writeCheckpoint } from "../../src/train/checkpoint.ts";
import { openEngine } from "../../src/train/engine.ts";
import { initialise } from "../../src/train/network/parameters.ts";
import { folderOf, hashOfFolder, parseRecipe, type Recipe } from "../../src/train/recipe.ts";
import type { RunOptions } from "../../src/train/run.ts";
import { makeFromRecipe } from "../../src/train/session.ts";
import { startingWeights } from "../../src/train/start.ts";
import { zippyError } from "../codec/support.ts";
import { IMAGES, TINY, withoutBinding } from "./support.ts";

describe("recipe", async () => {
  const root = mkdtempSync(join(tmpdir(), "zippynet-recipe-"));
  after(() => rmSync(root, { recursive: true }));
  const data = join(root, "data");
  cpSync(IMAGES, join(data, "pictures"), { recursive: true });
  mkdirSync(join(root, "packed"));
  execFileSync("tar", ["cf", join(root, "packed", "pictures.tar"), "-C", data, "pictures"]);

  const sampling = { cut: "aligned" as const, sizes: [[42, 1]] as [number, number][] };
  const recipe: Recipe = {
    name: "made",
    number: 210,
    description: "A test",
    orientations: 2,
    licence: "CC0-1.0",
    attribution: "somebody",
    research: false,
    seed: 3,
    heldOut: 0.3,
    architecture: TINY,
    data: [{ name: "pictures", sha256: await hashOfFolder(join(data, "pictures")), terms: "free" }],
    stages: [
      { data: ["pictures"], engine: "tfjs", sampling, samples: 64, rate: 1e-3, flat: 1 },
      { data: ["pictures"], engine: "tfjs", sampling, samples: 64, rate: 1e-3 },
      {
        data: ["pictures"],
        engine: "tfjs",
        sampling,
        samples: 32,
        rate: 5e-4,
        architecture: { ...TINY, analysis: { ...TINY.analysis, blocks: [1, 1, 2] } },
      },
    ],
  };

  it("says which field is wrong", () => {
    const wrong = (change: object) => () => parseRecipe(JSON.stringify({ ...recipe, ...change }));
    assert.deepEqual(parseRecipe(JSON.stringify(recipe)), recipe);
    assert.throws(wrong({ heldOut: 2 }), zippyError("bad-option", /--recipe: heldOut/));
    assert.throws(
      wrong({ stages: [{ ...recipe.stages[0], data: ["faces"] }] }),
      zippyError("bad-option", /faces/),
    );
    assert.throws(() => parseRecipe("{"), zippyError("bad-option", /expected JSON/));
  });

  it("takes the data that it names and no other, from a folder or an archive", async () => {
    const [set] = recipe.data as [Recipe["data"][number]];
    assert.equal(await folderOf(set, data, root), join(data, "pictures"));
    const other = { ...set, sha256: "0".repeat(64) };
    await assert.rejects(
      folderOf(other, data, root),
      zippyError("bad-option", /SHA-256 0{64}, got [1-9a-f]/),
    );
    await assert.rejects(folderOf({ ...set, name: "none" }, data, root), zippyError("bad-option", /neither/));
    const archive = join(root, "packed", "pictures.tar");
    const sum = execFileSync("sha256sum", [archive], { encoding: "utf8" }).split(" ")[0]!;
    const packed = { ...set, sha256: sum, without: ["face-"] };
    const folder = join(await folderOf(packed, join(root, "packed"), join(root, "unpacked")), "pictures");
    assert.ok(existsSync(join(folder, "parrot-64.png")) && !existsSync(join(folder, "face-hat-64.png")));
    const whole = await folderOf({ ...set, sha256: sum }, join(root, "packed"), join(root, "unpacked"));
    assert.ok(existsSync(join(whole, "pictures", "face-hat-64.png"))); // not what was unpacked before
    assert.equal(basename(whole), "pictures"); // by which reports name the set
    await assert.rejects(
      folderOf({ ...packed, sha256: set.sha256 }, join(root, "packed"), join(root, "unpacked")),
      zippyError("bad-option", /of .*pictures\.tar/),
    );
  });

  /** Its run stops at once, and notes where it would have begun. */
  const begun = async (made: Recipe, runs: string) => {
    const all: RunOptions["from"][] = [];
    const engine = async ({ from, plan }: RunOptions) => {
      all.push(from);
      return { plan, ...startOf(from, plan), finished: false };
    };
    const session = { data, runs: join(root, runs), out: join(root, "models", "none") };
    const times = { checkpointMinutes: 5, evaluateMinutes: 60 };
    await makeFromRecipe({ recipe: made, ...session, ...times, engineOf: async () => engine });
    return all;
  };

  it("starts from the model that it names, wherever it is called", async () => {
    const { architecture } = parseManifest(
      readFileSync(join(modelsFolder(), "photos-2", "manifest.json"), "utf8"),
    );
    const weights = await startingWeights({ architecture, seed: 3 }, join(modelsFolder(), "photos-2"));
    assert.deepEqual(await begun({ ...recipe, architecture, init: "photos-2" }, "named"), [weights]);
  });

  it("names the engines that trained it, which may be other ones than it asks for", async () => {
    const asked: string[] = [];
    const engine = async ({ from, plan, folder }: RunOptions) => {
      const { optimiser, progress } = startOf(from, plan);
      const last = { plan, optimiser, progress: { ...progress, samples: 64 } };
      await writeCheckpoint(checkpointPath(folder), last);
      return { ...last, finished: asked.length < 2 };
    };
    const out = join(root, "models", "other");
    const session = { data, runs: join(root, "other"), out, checkpointMinutes: 5, evaluateMinutes: 60 };
    const engineOf = async (name: string) => {
      asked.push(name);
      return engine;
    };
    const two = { ...recipe, stages: recipe.stages.slice(0, 2) };
    await makeFromRecipe({ ...session, recipe: two, engineOf, engine: "torch" });
    assert.deepEqual(asked, ["torch", "torch"]); // and the second one was stopped, here at its end
    await makeFromRecipe({ ...session, recipe: two, engineOf });
    const made = parseRecipe(readFileSync(join(out, "recipe.json"), "utf8"));
    assert.deepEqual(
      made.stages.map((stage) => stage.engine),
      ["torch", "torch"],
    );
  });

  it("neither trains over a checkpoint that it cannot read, nor exports a training that is not finished", async () => {
    const checkpoint = join(root, "broken", "stage-1", "checkpoint.safetensors");
    mkdirSync(dirname(checkpoint), { recursive: true });
    writeFileSync(checkpoint, "hours of work");
    await assert.rejects(
      begun(recipe, "broken"),
      zippyError("bad-model", /expected a checkpoint at .*stage-1.*, got /),
    );
    const session = {
      recipe: { ...recipe, stages: recipe.stages.slice(0, 1) },
      data,
      out: join(root, "models", "half"),
    };
    const exported = (runs: string) =>
      makeFromRecipe({ ...session, runs: join(root, runs), checkpointMinutes: 5, evaluateMinutes: 60 });
    await assert.rejects(exported("nothing"), zippyError("bad-option", /--export-only: .*got no checkpoint/));
    const plan = { folders: [data], architecture: TINY, seed: 3, sampling, heldOut: 0.3, rate: 1e-3 };
    const start = startOf(initialise(TINY, 3), plan);
    const half = join(root, "half", "stage-1", "checkpoint.safetensors");
    await writeCheckpoint(half, { plan, ...start, progress: { ...start.progress, samples: 32 } });
    await assert.rejects(exported("half"), zippyError("bad-option", /--export-only: .*got 32 of 64 samples/));
  });

  it("makes a model by all its stages, goes on where it was stopped, and says so on the card", {
    skip: withoutBinding,
  }, async () => {
    const [runs, out] = [join(root, "runs"), join(root, "models", "made")];
    const session = { recipe, data, runs, out, checkpointMinutes: 5, evaluateMinutes: 60 };
    const started: number[] = [];
    const stop = new AbortController();
    const engineOf = async () => {
      const engine = await openEngine("tfjs");
      return (options: Parameters<typeof engine>[0]) => {
        started.push("optimiser" in options.from ? options.from.optimiser.step : -1);
        return engine(options);
      };
    };
    const stopped = await makeFromRecipe({
      ...session,
      engineOf,
      signal: stop.signal,
      onReport: () => stop.abort(),
    });
    assert.equal(stopped, undefined);
    const manifest = await makeFromRecipe({ ...session, engineOf });
    // noise; on from where it was stopped; on from the first stage; a fresh optimiser
    assert.deepEqual(started, [-1, 1, 2, 0]);
    assert.deepEqual(
      [manifest?.number, manifest?.licence, manifest?.attribution],
      [210, "CC0-1.0", "somebody"],
    );
    assert.deepEqual(manifest?.architecture.analysis.blocks, [1, 1, 2]);
    assert.deepEqual(parseRecipe(readFileSync(join(out, "recipe.json"), "utf8")), recipe);
    const card = readFileSync(join(out, "README.md"), "utf8");
    for (const said of [
      /160 samples in 3 stages, from noise/,
      /\| CC0-1\.0 \|/,
      /a fresh optimiser, with 1\+1\+2 blocks/,
      /\| 160 \|/,
    ]) {
      assert.match(card, said);
    }
    const blobs = JSON.stringify(manifest!.blobs);
    writeFileSync(join(out, "README.md"), "");
    const again = await makeFromRecipe(session); // exports alone
    assert.equal(JSON.stringify(again!.blobs), blobs);
    assert.equal(readFileSync(join(out, "README.md"), "utf8"), card);
  });
});
