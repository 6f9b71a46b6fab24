import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { startOf, writeCheckpoint } from "../../src/train/checkpoint.ts";
import { initialise } from "../../src/train/network/parameters.ts";
import type { RunPlan } from "../../src/train/plan.ts";
import { parseRecipe } from "../../src/train/recipe.ts";
import { IMAGES, TINY, withoutBinding } from "./support.ts";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const MANIFEST = fileURLToPath(new URL("../../models/faces/manifest.json", import.meta.url));

describe("zippynet train", () => {
  const folder = mkdtempSync(join(tmpdir(), "zippynet-command-"));
  after(() => rmSync(folder, { recursive: true }));
  const env: NodeJS.ProcessEnv = { ...process.env, ZIPPYNET_MODELS: join(folder, "models") };
  const zippynet = (...args: string[]) =>
    spawnSync(process.execPath, [MAIN, "train", ...args], { cwd: folder, env, encoding: "utf8" });

  const writeTiny = () => {
    const faces = JSON.parse(readFileSync(MANIFEST, "utf8")) as object;
    writeFileSync(join(folder, "tiny.json"), JSON.stringify({ ...faces, architecture: TINY }));
  };

  it("says what a call lacks", () => {
    const calls: [args: string[], status: number, message: RegExp][] = [
      [[], 2, /--domain or --recipe, as in: .* --domain avatars --minutes/],
      [["--domain", "Faces!", IMAGES], 2, /small letters/],
      [["--domain", "faces", IMAGES], 2, /--minutes or --samples/],
      [["--domain", "faces", "--minutes", "1"], 2, /folders of images/],
      [["--domain", "faces", "--minutes", "0", IMAGES], 2, /above 0/],
      [["--domain", "faces", "--number", "80", "--minutes", "1", IMAGES], 2, /80 is reserved/],
      [["--domain", "faces", "--minutes", "1", "--resume", IMAGES], 2, /from the checkpoint/],
      [["--domain", "faces", "--minutes", "1", "--resume", "--seed", "2"], 2, /--resume without --seed/],
      [
        ["--domain", "faces", "--minutes", "1", "--resume"],
        1,
        /expected a checkpoint at runs.faces.*, got nothing there\n/,
      ],
    ];
    for (const [args, status, message] of calls) {
      const result = zippynet(...args);
      assert.match(result.stderr, message);
      assert.equal(result.status, status, args.join(" "));
    }
  });

  it("does not write over an earlier run", () => {
    mkdirSync(join(folder, "runs", "earlier"), { recursive: true });
    const checkpoint = join(folder, "runs", "earlier", "checkpoint.safetensors");
    writeFileSync(checkpoint, "hours of work");
    for (const budget of ["--minutes=1", "--samples=0"]) {
      const { status, stderr } = zippynet("--domain", "earlier", budget, IMAGES);
      assert.match(
        stderr,
        /got the checkpoint runs.earlier.checkpoint\.safetensors: --resume .* --runs .* delete/,
      );
      assert.equal(status, 1);
    }
    assert.equal(readFileSync(checkpoint, "utf8"), "hours of work");
  });

  it("refuses a number that another model has, before it looks at images", () => {
    const faces = JSON.parse(readFileSync(MANIFEST, "utf8")) as object;
    mkdirSync(join(folder, "models", "taken"), { recursive: true });
    const manifest = { ...faces, name: "taken", number: 192 };
    writeFileSync(join(folder, "models", "taken", "manifest.json"), JSON.stringify(manifest));
    const { status, stderr } = zippynet("--domain", "new", "--number", "192", "--minutes", "1", "nowhere");
    assert.match(stderr, /--number: expected a number of its own, got 192 as in .*models.taken/);
    assert.equal(status, 1);
  });

  it("trains, shows how far it is, exports; exports again from the checkpoint, and goes on from it", {
    skip: withoutBinding,
  }, () => {
    writeTiny();
    const all = ["--domain", "made", "--number", "201"];
    const more = ["--architecture", "tiny.json", "--samples", "1", "--holdout", "30%", "--terms", "free"];
    const trained = zippynet(IMAGES, ...all, ...more);
    assert.equal(trained.status, 0, trained.stderr);
    assert.match(trained.stderr, /images: 6 to train on, 3 held out\n/);
    assert.match(trained.stderr, /held out, images, 42×42, quality {2}10: [\d.]+ bytes, [\d.]+ dB/);
    assert.match(trained.stderr, /model 201 \(made\) is in .*models.made/);
    const again = zippynet(...all, "--export-only", "--out", "again");
    assert.equal(again.status, 0, again.stderr);
    const manifests = ["models/made", "again"].map((path) =>
      readFileSync(join(folder, path, "manifest.json")),
    );
    assert.deepEqual(manifests[0], manifests[1]);
    const card = readFileSync(join(folder, "again", "README.md"), "utf8");
    assert.match(card, /zippynet train --recipe recipe\.json/);
    assert.match(
      again.stderr,
      /is in again; other commands find it with ZIPPYNET_MODELS=.*zippynet-command-/,
    );
    assert.doesNotMatch(trained.stderr, /ZIPPYNET_MODELS/); // there it is found
    assert.match(card, /from noise; nobody has stated its terms:/);
    assert.match(card, /\| images \| 42×42 \| 10 \| [\d.]+ \| [\d.]+ dB \|/);
    assert.match(card, /orientations \| 2:/);
    assert.match(card, /`images` \| `[0-9a-f]{16}…` \| {2}\| those of the data/);
    const resumed = zippynet(...all, "--resume", "--samples", "200", "--lr", "5e-4", "--out", "again");
    assert.equal(resumed.status, 0, resumed.stderr);
    assert.match(readFileSync(join(folder, "again", "README.md"), "utf8"), /\| 0\.0005, held for 40 %/);
    const enough = zippynet(...all, "--resume", "--samples", "1", "--out", "again");
    assert.equal(enough.status, 0, enough.stderr);
    assert.match(enough.stderr, /the run already had \d+ samples: to go on, ask for more\n/);
    const anew = zippynet(IMAGES, ...all, "--architecture", "tiny.json", "--samples", "0");
    assert.equal(anew.status, 1, anew.stderr);
    assert.match(anew.stderr, /expected no earlier run in runs.made/);
  });

  it("exports, and goes on with, the engine that the run had", async () => {
    const fixed = { folders: [IMAGES], architecture: TINY, seed: 1, heldOut: 0, rate: 1e-3 };
    const plan: RunPlan = { ...fixed, engine: "torch", sampling: { cut: "aligned" } };
    const path = join(folder, "runs", "torch", "checkpoint.safetensors");
    await writeCheckpoint(path, { plan, ...startOf(initialise(TINY, 1), plan) });
    const exported = zippynet("--domain", "torch", "--number", "230", "--export-only");
    assert.equal(exported.status, 0, exported.stderr);
    const file = (name: string) => readFileSync(join(folder, "models", "torch", name), "utf8");
    assert.equal(parseRecipe(file("recipe.json")).stages[0]!.engine, "torch");
    assert.match(file("README.md"), /\| torch \|\n/);
    env["ZIPPYNET_PYTHON"] = "/nowhere/python";
    const resume = ["--domain", "torch", "--resume", "--samples", "1", "--processes", "2"];
    assert.match(zippynet(...resume).stderr, /--engine torch needs Python/);
    assert.match(zippynet(...resume, "--engine", "tfjs").stderr, /expected --processes with --engine torch/);
  });

  it("starts from a model by its name, and says at once where there is none", {
    skip: withoutBinding,
  }, () => {
    const start = (name: string) =>
      zippynet(IMAGES, "--domain", "started", "--init", name, "--samples", "0", "--out", "other/started");
    const wrong = start("mad");
    assert.equal(wrong.status, 1);
    assert.match(wrong.stderr, /^zippynet: --init: expected .* at mad, got nothing there\n$/);
    const right = start("made"); // the model that was trained above
    assert.equal(right.status, 0, right.stderr);
    const { init, architecture } = parseRecipe(
      readFileSync(join(folder, "other/started/recipe.json"), "utf8"),
    );
    assert.deepEqual([init, architecture], ["made", TINY]);
  });

  it("stopped, it leaves a checkpoint, says so, and ends with exit code 1: there is no model", {
    skip: withoutBinding,
  }, async () => {
    writeTiny();
    const args = [
      "--domain",
      "stopped",
      "--architecture",
      "tiny.json",
      "--samples",
      "1000000",
      "--holdout",
      "0",
    ];
    const child = spawn(process.execPath, [MAIN, "train", IMAGES, ...args], { cwd: folder, env });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      if (!said.includes("to train on") && text.includes("to train on")) child.kill("SIGINT");
      said += text;
    });
    const [code] = (await once(child, "close")) as [number | null];
    assert.equal(code, 1, said);
    assert.match(
      said,
      /images: 9 to train on, 0 held out; to see rate and PSNR, hold out more: --holdout 10%\n/,
    );
    assert.match(said, /stopped; what was learnt is in runs.stopped\n$/);
    assert.ok(existsSync(join(folder, "runs", "stopped", "checkpoint.safetensors")));
    assert.ok(!existsSync(join(folder, "models", "stopped")));
  });

  it("exports what --init holds as often as asked: a log of its own, the model's number, other files stay", {
    skip: withoutBinding,
  }, () => {
    writeTiny();
    const all = ["--domain", "kept", "--architecture", "tiny.json", "--samples", "0"];
    const kept = join(folder, "models", "kept");
    for (let time = 1; time <= 2; time++) {
      const { status, stderr } = zippynet(IMAGES, ...all);
      assert.equal(status, 0, stderr);
      const log = readFileSync(join(folder, "runs", "kept", "log.jsonl"), "utf8");
      assert.equal(log.trim().split("\n").length, 1);
      assert.match(readFileSync(join(kept, "manifest.json"), "utf8"), /"number": 193/); // 192 is taken
      assert.match(readFileSync(join(kept, "README.md"), "utf8"), /None was held out/);
      if (time === 1) writeFileSync(join(kept, "failures.png"), "made by hand");
    }
    assert.equal(readFileSync(join(kept, "failures.png"), "utf8"), "made by hand");
  });
});
