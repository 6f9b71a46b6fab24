import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { Image } from "../../src/codec/image.ts";
import type { Batch } from "../../src/train/data/batch.ts";
import { writePacks } from "../../src/train/data/pack.ts";
import { evaluateHeldOut } from "../../src/train/holdout.ts";
import { findPython, TORCH_FOLDER } from "../../src/train/python.ts";
import type { Trainer } from "../../src/train/trainer.ts";

const python = await findPython().catch((error: Error) => error);
const withoutTorch = python instanceof Error ? python.message : false;

const SIDE = 64;
/** What each decoded picture is off by, in levels, before it is rounded to 8 bits. */
const OFFSETS = [0, 0.3, 0.7, -2.4, 5.6, 80];
const PICTURES: readonly Image[] = OFFSETS.map((_, i) => ({
  width: SIDE,
  height: SIDE,
  data: Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, at) => 70 + ((at * 7 + i) % 180)),
}));
const PLAN = { folders: ["made"], sampling: { cut: "aligned", sizes: [[SIDE, 1]] } } as const;

/** Mean PSNR of the rounded pictures, in decibels; where a picture is exact, one pixel counts as off by 1. */
function expected(): number {
  const decibels = PICTURES.map(({ data }, i) => {
    let error = 0;
    for (const level of data) error += (Math.min(255, Math.round(level + OFFSETS[i]!)) - level) ** 2;
    return 10 * Math.log10((255 ** 2 * data.length) / Math.max(1, error));
  });
  return decibels.reduce((a, b) => a + b, 0) / decibels.length;
}

describe("held-out PSNR is that of 8-bit pixels", async () => {
  const folder = await mkdtemp(join(tmpdir(), "zippynet-holdout-"));
  after(() => rm(folder, { recursive: true }));

  it("in Node", () => {
    const evaluate = (batches: Iterable<Batch>, use: (outcome: unknown) => void) => {
      for (const { blocks, levels } of batches) {
        const length = blocks.length / levels.length;
        const xHat = blocks.map((value, at) => value + OFFSETS[Math.floor(at / length)]! / 255);
        use({ bits: { dataSync: () => levels.map(() => 80) }, xHat: { dataSync: () => xHat } });
      }
    };
    const points = evaluateHeldOut({ evaluate } as unknown as Trainer, [PICTURES], PLAN);
    assert.equal(points.length, 4);
    for (const { psnr, bytes } of points) {
      assert.ok(Math.abs(psnr - expected()) < 1e-3, `expected ${expected()} dB, got ${psnr}`);
      assert.equal(bytes, 10);
    }
  });

  it("in PyTorch", { skip: withoutTorch }, async () => {
    const images = { train: [PICTURES], heldOut: [PICTURES] };
    const counts = { train: PICTURES.length, heldOut: PICTURES.length };
    const [pack] = await writePacks(folder, { ...images, counts, tooSmall: 0 }, PLAN);
    const script = `
import json, sys
from types import SimpleNamespace as Made
import torch
from zippynet_torch.data import read_pack
from zippynet_torch.train import Trainer
offsets = torch.tensor(json.loads(sys.argv[2]))[:, None, None, None]
run = lambda weights, x, levels, noise: Made(x_hat=x + offsets / 255, bits=torch.full((len(x),), 80.0))
made = Made(codec=Made(run=run), optimiser=Made(slots=[], average=torch.zeros(0)))
made.device, made.bfloat16 = torch.device("cpu"), False
print(json.dumps(Trainer.evaluate(made, read_pack(sys.argv[1], made.device).held_out, [${SIDE}])))`;
    const env = { ...process.env, PYTHONPATH: TORCH_FOLDER };
    const args = ["-c", script, pack!, JSON.stringify(OFFSETS)];
    const points = JSON.parse(execFileSync(python as string, args, { env, encoding: "utf8" })) as {
      psnr: number;
      bytes: number;
    }[];
    assert.equal(points.length, 4);
    for (const { psnr, bytes } of points) {
      assert.ok(Math.abs(psnr - expected()) < 1e-3, `expected ${expected()} dB, got ${psnr}`);
      assert.equal(bytes, 10);
    }
  });
});
