/**
 * One file, one meaning: TensorFlow's native binding and WebAssembly give the same prior integers, symbols and `y_hat`, and pixels
 * within ±1 level, for thousands of pictures. Skipped where the binding is not installed (`npm run tfjs-node`).
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setBackend } from "@tensorflow/tfjs-core";
import { reconstruct } from "../../src/codec/autoencoder.ts";
import { decodeLatents, encodeImages, type Model } from "../../src/codec/codec.ts";
import { inputLimits, networks } from "../../src/codec/prior.ts";
import { useWasm } from "../../src/model/backend.ts";
import { loadModel } from "../../src/model/load.ts";
import { loadTfjsNode } from "../../src/train/tfjs-node.ts";
import type { Golden } from "../golden/make.ts";
import {
  facesFolder,
  goldenFolder,
  hashLatents,
  madePicture,
  photographs,
  randomIntegers,
} from "./support.ts";

const PICTURES = 2400;
const BATCH = 16;

const installed = await loadTfjsNode();
const skip = installed ? false : "@tensorflow/tfjs-node is not installed: npm run tfjs-node";

type Backend = "wasm" | "tensorflow";
let models: Record<Backend, Model>;

async function load(): Promise<Record<Backend, Model>> {
  const read = (name: string) => readFile(join(facesFolder, name));
  await setBackend("tensorflow");
  const tensorflow = await loadModel(read);
  await useWasm();
  return { tensorflow, wasm: await loadModel(read) };
}

/** Runs on one of the backends, with the model loaded there. */
async function on<T>(backend: Backend, run: (model: Model) => T): Promise<T> {
  models ??= await load();
  assert.ok(await setBackend(backend));
  return run(models[backend]);
}

test("the networks of the prior give the same integers", { skip }, async () => {
  const { architecture } = await on("wasm", (model) => model);
  for (const shape of [
    [2, 1, 1],
    [3, 3, 2],
    [2, 6, 6],
    [1, 9, 4],
  ] as const) {
    for (const { slice, pass } of networks(architecture)) {
      const next = randomIntegers(slice * 2 + pass);
      const limits = inputLimits(architecture, slice, pass);
      const input = Float32Array.from({ length: shape[0] * shape[1] * shape[2] * limits.length }, (_, at) => {
        const limit = limits[at % limits.length]!;
        return (next() % (2 * limit + 1)) - limit;
      });
      const run = (model: Model) =>
        Array.from(model.prior.run(slice, pass, input, shape), (value) => value + 0);
      assert.deepEqual(await on("tensorflow", run), await on("wasm", run));
    }
  }
});

test(`${PICTURES} pictures of mixed sizes and qualities decode alike`, { skip }, async () => {
  const next = randomIntegers(2);
  let furthest = 0;
  let differing = 0;
  let values = 0;
  for (let done = 0, round = 0; done < PICTURES; done += BATCH, round++) {
    const width = 8 + (next() % (round % 8 ? 28 : 60));
    const height = 8 + (next() % (round % 8 ? 28 : 60));
    const quality = 1 + (next() % 100);
    const images = Array.from({ length: BATCH }, (_, i) => madePicture(width, height, done + i, i % 7 === 0));
    // each encodes half of the batches: their g_a may differ in the last bit, and so their symbols; both decode all
    const [writer, reader] =
      round % 2 ? (["wasm", "tensorflow"] as const) : (["tensorflow", "wasm"] as const);
    const encoded = await on(writer, (model) => encodeImages(model, images, quality));
    const files = encoded.map(({ file }) => file);
    const { headers, yHat } = await on(reader, (model) => decodeLatents(model, files));
    const length = yHat.length / BATCH;
    encoded.forEach((one, i) => {
      assert.deepEqual(
        yHat.subarray(i * length, (i + 1) * length),
        one.yHat,
        `${width}×${height}, quality ${quality}`,
      );
    });
    if (round % 5) continue;
    const ours = await on("wasm", (model) => reconstruct(model, headers, yHat));
    const theirs = await on("tensorflow", (model) => reconstruct(model, headers, yHat));
    ours.forEach(({ data }, i) => {
      data.forEach((value, at) => {
        const distance = Math.abs(value - theirs[i]!.data[at]!);
        furthest = Math.max(furthest, distance);
        if (distance > 0) differing++;
        values++;
      });
    });
  }
  assert.ok(furthest <= 1, `expected pixels within ±1, got ±${furthest}`);
  assert.ok(differing < values / 1000, `${differing} of ${values} values differ`);
});

test("photographs decode alike at every tenth quality", { skip }, async () => {
  const images = await photographs(42);
  for (let quality = 10; quality <= 100; quality += 10) {
    const encoded = await on("wasm", (model) => encodeImages(model, images, quality));
    const { yHat } = await on("tensorflow", (model) =>
      decodeLatents(
        model,
        encoded.map(({ file }) => file),
      ),
    );
    assert.deepEqual(
      [...yHat],
      encoded.flatMap((one) => [...one.yHat]),
    );
  }
});

test("golden files decode to their y_hat on TensorFlow", { skip }, async () => {
  const golden = JSON.parse(readFileSync(join(goldenFolder, "golden.json"), "utf8")) as Golden[];
  for (const { file, yHat } of golden) {
    const latents = await on("tensorflow", (model) =>
      decodeLatents(model, [readFileSync(join(goldenFolder, file))]),
    );
    assert.equal(hashLatents(latents.yHat), yHat, file);
  }
});
