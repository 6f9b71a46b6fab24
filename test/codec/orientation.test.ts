import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeImage } from "../../src/codec/decode.ts";
import { encodeImage, encodeInOneRun } from "../../src/codec/encode.ts";
import { turned, turnedBack } from "../../src/codec/image.ts";
import { openModels } from "../../src/model/folder.ts";
import { madePicture, photographs } from "./support.ts";

const orientation = fc.nat(7);

test("turning back undoes turning, opacity included", () => {
  const side = fc.integer({ min: 1, max: 9 });
  fc.assert(
    fc.property(side, side, fc.nat(1e6), orientation, fc.boolean(), (width, height, seed, way, withAlpha) => {
      const alpha = Uint8Array.from({ length: width * height }, (_, i) => i);
      const image = { ...madePicture(width, height, seed), ...(withAlpha && { alpha }) };
      assert.deepEqual(turnedBack(turned(image, way), way), image);
    }),
  );
});

test("the eight orientations of a picture of 3×2 pixels", () => {
  // a b c
  // d e f
  const image = { width: 3, height: 2, data: Uint8Array.from({ length: 18 }, (_, i) => Math.floor(i / 3)) };
  const rows = Array.from({ length: 8 }, (_, way) => {
    const { width, data } = turned(image, way);
    const letters = [...data].filter((_, i) => i % 3 === 0).map((value) => "abcdef"[value]!);
    return letters.join("").replaceAll(new RegExp(`(.{${width}})(?=.)`, "g"), "$1 ");
  });
  const upright = ["abc def", "cba fed", "def abc", "fed cba"];
  const onItsSide = ["ad be cf", "da eb fc", "cf be ad", "fc eb da"];
  assert.deepEqual(rows, [...upright, ...onItsSide]);
});

test("a turned photograph gives the turned result: each way up is tried, in Node as anywhere", async () => {
  const models = await openModels();
  const [photograph] = await photographs(48);
  const strip = { width: 48, height: 32, data: photograph!.data.slice(0, 48 * 32 * 3) };
  for (const [name, ways] of [
    ["faces", 2],
    ["products-research", 4],
    ["natural", 8],
  ] as const) {
    const model = await models.byName(name);
    assert.equal(model.orientations, ways);
    const upright = encodeImage(model, strip, 40);
    const picture = decodeImage(model, upright.file);
    const found = new Set<number>();
    for (let way = 0; way < ways; way++) {
      const { file, orientation: its, sse } = encodeImage(model, turned(strip, way), 40);
      found.add(its);
      assert.equal(sse, upright.sse);
      assert.deepEqual(decodeImage(model, file), turned(picture, way));
    }
    assert.equal(found.size, ways);
  }
});

test("effort 0 is better than one pass, at the quality asked for, and no larger picture waits for it", async () => {
  const model = await (await openModels()).byName("natural");
  let [saved, all] = [0, 0];
  for (const image of await photographs(42)) {
    const plain = encodeInOneRun(model, image, 40);
    const better = encodeImage(model, image, 40);
    assert.equal(better.quality, 40);
    const lossOf = (of: typeof plain) => of.estimatedBits + better.lambda * of.sse;
    assert.ok(lossOf(better) <= lossOf(plain));
    saved += lossOf(plain) - lossOf(better);
    all += lossOf(plain);
  }
  assert.ok(saved > 0.005 * all, `${((100 * saved) / all).toFixed(2)} % saved`);
  const large = madePicture(136, 128, 0);
  assert.deepEqual(encodeImage(model, large, 40), encodeInOneRun(model, large, 40));
});
