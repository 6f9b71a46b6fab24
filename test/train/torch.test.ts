import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { latentSize } from "../../src/codec/network/architecture.ts";
import { readSafetensors, writeSafetensors } from "../../src/model/safetensors.ts";
import {
  type Checkpoint,
  checkpointPath,
  readCheckpoint,
  readCheckpointIfThere,
  startOf,
  writeCheckpoint,
} from "../../src/train/checkpoint.ts";
import { batchOf, centred } from "../../src/train/data/batch.ts";
import { evenly, loadImages } from "../../src/train/data/images.ts";
import { writePacks } from "../../src/train/data/pack.ts";
import { Random } from "../../src/train/data/random.ts";
import { openEngine } from "../../src/train/engine.ts";
import { initialise, layoutOf } from "../../src/train/network/parameters.ts";
import type { RunPlan } from "../../src/train/plan.ts";
import * as trainer from "../../src/train/python.ts";
import { findPython, TORCH_FOLDER } from "../../src/train/python.ts";
import type { RunOptions } from "../../src/train/run.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { modelFolder } from "../codec/support.ts";
import { IMAGES, TINY, withoutBinding } from "./support.ts";

/** Why tests of both engines are skipped, or false. */
const python = await findPython().catch((error: Error) => error);
const withoutTorch = python instanceof Error ? python.message : false;
const skip = withoutTorch || withoutBinding;

process.env["OMP_NUM_THREADS"] ??= "1"; // threads of networks as small as these mostly wait for each other

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

const PLAN: RunPlan = {
  folders: [IMAGES],
  architecture: TINY,
  seed: 1,
  sampling: {
    cut: "aligned",
    whole: 0.5,
    shares: [1],
    middle: 0.3,
    colour: 0.05,
    grey: 0.1,
    sizes: [
      [42, 2],
      [48, 1],
    ],
  },
  heldOut: 0.3,
  rate: 2e-3,
};

describe("both engines", { skip }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "zippynet-torch-"));
  after(() => rm(folder, { recursive: true }));
  const images = await loadImages(PLAN.folders, { heldOutShare: PLAN.heldOut, side: 128 });
  const options = (name: string, more: Partial<RunOptions> = {}): RunOptions => ({
    plan: PLAN,
    images,
    folder: join(folder, name),
    budget: { samples: 200 },
    from: initialise(TINY, 1),
    checkpointMinutes: 1,
    evaluateMinutes: 60,
    ...more,
  });

  /** Loss and gradient by both engines of the same weights, images, levels and noise. */
  const compare = async (plan: RunPlan, parameters: Float32Array, size: number) => {
    const pictures = images.train
      .flat()
      .slice(0, 4)
      .map((image) => centred(image, size));
    const levels = Float32Array.of(-0.2, 0.1, 0.55, 1);
    const batch = batchOf(pictures, levels);
    const { rows, columns } = latentSize(size, size);
    const random = new Random(9);
    const noise = new Float32Array(4 * rows * columns * TINY.latentChannels).map(
      () => random.uniform() - 0.5,
    );
    const start = startOf(parameters, plan);
    const trainer = new Trainer(TINY, start.optimiser, plan);
    const ours = trainer.gradient(batch, noise);
    trainer.dispose();
    const path = join(folder, "compare.safetensors");
    await writeCheckpoint(path, { plan, ...start });
    const data = new Uint8Array(pictures.flatMap((image) => [...image.data]));
    const given = join(folder, "batch.safetensors");
    await writeFile(
      given,
      writeSafetensors(
        new Map([
          ["images", { dtype: "U8", shape: [4, size, size, 3], data }],
          ["levels", { dtype: "F32", shape: [4], data: levels }],
          ["noise", { dtype: "F32", shape: [4, rows, columns, TINY.latentChannels], data: noise }],
        ] as const),
      ),
    );
    const out = join(folder, "gradient.safetensors");
    runPython(["-m", "zippynet_torch.gradient", path, given, out]);
    const theirs = readSafetensors(await readFile(out));
    return {
      ours,
      loss: theirs.get("loss")!.data[0]!,
      gradient: theirs.get("gradient")!.data as Float32Array,
    };
  };

  it("find the same loss and gradients, to a thousandth", async () => {
    const spread = new Random(11);
    const start = initialise(TINY, 3);
    const wide = start.map((value) => value * 1.2 + 0.05 * spread.normal());
    for (const [plan, parameters, size] of [
      [PLAN, start, 42],
      [PLAN, wide, 48],
      [{ ...PLAN, bits: "rounded" }, start, 48],
      [{ ...PLAN, only: "prior" }, start, 42],
    ] as const) {
      const { ours, loss, gradient } = await compare(plan, parameters, size);
      assert.ok(Math.abs(loss / ours.loss - 1) < 1e-3, `loss: ${ours.loss} and ${loss}`);
      let at = 0;
      for (const { name, size: length } of layoutOf(TINY).slots) {
        const [a, b] = [ours.gradient, gradient].map((all) => all.subarray(at, at + length));
        const distance = norm(a!.map((value, i) => value - b![i]!));
        const scale = Math.max(norm(a!), 1e-4 * norm(ours.gradient));
        assert.ok(distance <= 1e-3 * scale, `${name}: ${distance} apart, of ${norm(a!)}`);
        at += length;
      }
    }
  });

  it("go on from each other's checkpoints", async () => {
    const [tfjs, torch] = [await openEngine("tfjs"), await openEngine("torch")];
    const [first, second] = [await tfjs(options("there")), await torch(options("back"))];
    for (const [from, engine, name] of [
      [first, torch, "there"],
      [second, tfjs, "back"],
    ] as const) {
      const last = await engine(options(name, { from, budget: { samples: 400 } }));
      assert.ok(last.finished && last.progress.samples >= 400 && last.optimiser.step > from.optimiser.step);
      const read: Checkpoint = await readCheckpoint(checkpointPath(join(folder, name)));
      assert.deepEqual(read.plan, PLAN);
      assert.deepEqual(read.optimiser.average, last.optimiser.average);
      const log = (await readFile(join(folder, name, "log.jsonl"), "utf8")).trim().split("\n");
      const points = log.map((line) => JSON.parse(line) as { heldOut?: { bytes: number }[] });
      const seen = points.filter(({ heldOut }) => heldOut && heldOut.length > 0);
      assert.ok(seen.length >= 2 && seen.at(-1)!.heldOut!.length === seen[0]!.heldOut!.length);
    }
  });
});

describe("PyTorch", { skip: withoutTorch }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "zippynet-torch-"));
  after(() => rm(folder, { recursive: true }));
  const images = await loadImages(PLAN.folders, { heldOutShare: PLAN.heldOut, side: 128 });
  const options = (name: string, processes = 1): RunOptions => ({
    plan: PLAN,
    images,
    folder: join(folder, `${name}-${processes}`),
    budget: { samples: 150 },
    from: initialise(TINY, 1),
    checkpointMinutes: 1,
    evaluateMinutes: 60,
  });

  it("trains in two processes, which end with the same weights", async () => {
    const two = await (await openEngine("torch", 2))(options("two", 2));
    assert.ok(two.finished);
    const { step } = two.optimiser;
    assert.ok(two.progress.samples >= 150 && step * 2 * 25 <= two.progress.samples + 64, `${step} steps`);
    assert.ok(two.optimiser.parameters.every(Number.isFinite));
  });

  it("trains in two processes for a time, too, at one learning rate for both", async () => {
    const two = await (await openEngine("torch", 2))({ ...options("timed", 2), budget: { minutes: 0.05 } });
    assert.ok(two.finished); // it throws where the processes do not have the same weights
    assert.ok(two.optimiser.step > 1 && two.progress.seconds > 2, `${two.optimiser.step} steps`);
  });

  it("ends on time in two processes whose clocks differ, after as many steps in both", async () => {
    const run = options("clocks", 2);
    const path = checkpointPath(run.folder);
    await writeCheckpoint(path, { plan: PLAN, ...startOf(run.from, PLAN) });
    const script = `
import os, sys, time
clock = time.perf_counter
if os.environ["RANK"] == "0":
    time.perf_counter = lambda: clock() / 2
from zippynet_torch.train import main
main(sys.argv[1:])`;
    const [pack] = await writePacks(join(folder, "clocks"), images, PLAN);
    await trainer.runPython(
      python as string,
      ["-c", script, run.folder, "--data", pack!, "--minutes", "0.02"],
      { processes: 2, onLine: () => undefined },
    );
    const { progress, optimiser } = await readCheckpoint(path);
    assert.ok(optimiser.step > 0 && progress.seconds >= 1.2, `${progress.seconds} s`);
  });

  it("stops at Ctrl-C in two processes, of which none is left, and goes on from there", async () => {
    const tiny = join(folder, "tiny.json");
    const faces = JSON.parse(await readFile(join(modelFolder("faces"), "manifest.json"), "utf8")) as object;
    await writeFile(tiny, JSON.stringify({ ...faces, architecture: TINY }));
    const env = { ...process.env, ZIPPYNET_MODELS: join(folder, "models") };
    const train = (...args: string[]) => {
      const all = [MAIN, "train", ...args, "--domain", "both", "--processes", "2"];
      const child = spawn(process.execPath, all, { cwd: folder, env, detached: true });
      const ended = once(child, "close") as Promise<[code: number | null]>;
      const said = text(child.stderr);
      return { pid: child.pid!, said, code: async () => (await ended)[0] };
    };
    const first = train(
      ...[IMAGES, "--engine", "torch", "--architecture", tiny, "--holdout", "0"],
      ...["--samples", "1000000000", "--checkpoint-minutes", "0.0001"],
    );
    const path = checkpointPath(join(folder, "runs", "both"));
    const step = async () => (await readCheckpointIfThere(path))?.optimiser.step ?? 0;
    while ((await step()) === 0) await sleep(100);
    process.kill(-first.pid, "SIGINT"); // as a terminal sends it: to all that are not in sessions of their own
    assert.equal(await first.code(), 1);
    assert.match(await first.said, /stopped; what was learnt is in runs.both\n$/);
    assert.doesNotMatch(await first.said, /Traceback/);
    assert.doesNotMatch(
      spawnSync("ps", ["-eo", "args"], { encoding: "utf8" }).stdout ?? "",
      /runs.both.packs/,
    );
    const stopped = await readCheckpoint(path);
    const last = train("--resume", "--samples", `${stopped.progress.samples + 1}`);
    assert.equal(await last.code(), 0, await last.said);
    assert.ok((await step()) > stopped.optimiser.step);
  });

  it("packs aligned images as squares, and cuts others into squares that cover them", async () => {
    const sets = { ...images, train: [images.train.flat(), images.train.flat()], heldOut: [[], []] };
    const plan = { folders: ["a", "b"], sampling: { cut: ["aligned", "patches"] as const } };
    const paths = await writePacks(join(folder, "packs"), sets, plan, 48);
    const shapes = await Promise.all(
      paths.map(async (path) => readSafetensors(await readFile(path)).get("train")!.shape),
    );
    const whole = sets.train[0]!.filter(({ width, height }) => Math.min(width, height) >= 36).length;
    assert.deepEqual(shapes[0], [whole, 48, 48, 3]);
    assert.ok(shapes[1]![0]! > 2 * whole, `${shapes[1]}`);
  });

  it("measures the error that repeats with the latents, and no other", () => {
    const script = `
import torch
from zippynet_torch.look.train import grid
torch.manual_seed(0)
noise, flat = torch.randn(400, 3, 64, 64), torch.ones(1, 3, 64, 64)
pattern = torch.randn(1, 3, 8, 8).repeat(1, 1, 8, 8)
still = pattern - pattern.mean((2, 3), keepdim=True)
print(*(float(grid(error).mean()) for error in (noise, flat, pattern, noise + pattern, pattern[..., :42, :43])))
print(float(still.square().mean()))`;
    const [found, expected] = runPython(["-c", script]).split("\n");
    const [noise, flat, pattern, both, odd] = found!.split(" ").map(Number);
    const share = 1 / 64; // what is left of noise in the mean of as many latents
    assert.ok(Math.abs(noise! / share - 1) < 0.05 && flat === 0, found);
    for (const value of [pattern, both! - share, odd])
      assert.ok(Math.abs(value! / Number(expected) - 1) < 0.01, found);
  });

  it("goes back from a look towards the one that it began with by the share that is kept", () => {
    const script = `
from types import SimpleNamespace
import torch
from zippynet_torch.look.train import Look
look = SimpleNamespace(average={"g_s.a": torch.tensor([0.0, 1.0])})
Look.keep(look, 0.25, {"g_s.a": torch.tensor([4.0, 1.0])})
print(look.average["g_s.a"].tolist())`;
    assert.deepEqual(JSON.parse(runPython(["-c", script])), [1, 1]);
  });

  it("trains looks by a pooling that keeps a level, and whose gradient reaches every place", () => {
    const script = `
import torch
from zippynet_torch.look.lpips import root_mean_square
h = torch.full((1, 1, 4, 6), 3.0, requires_grad=True)
pooled = root_mean_square(h)
pooled.sum().backward()
print([list(pooled.shape), bool((pooled - 3).abs().max() < 1e-6), bool((h.grad > 0).all())])`;
    assert.equal(runPython(["-c", script]).trim(), "[[1, 1, 2, 3], True, True]");
  });

  it("thins out images as the other engine does", () => {
    const script = `
import torch
from zippynet_torch.data import evenly
print([evenly(torch.arange(10), most).tolist() for most in (2, 7, 10, 48)])`;
    const ten = Array.from({ length: 10 }, (_, i) => i);
    assert.deepEqual(
      JSON.parse(runPython(["-c", script])),
      [2, 7, 10, 48].map((most) => evenly(ten, most)),
    );
  });

  it("finds the bases on a GPU that a QR decomposition finds, and keeps an old one where it cannot", () => {
    const script = `
import torch
from zippynet_torch.soap import orthonormal_by_cholesky
torch.manual_seed(0)
for side in (4, 48, 256):
    a = torch.randn(3, side, side)
    products, old = a @ a.mT + side * torch.eye(side), torch.linalg.qr(torch.randn(3, side, side)).Q
    products[0] *= 1e-12
    broken = torch.full((1, side, side), torch.nan)
    q, kept = orthonormal_by_cholesky([(products @ old, old), (broken, old[:1])])
    apart = (q.mT @ q - torch.eye(side)).abs().max()
    turned = (q.mT @ torch.linalg.qr(products @ old).Q).abs() - torch.eye(side)
    print(float(apart), float(turned.abs().max()), bool(torch.equal(kept, old[:1])))`;
    for (const line of runPython(["-c", script]).trim().split("\n")) {
      const [apart, turned, kept] = line.split(" ");
      assert.ok(Number(apart) < 1e-5 && Number(turned) < 0.01 && kept === "True", line);
    }
  });

  it("trains in a burst from one archive, and goes on from what that leaves", async () => {
    const torch = await openEngine("torch");
    const run = options("burst");
    const first = await torch(run);
    const [archive, out] = [join(folder, "burst.tar"), join(folder, "burst-out")];
    const burst = (...args: string[]) =>
      execFileSync("bash", [join(TORCH_FOLDER, "burst.sh"), ...args], {
        env: { PATH: process.env["PATH"], PYTHON: python as string },
        stdio: "pipe",
      });
    burst("pack", run.folder, "64", archive);
    assert.ok(statSync(archive).size < 3e7);
    burst("train", archive, "0.02", out, "--batch", "8", "--lr", "1e-3");
    const after = await readCheckpoint(checkpointPath(out));
    assert.ok(after.optimiser.step > 0 && after.progress.seconds >= 1.2);
    const { sampling, rate, engine } = after.plan;
    assert.deepEqual([sampling.batch, rate, engine], [8, 1e-3, "torch"]);
    const moved = norm(after.optimiser.average.map((value, i) => value - first.optimiser.average[i]!));
    assert.ok(moved > 0 && moved < 0.2 * norm(first.optimiser.average), `${moved}`);
    const last = await torch({
      ...run,
      from: { ...after, plan: PLAN },
      budget: { samples: after.progress.samples + 50 },
    });
    assert.ok(last.finished && last.optimiser.step > after.optimiser.step);
    assert.throws(() => burst("train", archive), /burst\.sh train ARCHIVE MINUTES OUT/);
    burst("pack", run.folder, "64", archive, "--webp", "90", "--most", "8");
    assert.ok(statSync(archive).size < 8e6);
    burst("train", archive, "0.02", join(folder, "burst-webp"), "--batch", "8");
    const lossy = await readCheckpoint(checkpointPath(join(folder, "burst-webp")));
    assert.ok(lossy.optimiser.step > 0);
  });

  it("says what it needs where Python has no PyTorch", async () => {
    const before = process.env["ZIPPYNET_PYTHON"];
    process.env["ZIPPYNET_PYTHON"] = "/nowhere/python";
    try {
      await assert.rejects(findPython(), /--engine torch needs Python 3\.10 .*pip install -r .*nowhere/);
    } finally {
      if (before === undefined) delete process.env["ZIPPYNET_PYTHON"];
      else process.env["ZIPPYNET_PYTHON"] = before;
    }
  });
});

function runPython(args: readonly string[]): string {
  const env = { ...process.env, PYTHONPATH: TORCH_FOLDER };
  return execFileSync(python as string, args, { env, stdio: "pipe", encoding: "utf8" });
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}
