import assert from "node:assert/strict";
import { test } from "node:test";
import { positionFeatures } from "../../src/codec/entropy/context-model.ts";
import { POSITION_FEATURES } from "../../src/codec/network/prior.ts";

const at = (features: Int8Array, columns: number, row: number, column: number) =>
  Array.from(features.subarray((row * columns + column) * POSITION_FEATURES).subarray(0, POSITION_FEATURES));

test("features lie within ±16 and near the functions they stand for, for every grid", () => {
  for (const [rows, columns] of [
    [2, 2],
    [3, 5],
    [6, 6],
    [7, 128],
    [128, 1],
    [128, 128],
  ] as const) {
    const features = positionFeatures(rows, columns);
    assert.equal(features.length, rows * columns * POSITION_FEATURES);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const Y = rows > 1 ? (2 * row) / (rows - 1) - 1 : 0;
        const X = columns > 1 ? (2 * column) / (columns - 1) - 1 : 0;
        const meant = [Y, X, X * Y, X * X, Y * Y];
        for (let k = 1; k <= 3; k++) {
          meant.push(
            Math.cos(Math.PI * k * Y),
            Math.cos(Math.PI * k * X),
            Math.sin(Math.PI * k * Y),
            Math.sin(Math.PI * k * X),
          );
        }
        at(features, columns, row, column).forEach((value, f) => {
          assert.ok(value >= -16 && value <= 16);
          // 1/64 of rounding in the coordinate, times 3π for the steepest, and 1/32 of its own
          const slack = 0.5 + (f < 5 ? 0.3 : (Math.ceil((f - 4) / 4) * Math.PI * 16) / 128) + 1e-9;
          assert.ok(
            Math.abs(value - 16 * meant[f]!) <= slack,
            `${value} for ${16 * meant[f]!}, feature ${f}`,
          );
        });
      }
    }
  }
});

test("mirrored positions: even functions agree, odd ones change sign but for the rounding of halves", () => {
  for (const count of [2, 3, 6, 8, 17, 127, 128]) {
    const features = positionFeatures(count, count);
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < count; j++) {
        const here = at(features, count, i, j);
        const there = at(features, count, count - 1 - i, count - 1 - j);
        for (const even of [2, 3, 4, 5, 6, 9, 10, 13, 14]) assert.equal(here[even], there[even]);
        for (const odd of [7, 8, 11, 12, 15, 16]) assert.ok(here[odd]! + there[odd]! === 0);
        for (const odd of [0, 1]) assert.ok([0, 1].includes(here[odd]! + there[odd]!));
      }
    }
    // rows and columns are treated alike
    for (let i = 0; i < count; i++) {
      const [a, b] = [at(features, count, i, 0), at(features, count, 0, i)];
      assert.deepEqual([a[0], a[5], a[7], a[9]], [b[1], b[6], b[8], b[10]]);
    }
  }
});

test("one position alone is the middle", () => {
  assert.deepEqual([...positionFeatures(1, 1)], [0, 0, 0, 0, 0, 16, 16, 0, 0, 16, 16, 0, 0, 16, 16, 0, 0]);
});

test("literal features of a 2×3 grid", () => {
  const features = positionFeatures(2, 3);
  assert.deepEqual(
    at(features, 3, 0, 0),
    [-16, -16, 16, 16, 16, -16, -16, 0, 0, 16, 16, 0, 0, -16, -16, 0, 0],
  );
  assert.deepEqual(at(features, 3, 1, 1), [16, 0, 0, 0, 16, -16, 16, 0, 0, 16, 16, 0, 0, -16, 16, 0, 0]);
});
