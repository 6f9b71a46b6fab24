import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesAt } from "../../src/evaluate/measure/curve.ts";
import { hereRunner, ownCurve } from "../../src/evaluate/measure/own.ts";
import { openModels } from "../../src/model/folder.ts";
import { faces, madePicture, photographs } from "../codec/support.ts";

test("a picture that is stored without loss leaves the curve finite", async () => {
  const squares = madePicture(32, 32, 4);
  const [face] = await photographs(32);
  const runner = hereRunner(await openModels(), [await faces()]);
  const settings = { effort: 0, classical: true };
  const points = await ownCurve({ runner, settings }, [squares, face!], [30, 60]);
  for (const { psnr, leastPsnr, kinds } of points) {
    assert.equal(kinds.vp8l, 1, "expected black and white squares to be stored without loss");
    assert.ok(
      leastPsnr < psnr && psnr < 60,
      `got a mean of ${psnr} dB over ${leastPsnr} and one without loss`,
    );
  }
  const between = (points[0]!.psnr + points[1]!.psnr) / 2;
  assert.ok(bytesAt(points, between)! > points[0]!.bytes);
});
