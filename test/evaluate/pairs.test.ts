/** The blind test of looks: what the answers say of a pair is what the sheet shows. */
import assert from "node:assert/strict";
import { test } from "node:test";
import sharp from "sharp";
import { pairsOf } from "../../src/evaluate/looks/pairs.ts";

const SIDE = 16;
const RED = [200, 30, 30];

test("the sheet of a pair shows the natural look on the side that the answers name", async () => {
  const all = Array.from({ length: 50 }, (_, i) => ({
    name: `picture ${i}`,
    original: solid([0, 0, 0]),
    bytes: i,
    faithful: solid([30, 30, 200]),
    natural: solid(RED),
  }));
  const { sheets, answers } = await pairsOf(all, 25);
  assert.equal(sheets.length, 3);
  assert.deepEqual(
    answers.map(({ pair }) => pair),
    Array.from({ length: 25 }, (_, i) => i + 1),
  );
  assert.deepEqual(
    answers.map(({ bytes }) => bytes).sort((a, b) => a - b),
    Array.from({ length: 25 }, (_, i) => 2 * i),
  );
  for (const side of ["left", "right"]) assert.ok(answers.some(({ natural }) => natural === side));
  for (const [i, png] of sheets.entries()) {
    assert.deepEqual(
      await sidesOfRed(png),
      answers.slice(10 * i, 10 * i + 10).map(({ natural }) => natural),
    );
  }
});

/** Of each pair of a sheet, in reading order: which of its two pictures is red. */
async function sidesOfRed(png: Buffer): Promise<string[]> {
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3).subarray(0, 3)].join();
  const sides: string[] = [];
  for (let y = 0; y < info.height; y++) {
    for (let x = 1; x < info.width; x++) {
      const corner = [at(x - 1, y), at(x, y - 1 < 0 ? y : y - 1)].every((colour) => colour === "255,255,255");
      const colour = at(x, y);
      if (!corner || (colour !== RED.join() && colour !== "30,30,200")) continue;
      sides.push(colour === RED.join() ? "red" : "blue");
    }
  }
  const pairs: string[] = [];
  for (let i = 0; i < sides.length; i += 2) {
    assert.notEqual(sides[i], sides[i + 1]);
    pairs.push(sides[i] === "red" ? "left" : "right");
  }
  return pairs;
}

function solid(colour: readonly number[]) {
  const data = new Uint8Array(SIDE * SIDE * 3);
  for (let i = 0; i < data.length; i++) data[i] = colour[i % 3]!;
  return { width: SIDE, height: SIDE, data };
}
