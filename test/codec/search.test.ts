import assert from "node:assert/strict";
import { before, test } from "node:test";
import { latentSize } from "../../src/codec/architecture.ts";
import { analyse, withGain } from "../../src/codec/autoencoder.ts";
import { decodeImages, encodeImages, type Model } from "../../src/codec/codec.ts";
import type { RelaxedCode } from "../../src/codec/search/relaxed-prior.ts";
import { faces, madePicture, photographs } from "./support.ts";

let model: Model;

before(async () => {
  model = await faces();
  await model.readyToSearch();
});

test("no effort's loss is above that of a lower one, and the search pays", async () => {
  const images = (await photographs(64)).slice(0, 2);
  for (const quality of [30, 70]) {
    const prices = encodeImages(model, images, quality, 1).map(({ price }) => price);
    const losses = [0, 1, 3].map((effort) => {
      const encoded = encodeImages(model, images, quality, effort);
      const decoded = decodeImages(
        model,
        encoded.map(({ file }) => file),
      );
      return encoded.map(({ estimatedBits }, i) => {
        let squares = 0;
        images[i]!.data.forEach((value, at) => {
          squares += (value - decoded[i]!.data[at]!) ** 2;
        });
        return estimatedBits + prices[i]! * squares;
      });
    });
    for (const [i] of images.entries()) {
      const row = losses.map((ofEffort) => ofEffort[i]!);
      row.reduce((above, below) => {
        assert.ok(below <= above + 1e-6, row.join(" "));
        return below;
      });
      assert.ok(row.at(-1)! < 0.997 * row[0]!, `quality ${quality}: ${row.join(" ")}`);
    }
  }
});

test("the same picture gives the same file, alone or in a batch", async () => {
  const images = (await photographs(16)).slice(0, 3);
  const together = encodeImages(model, images, 50, 2);
  const again = encodeImages(model, images, 50, 2);
  assert.deepEqual(again, together);
  images.forEach((image, i) => {
    assert.deepEqual(encodeImages(model, [image], 50, 2)[0], together[i]);
  });
});

test("pictures too large to be searched, grey ones and those of one position are encoded as ever", () => {
  const large = madePicture(264, 256, 0);
  assert.deepEqual(encodeImages(model, [large], 10, 9), encodeImages(model, [large], 10, 0));
  for (const image of [madePicture(8, 8, 1), madePicture(17, 9, 0, true)]) {
    const [encoded] = encodeImages(model, [image], 60, 2);
    assert.equal(decodeImages(model, [encoded!.file])[0]!.width, image.width);
  }
});

test("the relaxed prior's gradient is that of its bits", async () => {
  const [quality, width, height] = [60, 48, 48];
  // away from where they are: latents that say nothing lie on their means, where bits have a kink
  const y = withGain(model, analyse(model, (await photographs(48))[0]!), quality).map(
    (value, i) => value + 0.4 * Math.sin(i * 7.13),
  );
  const shape = latentSize(width, height);
  const code = (values: Float32Array): RelaxedCode =>
    model.relaxation().prior.code(values, shape, model.levels[quality - 1]!, (residual) => ({
      symbol: residual,
      slope: 1,
    }));
  const gradient = code(y).back(new Float32Array(y.length));
  const step = 1e-3;
  let [slopes, errors] = [0, 0];
  for (let seed = 0; seed < 6; seed++) {
    const direction = y.map((_, i) => Math.sin(i * 12.9898 + seed));
    const slope = gradient.reduce((sum, value, i) => sum + value * direction[i]!, 0);
    const after = code(y.map((value, i) => value + step * direction[i]!)).bits;
    const before = code(y.map((value, i) => value - step * direction[i]!)).bits;
    slopes += Math.abs(slope);
    errors += Math.abs((after - before) / (2 * step) - slope);
  }
  // bits are piecewise linear, so a step crosses some kinks
  assert.ok(errors < 0.15 * slopes, `${errors} ${slopes}`);
});

test("effort is 0–9", () => {
  for (const effort of [-1, 10, 0.5, Number.NaN]) {
    assert.throws(
      () => encodeImages(model, [madePicture(8, 8, 0)], 50, effort),
      /expected an effort of 0–9, got/,
    );
  }
});
