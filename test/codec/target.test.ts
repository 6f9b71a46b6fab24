import assert from "node:assert/strict";
import { before, test } from "node:test";
import { Budget, metered } from "../../src/codec/budget.ts";
import { ImageEncoder } from "../../src/codec/encode.ts";
import { draftTo, encodeTo, encodeToWith } from "../../src/codec/encode-to-target.ts";
import type { Image } from "../../src/codec/image.ts";
import type { Model } from "../../src/codec/model.ts";
import type { Hit, Target } from "../../src/codec/target.ts";
import { encode, info } from "../../src/index.ts";
import { faces, photographs } from "./support.ts";

let model: Model;
let images: Image[];

before(async () => {
  model = await faces();
  images = (await photographs(48)).slice(0, 4);
});

test("decibels are reached by the smallest file, bytes are kept by the best picture", () => {
  const [lost, grown]: [number[], number[]] = [[], []];
  for (const image of images) {
    const every = Array.from({ length: 100 }, (_, i) =>
      encodeTo(model, image, { kind: "quality", quality: i + 1 }),
    );
    const decibels = every[49]!.psnr;
    const reached = encodeTo(model, image, { kind: "psnr", decibels });
    assert.ok(reached.psnr >= decibels);
    const smallest = Math.min(...every.filter((hit) => hit.psnr >= decibels).map((hit) => hit.file.length));
    grown.push(reached.file.length / smallest);
    const maxBytes = every[49]!.file.length;
    const fitting = encodeTo(model, image, { kind: "bytes", maxBytes });
    assert.ok(fitting.file.length <= maxBytes);
    lost.push(
      Math.max(...every.filter((hit) => hit.file.length <= maxBytes).map((hit) => hit.psnr)) - fitting.psnr,
    );
  }
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value) / values.length;
  // a tenth of a decibel is worth two per cent of the bytes; a hundred files are a hundred chances
  assert.ok(mean(lost) < 0.15 && Math.max(...lost) < 0.3, lost.join(" "));
  assert.ok(mean(grown) < 1.035 && Math.max(...grown) < 1.09, grown.join(" "));
});

test("a search makes no target worse than efforts 0 and 1, and these not than each other", () => {
  const row = (target: Target) => [0, 1, 2, 3].map((effort) => encodeTo(model, images[0]!, target, effort));
  const bytes = row({ kind: "psnr", decibels: 28 }).map(({ file }) => file.length);
  const decibels = row({ kind: "bytes", maxBytes: 90 }).map(({ psnr }) => psnr);
  assert.ok(
    bytes[0]! >= bytes[1]! && bytes[1]! >= Math.max(bytes[2]!, bytes[3]!) && bytes[0]! > bytes[3]!,
    bytes.join(" "),
  );
  assert.ok(
    decibels[0]! <= decibels[1]! && decibels[1]! <= Math.min(decibels[2]!, decibels[3]!),
    decibels.join(" "),
  );
});

test("bytes cost about two files of a quality, PSNR at most three; a draft less than one", () => {
  for (const image of images.slice(0, 2)) {
    const cost = (encode: (metered: Model) => unknown): number => {
      const budget = new Budget({});
      encode(metered(model, budget));
      return budget.spent;
    };
    const plain = cost((counted) => encodeTo(counted, image, { kind: "quality", quality: 50 }));
    const shares = (targets: readonly Target[]): number[] =>
      targets.map((target) => cost((counted) => encodeTo(counted, image, target)) / plain);
    const bytes: Target[] = [60, 90, 150, 400].map((maxBytes) => ({ kind: "bytes", maxBytes }));
    const psnr: Target[] = [26, 28].map((decibels) => ({ kind: "psnr", decibels }));
    for (const [targets, most] of [
      [bytes, 2.1],
      [psnr, 2.5],
    ] as const) {
      const found = shares(targets);
      const mean = found.reduce((sum, share) => sum + share) / found.length;
      assert.ok(mean <= most && Math.max(...found) <= 3, `${targets[0]!.kind}: ${found.join(" ")}`);
    }
    for (const target of [...bytes, ...psnr]) {
      const draft = cost((counted) => {
        const hit = draftTo(new ImageEncoder(counted, image), image, target);
        assert.ok(target.kind === "bytes" ? hit.file.length <= target.maxBytes : target.kind === "psnr");
        if (target.kind === "psnr") assert.ok(hit.psnr >= target.decibels);
      });
      assert.ok(draft < plain, `${draft / plain}`);
    }
  }
});

test("at an effort, too, a target costs less than two files of a quality, ends at the target, and pays", () => {
  let [quick, searched] = [0, 0];
  for (const image of images.slice(0, 3)) {
    const at = (target: Target, effort: number): { hit: Hit; cost: number } => {
      const budget = new Budget({});
      return { hit: encodeTo(metered(model, budget), image, target, effort), cost: budget.spent };
    };
    const plain = at({ kind: "quality", quality: 50 }, 2);
    const found = at({ kind: "psnr", decibels: 28 }, 2);
    assert.ok(found.cost < 2 * plain.cost, `${found.cost / plain.cost}`);
    assert.ok(found.hit.psnr < 28.2, `${found.hit.psnr}`);
    searched += found.hit.file.length;
    quick += at({ kind: "psnr", decibels: 28 }, 0).hit.file.length;
  }
  assert.ok(searched < 0.985 * quick, `${searched} ${quick}`);
});

test("an encoder that has seen the picture needs less for another target, and makes the same file", () => {
  const image = images[0]!;
  const budget = new Budget({});
  const encoder = new ImageEncoder(metered(model, budget), image);
  const costs = [120, 120, 130].map((maxBytes) => {
    const before = budget.spent;
    const { file } = encodeToWith(encoder, image, { kind: "bytes", maxBytes }, 0);
    assert.deepEqual(file, encodeTo(model, image, { kind: "bytes", maxBytes }).file);
    return budget.spent - before;
  });
  assert.ok(costs[1]! < 0.7 * costs[0]! && costs[2]! < 0.95 * costs[0]!, costs.join(" "));
});

test("what no file meets is an error that says what is possible", () => {
  assert.throws(
    () => encodeTo(model, images[0]!, { kind: "bytes", maxBytes: 5 }),
    /at most 5 bytes, the least possible is \d+/,
  );
  assert.throws(
    () => encodeTo(model, images[0]!, { kind: "psnr", decibels: 90 }),
    /at least 90 dB, the most possible is \d+\.\d\d/,
  );
});

test("the least that is called possible is possible, and a byte less is not", () => {
  for (const image of images) {
    const to = (maxBytes: number) => encodeTo(model, image, { kind: "bytes", maxBytes });
    let least = 0;
    assert.throws(
      () => to(1),
      ({ message }: Error) => {
        least = Number(/the least possible is (\d+)/.exec(message)![1]);
        return least > 10;
      },
    );
    assert.equal(to(least).file.length, least);
    assert.throws(() => to(least - 1), new RegExp(`the least possible is ${least}$`));
  }
});

test("the library takes one of quality, psnr and maxBytes", async () => {
  const file = await encode(images[0]!, { maxBytes: 90, effort: 1 });
  assert.ok(file.length <= 90 && info(file).width === 48);
  await assert.rejects(
    encode(images[0]!, { quality: 50, psnr: 30 }),
    /one of quality, psnr, maxBytes, got quality and psnr/,
  );
});
