import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { bytesAt, type Point } from "../../src/evaluate/measure/curve.ts";

const curve = (...points: [psnr: number, bytes: number][]): Point[] =>
  points.map(([psnr, bytes], quality) => ({ quality, psnr, bytes }));
const near = (found: number | undefined, expected: number): void =>
  assert.ok(Math.abs(found! / expected - 1) < 1e-12, `expected ${expected}, got ${found}`);

suite("bytesAt", () => {
  test("is exact at the points", () => {
    const points = curve([25, 100], [27, 141], [30, 260], [31, 300]);
    for (const { psnr, bytes } of points) near(bytesAt(points, psnr), bytes);
  });

  test("is exact where the logarithm of bytes is linear", () => {
    const points = curve(...[24, 26, 27, 31].map((db): [number, number] => [db, 2 ** (db / 3)]));
    for (const db of [24.5, 26.3, 28.5, 30.99]) near(bytesAt(points, db), 2 ** (db / 3));
  });

  test("follows a smooth curve closely", () => {
    const law = (db: number): number => 40 + Math.exp(db / 5);
    const points = curve(...[24, 25, 26, 27, 28, 29, 30, 31].map((db): [number, number] => [db, law(db)]));
    for (const db of [26.5, 27.3, 28.5, 29.9]) {
      assert.ok(Math.abs(bytesAt(points, db)! / law(db) - 1) < 2e-4);
    }
  });

  test("knows nothing outside its points", () => {
    const points = curve([25, 100], [30, 200]);
    assert.equal(bytesAt(points, 24.99), undefined);
    assert.equal(bytesAt(points, 30.01), undefined);
    assert.equal(bytesAt([], 27), undefined);
    assert.equal(bytesAt(curve([25, 100]), 25), 100);
  });

  test("passes by a point that a better one undercuts", () => {
    const points = curve([25, 100], [26, 150], [27, 140], [28, 180]);
    assert.equal(
      bytesAt(points, 26.5),
      bytesAt(
        points.filter(({ psnr }) => psnr !== 26),
        26.5,
      ),
    );
  });

  test("between two points lies between their bytes, and rises", () => {
    const steps = fc.array(
      fc.tuple(fc.double({ min: 0.1, max: 3, noNaN: true }), fc.integer({ min: 1, max: 200 })),
      {
        minLength: 1,
        maxLength: 9,
      },
    );
    fc.assert(
      fc.property(steps, fc.double({ min: 0, max: 1, noNaN: true }), (increments, at) => {
        const points = curve([20, 50]);
        for (const [db, bytes] of increments) {
          const last = points.at(-1)!;
          points.push({ quality: points.length, psnr: last.psnr + db, bytes: last.bytes + bytes });
        }
        const db = 20 + at * (points.at(-1)!.psnr - 20) * 0.999;
        const found = bytesAt(points, db)!;
        const right = points.findIndex(({ psnr }) => psnr >= db);
        const slack = 1 + 1e-9;
        assert.ok(found <= points[right]!.bytes * slack);
        assert.ok(found * slack >= points[Math.max(0, right - 1)]!.bytes);
        assert.ok(found <= bytesAt(points, Math.min(db + 0.01, points.at(-1)!.psnr))! * slack);
      }),
    );
  });
});
