import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { bdRate, bytesAt, inPsnr, inSsim, type Point } from "../../src/evaluate/measure/curve.ts";

const near = (found: number | undefined, expected: number): void =>
  assert.ok(Math.abs(found! - expected) < 1e-12, `expected ${expected}, got ${found}`);

/** Points at levels in dB, of bytes by a law. */
const curve = (levels: readonly number[], law: (db: number) => number): Point[] =>
  levels.map((psnr, quality) => ({ quality, psnr, bytes: law(psnr) }));

suite("bdRate", () => {
  const smooth = (db: number): number => 40 + Math.exp(db / 5);

  test("is nothing against oneself, and a factor where curves differ by one", () => {
    const points = curve([22, 25, 27, 31], smooth);
    near(bdRate(points, points)!.rate, 0);
    const half = points.map((point) => ({ ...point, bytes: point.bytes / 2 }));
    near(bdRate(half, points)!.rate, -0.5);
    near(bdRate(points, half)!.rate, 1);
  });

  test("is the mean of a difference that grows, over the shared interval alone", () => {
    const ours = curve([20, 24, 26, 30], (db) => 2 ** (db / 4));
    const theirs = curve([23, 25, 28, 35], (db) => 3 * 2 ** (db / 3));
    const found = bdRate(ours, theirs)!;
    assert.deepEqual([found.low, found.high], [23, 30]);
    // log₂ of the ratio is linear, so its mean is its value in the middle
    near(found.rate, 2 ** (26.5 / 4 - 26.5 / 3) / 3 - 1);
  });

  test("is exact for cubics between knots that differ", () => {
    const ours = curve([22, 24, 27, 31], smooth);
    const theirs = curve([21, 25.5, 29, 33], (db) => 1.3 * smooth(db) ** 1.1);
    const found = bdRate(ours, theirs)!;
    const back = bdRate(theirs, ours)!;
    near((1 + found.rate) * (1 + back.rate), 1);
    assert.deepEqual([found.low, found.high], [back.low, back.high]);
    const worse = theirs.map((point) => ({ ...point, bytes: point.bytes * 1.1 }));
    near((1 + bdRate(ours, worse)!.rate) * 1.1, 1 + found.rate);
    // the same mean from many thin slices
    const slices = 20_000;
    let sum = 0;
    for (let i = 0; i < slices; i++) {
      const level = found.low + ((i + 0.5) / slices) * (found.high - found.low);
      sum += Math.log(bytesAt(ours, level)! / bytesAt(theirs, level)!);
    }
    assert.ok(Math.abs(Math.exp(sum / slices) - 1 - found.rate) < 1e-8);
  });

  test("in SSIM goes by its decibels", () => {
    const points = [0.8, 0.9, 0.95, 0.99].map((ssim, quality) => ({
      quality,
      psnr: 0,
      ssim,
      bytes: (1 - ssim) ** -0.5 * 100,
    }));
    const worse = points.map((point) => ({ ...point, bytes: point.bytes * 4 }));
    const found = bdRate(points, worse, inSsim)!;
    near(found.rate, -0.75);
    near(found.low, -10 * Math.log10(0.2));
    assert.equal(bdRate(points, curve([25, 27], smooth), inSsim), undefined);
  });

  test("is unknown where curves share no interval, or are no curves", () => {
    const low = curve([20, 21, 22], smooth);
    assert.equal(bdRate(low, curve([23, 25], smooth), inPsnr), undefined);
    assert.equal(bdRate(low, curve([21], smooth)), undefined);
    assert.equal(bdRate(low, []), undefined);
  });
});
