import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { decodeImage } from "../../src/codec/decode.ts";
import { encodeImage } from "../../src/codec/encode.ts";
import type { Image } from "../../src/codec/image.ts";
import { openModels } from "../../src/model/folder.ts";
import { type Checkpoint, checkpointPath, readCheckpoint } from "../../src/train/checkpoint.ts";
import { centred } from "../../src/train/data/batch.ts";
import { loadImages } from "../../src/train/data/images.ts";
import { exportTrained } from "../../src/train/export/trained.ts";
import { initialise, layoutOf } from "../../src/train/network/parameters.ts";
import type { RunPlan } from "../../src/train/plan.ts";
import { type RunOptions, type RunReport, train } from "../../src/train/run.ts";
import { loadTfjsNode } from "../../src/train/tfjs-node.ts";
import { IMAGES, TINY, withoutBinding } from "./support.ts";

const PLAN: RunPlan = {
  folders: [IMAGES],
  architecture: TINY,
  seed: 1,
  sampling: { cut: "aligned" },
  heldOut: 0,
  rate: 1e-3,
};

describe("training run", { skip: withoutBinding }, async () => {
  const images = await loadImages(PLAN.folders, { heldOutShare: 0, side: 128 });
  const folder = await mkdtemp(join(tmpdir(), "zippynet-train-"));
  after(() => rm(folder, { recursive: true }));

  const options = (name: string, more: Partial<RunOptions> = {}): RunOptions => ({
    plan: PLAN,
    images,
    folder: join(folder, name),
    budget: { samples: 150 },
    from: initialise(TINY, 1),
    checkpointMinutes: 1e-9, // after every step
    evaluateMinutes: 1e9,
    ...more,
  });

  it("gives the same weights when it is stopped and resumed", async () => {
    await loadTfjsNode();
    const whole = await train(options("whole"));
    assert.ok(whole.finished);
    const stop = new AbortController();
    const reports: RunReport[] = [];
    const onReport = (report: RunReport) => {
      reports.push(report);
      stop.abort(); // the first report comes before the first step, which is still made
    };
    const half = await train(options("halves", { signal: stop.signal, onReport }));
    assert.ok(!half.finished && half.progress.samples > 0 && half.progress.samples < 150);
    const from: Checkpoint = await readCheckpoint(checkpointPath(join(folder, "halves")));
    assert.deepEqual(from.progress, half.progress);
    const resumed = await train(options("halves", { from }));
    assert.equal(resumed.progress.samples, whole.progress.samples);
    assert.equal(resumed.optimiser.step, whole.optimiser.step);
    assert.deepEqual(resumed.optimiser, whole.optimiser);
    const log = await readFile(join(folder, "halves", "log.jsonl"), "utf8");
    assert.equal(log.trim().split("\n").length, reports.length + 2); // and two of the resumed run
  });

  it("trains the prior alone: the same pictures, fewer bytes", async () => {
    await loadTfjsNode();
    const reports: RunReport[] = [];
    const start = initialise(TINY, 1);
    const last = await train(
      options("prior", {
        plan: { ...PLAN, only: "prior" },
        images: { ...images, heldOut: [images.train.flat().slice(0, 3)] },
        budget: { samples: 600 },
        from: start,
        checkpointMinutes: 1,
        onReport: (report) => reports.push(report),
      }),
    );
    const [before, after] = reports.flatMap(({ heldOut }) => (heldOut ? [heldOut] : []));
    after!.forEach((point, i) => {
      assert.ok(point.bytes < before![i]!.bytes, `${point.bytes} ${before![i]!.bytes}`);
    });
    const [{ slots }] = layoutOf(TINY).parts;
    const transforms = slots.reduce((sum, { size }) => sum + size, 0);
    assert.deepEqual(last.optimiser.parameters.slice(0, transforms), start.slice(0, transforms));
  });

  it("trains in seconds a model that its export, loaded afresh, encodes and decodes with", async () => {
    await loadTfjsNode();
    const reports: RunReport[] = [];
    const last = await train(
      options("tiny", {
        images: { ...images, heldOut: [images.train.flat().slice(0, 3)] },
        plan: { ...PLAN, rate: 4e-3 },
        budget: { samples: 2500 },
        checkpointMinutes: 1,
        onReport: (report) => reports.push(report),
      }),
    );
    const curve = reports.flatMap(({ heldOut }) => (heldOut ? [heldOut] : []));
    assert.equal(curve.length, 2);
    for (const { psnr, bytes } of curve.at(-1)!) assert.ok(psnr > 10 && bytes > 1 && bytes < 5000);
    const best = (points: (typeof curve)[number]) => Math.max(...points.map(({ psnr }) => psnr));
    assert.ok(best(curve[1]!) > best(curve[0]!) + 2, `${best(curve[0]!)} → ${best(curve[1]!)} dB`);

    const models = join(folder, "models");
    await exportTrained(join(models, "tiny"), last, images.train, {
      number: 200,
      name: "tiny",
      description: "a test",
      orientations: 2,
      licence: { licence: "CC0-1.0", attribution: "", research: false },
      files: new Map([["README.md", "# tiny"]]),
    });
    const model = await (await openModels(models)).byName("tiny");
    for (const size of [42, 64]) {
      const originals = images.train
        .flat()
        .slice(0, 3)
        .map((image) => centred(image, size));
      const encoded = originals.map((image) => encodeImage(model, image, 70));
      const decoded = encoded.map(({ file }) => decodeImage(model, file));
      const { psnr, bytes } = curve.at(-1)!.find((point) => point.size === size && point.quality === 70)!;
      const real = {
        psnr: mean(decoded.map((image, i) => psnrOf(image, originals[i]!))),
        bytes: mean(encoded.map(({ file }) => file.length)),
      };
      assert.ok(Math.abs(real.psnr - psnr) < 0.5, `${size}: expected ${psnr} dB, got ${real.psnr}`);
      // the container comes on top; counted tables make up for scales that are hardly trained yet
      assert.ok(
        real.bytes > 4 && real.bytes < 1.05 * bytes + 10,
        `${size}: expected ${bytes} bytes, got ${real.bytes}`,
      );
    }
  });
});

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

function psnrOf(a: Image, b: Image): number {
  const error = mean(Array.from(a.data, (value, i) => (value - b.data[i]!) ** 2));
  return 10 * Math.log10(255 ** 2 / Math.max(error, 1e-6));
}
