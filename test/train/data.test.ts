import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import sharp from "sharp";
import { ZippyNetError } from "../../src/codec/errors.ts";
import type { Image } from "../../src/codec/image.ts";
import { levelOf } from "../../src/codec/rate-distortion.ts";
import { batchSize, centred } from "../../src/train/data/batch.ts";
import { evenly, hashOf, loadImages } from "../../src/train/data/images.ts";
import { Random } from "../../src/train/data/random.ts";
import { resample } from "../../src/train/data/resample.ts";
import { Sampler } from "../../src/train/data/sampler.ts";
import { learningRate } from "../../src/train/run.ts";
import { IMAGE_COUNT, IMAGES } from "./support.ts";

describe("training data", () => {
  it("scales like sharp's Lanczos3", async () => {
    const { train } = await loadImages([IMAGES], { heldOutShare: 0, side: 128 });
    // sharp crops others at whole pixels
    for (const image of train.flat().filter((each) => each.width === each.height)) {
      const ours = centred(image, 42);
      const { width, height, data } = image;
      const theirs = await sharp(data, { raw: { width, height, channels: 3 } })
        .resize(42, 42, { fit: "cover", kernel: "lanczos3" })
        .raw()
        .toBuffer();
      const error = Math.sqrt(theirs.reduce((a, v, i) => a + (v - ours.data[i]!) ** 2, 0) / theirs.length);
      assert.ok(error < 2, `expected nearly equal pixels, got a difference of ${error} levels`);
    }
  });

  it("thins out from all over, also where nearly all are wanted", () => {
    const ten = Array.from({ length: 10 }, (_, i) => i);
    assert.deepEqual(evenly(ten, 10), ten);
    assert.deepEqual(evenly(ten, 7), [0, 1, 2, 4, 5, 7, 8]);
    assert.deepEqual(evenly(ten, 2), [0, 5]);
  });

  it("keeps one colour one colour, and mirrors", () => {
    const grey: Image = { width: 50, height: 37, data: new Uint8Array(50 * 37 * 3).fill(131) };
    const crop = { left: 3.3, top: 1.7, width: 40.2, height: 31.9 };
    assert.ok(resample(grey, crop, 33, 90).data.every((value) => value === 131));
    const data = Uint8Array.from({ length: 24 * 24 * 3 }, (_, i) => (i * 37) % 251);
    const image: Image = { width: 24, height: 24, data };
    const all = { left: 0, top: 0, width: 24, height: 24 };
    assert.deepEqual(resample(image, all, 24, 24), image);
    const mirrored = resample(image, all, 24, 24, true);
    assert.deepEqual(mirrored.data.subarray(0, 3), image.data.subarray(69, 72));
  });

  it("holds out the same images every time, whatever else is there", async () => {
    const load = (share: number) => loadImages([IMAGES], { heldOutShare: share, side: 128 });
    const [half, again] = [await load(0.5), await load(0.5)];
    assert.equal(half.train.flat().length + half.heldOut.flat().length, IMAGE_COUNT);
    assert.deepEqual(
      half.heldOut.flat().map(({ data }) => data),
      again.heldOut.flat().map(({ data }) => data),
    );
    const shares = Array.from({ length: 4000 }, (_, i) => hashOf(`${i}.webp`));
    assert.ok(Math.abs(shares.filter((value) => value < 0.02).length / 80 - 1) < 0.3);
  });

  it("draws the same batches from the same seed, of the sizes it promises", async () => {
    const { train } = await loadImages([IMAGES], { heldOutShare: 0, side: 128 });
    const [a, b] = [1, 1].map((seed) => new Sampler(train, new Random(seed), { cut: "aligned" })) as [
      Sampler,
      Sampler,
    ];
    const sizes = new Map<number, number>();
    for (let i = 0; i < 40; i++) {
      const batch = a.next();
      if (i < 3) assert.deepEqual(b.next(), batch);
      assert.equal(batch.levels.length, batchSize(batch.width));
      assert.ok(batch.levels.every((level) => level >= -0.2000001 && level <= 1));
      assert.ok(batch.blocks.every((value) => Math.abs(value) <= 0.5));
      sizes.set(batch.width, (sizes.get(batch.width) ?? 0) + 1);
    }
    assert.ok(sizes.get(42)! > 12 && sizes.get(64)! > 5);
    assert.ok(
      [...sizes.keys()].every((size) => size <= 64),
      "larger than nearly all images",
    );
    assert.ok(new Sampler(train, new Random(1), { cut: "patches" }).next().blocks.length > 0);
    const asked = new Sampler(train, new Random(1), {
      cut: "aligned",
      sizes: [
        [48, 1],
        [56, 1],
      ],
    });
    const widths = Array.from({ length: 20 }, () => asked.next().width);
    assert.deepEqual([...new Set(widths)].sort(), [48, 56]);
    assert.throws(
      () => new Sampler(train, new Random(1), { cut: "aligned", sizes: [[300, 1]] }),
      /--sizes: expected at most \d+ pixels, which nearly all images have, got 300/,
    );
  });

  it("draws folders, sizes, qualities and colours by their shares", () => {
    const filled = (level: number): Image => ({
      width: 64,
      height: 64,
      data: new Uint8Array(64 * 64 * 3).map((_, at) => level + (at % 3)),
    });
    const sets = [[filled(40)], [], [filled(90)], [filled(200)]];
    const draw = (more: object) => {
      const sampling = {
        cut: "aligned" as const,
        sizes: [[32, 1]] as [number, number][],
        batch: 200,
        ...more,
      };
      const { blocks, levels } = new Sampler(sets, new Random(2), sampling).next();
      const pixels = Array.from(levels, (_, i) => {
        const at = (i * blocks.length) / levels.length;
        return [0, 1, 2].map((c) => Math.round((blocks[at + c]! + 0.5) * 255));
      });
      return { levels, pixels };
    };
    const { pixels, levels } = draw({ shares: [3, 5, 1, 0] });
    assert.ok(pixels.every(([r]) => r === 40 || r === 90));
    const share = (of: readonly boolean[]) => of.filter(Boolean).length / of.length;
    assert.ok(Math.abs(share(pixels.map(([r]) => r === 40)) - 0.75) < 0.08);
    const inMiddle = (all: Float32Array) =>
      share(Array.from(all, (level) => level >= levelOf(26) && level <= levelOf(79)));
    assert.ok(Math.abs(inMiddle(levels) - 53 / 99) < 0.08);
    const middle = inMiddle(draw({ middle: 0.5 }).levels);
    assert.ok(Math.abs(middle - (0.5 + 0.5 * (53 / 99))) < 0.08, `${middle}`);
    const grey = share(draw({ grey: 0.3 }).pixels.map(([r, g, b]) => r === g && g === b));
    assert.ok(Math.abs(grey - 0.3) < 0.08, `${grey}`);
    const reds = draw({ shares: [1, 1, 0, 0], colour: 0.1 }).pixels.map(([r]) => r!);
    assert.ok(
      Math.min(...reds) < 30 && Math.min(...reds) >= 23 && Math.max(...reds) > 50 && Math.max(...reds) <= 57,
    );
    assert.throws(() => draw({ shares: [1, 1] }), /--shares: expected one of each of 4 folders, got 2/);
  });

  it("says which folder or file is no good", async () => {
    const folder = await mkdtemp(join(tmpdir(), "zippynet-images-"));
    const options = { heldOutShare: 0, side: 128 };
    const refused = (what: string, code: string, message: RegExp) =>
      assert.rejects(loadImages([what], options), (error: unknown) => {
        assert.ok(error instanceof ZippyNetError);
        assert.equal(error.code, code);
        assert.match(error.message, message);
        return true;
      });
    await refused(join(folder, "none"), "bad-option", /expected a folder of images at .*none/);
    await refused(folder, "bad-option", /expected images in/);
    await writeFile(join(folder, "a.png"), "not a picture");
    await refused(folder, "bad-image", /cannot read .*a\.png: take/);
    await rm(folder, { recursive: true });
  });

  it("names all files that are no images at once, or the first twenty", async () => {
    const folder = await mkdtemp(join(tmpdir(), "zippynet-images-"));
    await symlink(join(IMAGES, "face-hat-64.png"), join(folder, "good.png"));
    const bad = async (count: number): Promise<string> => {
      for (let i = 10; i < 10 + count; i++) await writeFile(join(folder, `bad-${i}.png`), "not a picture");
      const { message } = await loadImages([folder], { heldOutShare: 0, side: 128 }).then(
        () => assert.fail(),
        (error: Error) => error,
      );
      return message.replaceAll(join(folder, "/"), "");
    };
    assert.equal(
      await bad(2),
      "expected images, cannot read bad-10.png, bad-11.png: take them out of the folder",
    );
    assert.match(await bad(25), /bad-28\.png, bad-29\.png and 5 more: take/);
    await rm(folder, { recursive: true });
  });

  it("leaves hidden files and folders alone, finds the others however deep, and counts those too small", async () => {
    const folder = await mkdtemp(join(tmpdir(), "zippynet-images-"));
    for (const sub of ["deep/er", ".thumbnails"]) await mkdir(join(folder, sub), { recursive: true });
    for (const name of ["a.png", "deep/er/b.png"]) {
      await symlink(join(IMAGES, "face-hat-64.png"), join(folder, name));
    }
    for (const name of ["._a.png", ".thumbnails/a.png"]) await writeFile(join(folder, name), "not a picture");
    await symlink(join(folder, "gone"), join(folder, "notes.txt"));
    const small = { width: 31, height: 64, channels: 3, background: "red" } as const;
    await sharp({ create: small }).toFile(join(folder, "deep/small.png"));
    const { counts, tooSmall } = await loadImages([folder], { heldOutShare: 0, side: 128 });
    assert.deepEqual([counts, tooSmall], [{ train: 2, heldOut: 0 }, 1]);
    await symlink(join(folder, "gone"), join(folder, "deep/c.png"));
    await assert.rejects(loadImages([folder], { heldOutShare: 0, side: 128 }), /cannot look at .*c\.png/);
    await rm(folder, { recursive: true });
  });

  it("stops decoding at a signal, and tells of no more images then", async () => {
    const stop = new AbortController();
    const told: number[] = [];
    const onProgress = (done: number) => {
      told.push(done);
      stop.abort();
    };
    const options = { heldOutShare: 0, side: 128, signal: stop.signal, onProgress };
    await assert.rejects(loadImages([IMAGES], options), { name: "AbortError" });
    assert.deepEqual(told, [1]);
  });

  it("lets the learning rate rise, stay and fall to nothing", () => {
    assert.ok(learningRate(1, 0, 0) < 0.01);
    assert.equal(learningRate(1, 1000, 0.2), 1);
    assert.equal(learningRate(1, 1000, 0.39), 1);
    assert.ok(Math.abs(learningRate(1, 1000, 0.7) - 0.5) < 1e-9);
    assert.ok(learningRate(1, 1000, 1) < 1e-9);
  });
});
