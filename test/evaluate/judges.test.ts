import assert from "node:assert/strict";
import { test } from "node:test";
import sharp from "sharp";
import type { Image } from "../../src/codec/image.ts";
import { assertJudges, judged } from "../../src/evaluate/measure/judges.ts";
import { readSet } from "../../src/evaluate/measure/sets.ts";
import { findPython } from "../../src/train/python.ts";
import { IMAGES } from "../cli/run.ts";

const skip = await (async () => {
  try {
    assertJudges();
    await findPython();
    return false;
  } catch (error) {
    return (error as Error).message;
  }
})();

test("LPIPS is 0 for the same pictures, and grows as they are blurred", { skip }, async () => {
  const set = { name: "a", folder: IMAGES, size: 48, tiles: false, decibels: [] };
  const original = (await readSet(set, 3)).map(({ image }) => image);
  const decoded = new Map([
    ["same", original],
    ["soft", await Promise.all(original.map((image) => blurred(image, 0.7)))],
    ["blurred", await Promise.all(original.map((image) => blurred(image, 2)))],
  ] as const);
  const verdicts = await judged(original, decoded);
  const [same, soft, hard] = ["same", "soft", "blurred"].map((name) => verdicts.get(name as "same")!.lpips);
  assert.ok(same! < 1e-6 && soft! > 0.005 && hard! > 2 * soft! && hard! < 1, `${same}, ${soft}, ${hard}`);
});

async function blurred({ width, height, data }: Image, sigma: number): Promise<Image> {
  const raw = { width, height, channels: 3 } as const;
  return { width, height, data: new Uint8Array(await sharp(data, { raw }).blur(sigma).raw().toBuffer()) };
}
