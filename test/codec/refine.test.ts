import assert from "node:assert/strict";
import { before, test } from "node:test";
import { decodeImage } from "../../src/codec/decode.ts";
import { encodeImage } from "../../src/codec/encode.ts";
import type { Model } from "../../src/codec/model.ts";
import { analyse, withGain } from "../../src/codec/network/autoencoder.ts";
import { goalOf, relaxedFor, weighedBy } from "../../src/codec/rdo/objective.ts";
import { encodePicture } from "../../src/image/encode.ts";
import { faces, madePicture, photographs } from "./support.ts";

let model: Model;

before(async () => {
  model = await faces();
});

test("no effort's loss is above that of a lower one, and the search pays", async () => {
  const images = (await photographs(64)).slice(0, 2);
  for (const quality of [30, 70]) {
    const lambdas = images.map((image) => encodeImage(model, image, quality, 1).lambda);
    const losses = [0, 1, 2, 3].map((effort) => {
      const encoded = images.map((image) => encodeImage(model, image, quality, effort));
      const decoded = encoded.map(({ file }) => decodeImage(model, file));
      return encoded.map(({ estimatedBits }, i) => {
        let sse = 0;
        images[i]!.data.forEach((value, at) => {
          sse += (value - decoded[i]!.data[at]!) ** 2;
        });
        return estimatedBits + lambdas[i]! * sse;
      });
    });
    for (const [i] of images.entries()) {
      const row = losses.map((ofEffort) => ofEffort[i]!);
      row.reduce((above, below) => {
        assert.ok(below <= above + 1e-6, row.join(" "));
        return below;
      });
      assert.ok(row[2]! < 0.997 * row[1]!, `moves of symbols, quality ${quality}: ${row.join(" ")}`);
      assert.ok(row.at(-1)! < 0.99 * row[0]!, `quality ${quality}: ${row.join(" ")}`);
    }
  }
});

test("the same picture gives the same file, each time it is encoded", async () => {
  const images = (await photographs(16)).slice(0, 3);
  const wish = { target: { kind: "quality", quality: 50 }, effort: 2, classical: false } as const;
  const together = await Promise.all(images.map((image) => encodePicture([model], image, wish)));
  for (const [i, image] of images.entries()) {
    assert.deepEqual(await encodePicture([model], image, wish), together[i]);
  }
});

test("pictures too large to be searched, grey ones and those of one position are encoded as ever", () => {
  const large = madePicture(264, 256, 0);
  assert.deepEqual(encodeImage(model, large, 10, 9), encodeImage(model, large, 10, 0));
  for (const image of [madePicture(8, 8, 1), madePicture(17, 9, 0, true)]) {
    const { file } = encodeImage(model, image, 60, 2);
    assert.equal(decodeImage(model, file).width, image.width);
  }
});

test("bits and squared errors fall along their gradients as fast as these say", async () => {
  const [quality, side] = [60, 48];
  const image = (await photographs(side))[0]!;
  // away from where they are: latents that say nothing lie on their means, where bits have a kink
  const y = withGain(model, analyse(model, image), quality).map(
    (value, i) => value + 0.4 * Math.sin(i * 7.13),
  );
  const { prior, synthesis } = relaxedFor(model, image);
  const goal = goalOf(model, image, quality, weighedBy(1));
  const asIs = (residual: number) => ({ symbol: residual, slope: 1 });
  const code = (values: Float32Array) => prior.code(values, goal.level, asIs);
  const cases = [
    { value: (at: Float32Array) => code(at).bits, gradient: code(y).back(new Float32Array(y.length)) },
    {
      value: (at: Float32Array) => synthesis.distortion(goal, at).sse,
      gradient: synthesis.distortion(goal, y).gradient,
    },
  ];
  for (const { value, gradient } of cases) {
    const steepness = gradient.reduce((sum, slope) => sum + slope * slope, 0);
    const step = (0.02 * value(y)) / steepness;
    const along = (share: number) => value(y.map((at, i) => at + share * step * gradient[i]!));
    const found = (along(1) - along(-1)) / (2 * step);
    assert.ok(Math.abs(found / steepness - 1) < 0.15, `${found} ${steepness}`);
  }
});

test("effort is 0–9", () => {
  for (const effort of [-1, 10, 0.5, Number.NaN]) {
    assert.throws(
      () => encodeImage(model, madePicture(8, 8, 0), 50, effort),
      /expected an effort of 0–9, got/,
    );
  }
});
