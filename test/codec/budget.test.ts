import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, test } from "node:test";
import { Budget, metered, multiplicationsOf } from "../../src/codec/budget.ts";
import { decodeImage } from "../../src/codec/decode.ts";
import { encodeImage, encodeInOneRun, ImageEncoder } from "../../src/codec/encode.ts";
import { encodeNearWith, encodeTo } from "../../src/codec/encode-to-target.ts";
import type { Image } from "../../src/codec/image.ts";
import type { Model } from "../../src/codec/model.ts";
import type { Hit, Target } from "../../src/codec/target.ts";
import { readImage } from "../../src/image/read.ts";
import { openModels } from "../../src/model/folder.ts";

let model: Model;
let image: Image;
/** Multiplications of one pass. */
let pass: number;

before(async () => {
  model = await (await openModels()).byName("faces");
  image = (await readImage(await readFile(new URL("../images/face-hat-64.png", import.meta.url)))).image;
  const budget = new Budget({});
  assert.ok(encodeInOneRun(metered(model, budget), image, 50).sse > 0); // which decodes it
  pass = budget.spent;
});

test("multiplications are those of the convolutions: positions × kernel × channels in × channels out", () => {
  const shapes = new Map([
    ["a", { name: "a", kernel: [3, 3, 12, 48] as const }],
    ["b", { name: "b", kernel: [5, 5, 48, 10] as const }],
    ["c", { name: "c", kernel: [1, 1, 10, 40] as const }],
    ["d", { name: "d", kernel: [3, 3, 10, 2] as const }],
  ]);
  const count = multiplicationsOf(shapes, { rows: 8, columns: 6, channels: 12 }, (layers, x) => {
    const a = layers.activate(layers.conv(x, "a"));
    const c = layers.up(layers.conv(a, "b", { stride: 2 }), "c");
    return layers.conv(c, "d", { parity: 1 });
  });
  assert.equal(count, 48 * 9 * 12 * 48 + 12 * 25 * 48 * 10 + 12 * 10 * 40 + 24 * 9 * 10 * 2);
});

test("counting changes no file, and what is never spent cuts nothing", () => {
  const budget = new Budget({ multiplications: 1e15 });
  const { file } = encodeImage(metered(model, budget), image, 50, 2);
  assert.deepEqual(file, encodeImage(model, image, 50, 2).file);
  assert.equal(budget.cut, false);
  assert.ok(budget.spent > 20 * pass && budget.spent < 60 * pass, `${budget.spent / pass}`);
});

test("a search ends when the budget is spent, at most one step later, with a file that decodes", () => {
  const targets: Target[] = [
    { kind: "quality", quality: 50 },
    { kind: "psnr", decibels: 45 },
    { kind: "psnr", decibels: 28 },
    { kind: "bytes", maxBytes: 200 },
  ];
  for (const target of targets) {
    for (const passes of [0, 10]) {
      const budget = new Budget({ multiplications: passes * pass });
      const { file } = near(metered(model, budget), target);
      assert.ok(budget.cut);
      assert.ok(
        budget.spent <= (passes + 7) * pass,
        `${JSON.stringify(target)}: ${budget.spent / pass} passes`,
      );
      assert.equal(decodeImage(model, file).width, 64);
    }
  }
});

test("the same budget gives the same file, and a larger one no worse a file", () => {
  const at = (passes: number) =>
    near(metered(model, new Budget({ multiplications: passes * pass })), { kind: "psnr", decibels: 28 });
  assert.deepEqual(at(40).file, at(40).file);
  assert.ok(at(40).psnr >= 28);
  assert.ok(at(70).file.length <= at(40).file.length);
});

test("past the deadline nothing but the first pass is made", () => {
  const budget = new Budget({ deadline: performance.now() - 1 });
  encodeImage(metered(model, budget), image, 50, 9);
  assert.equal(budget.spent, pass);
});

/** At the highest effort. */
function near(counted: Model, target: Target): Hit {
  if (target.kind === "quality") return encodeTo(counted, image, target, 9);
  return encodeNearWith(new ImageEncoder(counted, image), image, target, 9);
}
