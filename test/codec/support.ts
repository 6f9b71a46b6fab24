import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ZippyNetError } from "../../src/codec/errors.ts";
import type { Image } from "../../src/codec/image.ts";
import { type PriorLayer, priorInIntegers } from "../../src/codec/integer/convolution.ts";
import type { Model } from "../../src/codec/model.ts";
import type { Architecture, Engine } from "../../src/codec/network/architecture.ts";
import { openModels } from "../../src/model/folder.ts";
import { readSafetensors } from "../../src/model/safetensors.ts";
import { priorWeights } from "../../src/model/weights.ts";
import { PlainLayers } from "./plain-layers.ts";

export const facesFolder = modelFolder("faces");
export const goldenFolder = fileURLToPath(new URL("../golden", import.meta.url));
const imagesFolder = fileURLToPath(new URL("../images", import.meta.url));

/** Where a model of the project is. */
export function modelFolder(name: string): string {
  return fileURLToPath(new URL(`../../models/${name}`, import.meta.url));
}

/** The real model, on WebAssembly. */
export async function faces(): Promise<Model> {
  return (await openModels()).byName("faces");
}

/** The layers of the same model's prior. */
export function facesPrior(architecture: Architecture): PriorLayer[] {
  return priorWeights(readSafetensors(readFileSync(join(facesFolder, "prior.safetensors"))), architecture)
    .layers;
}

/** The same prior in plain numbers: slow, and what the kernel is held against. */
export function plainPrior(architecture: Architecture): Engine {
  return new PlainLayers(priorInIntegers(architecture, facesPrior(architecture)));
}

/** Integers 0 … 2³² − 1 that depend on the seed only (Marsaglia's xorshift). */
export function randomIntegers(seed: number): () => number {
  let state = (Math.imul(seed + 1, 0x9e3779b1) ^ 0x5bd1e995) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

/**
 * A picture made of the seed: by turns soft blobs, a gradient with noise, pure noise, one colour, black and white
 * squares. `grey` makes its three channels equal.
 */
export function madePicture(width: number, height: number, seed: number, grey = false): Image {
  const next = randomIntegers(seed);
  const kind = seed % 5;
  const data = new Uint8Array(width * height * 3);
  const [a, b, c, d] = [next() % 256, next() % 256, next() % 256, (next() % 7) + 1] as const;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [u, v] = [x / width, y / height];
      for (let k = 0; k < 3; k++) {
        let value = [a, b, c][k]!;
        if (kind === 0) value += 90 * Math.sin(d * u + k) * Math.cos(d * v + a);
        if (kind === 1) value += 100 * (u - v) + (next() % 24) - 12;
        if (kind === 2) value = next() % 256;
        if (kind === 4) value = ((x >> 2) + (y >> 2)) % 2 ? 255 : 0;
        data[at++] = Math.max(0, Math.min(255, Math.round(value)));
      }
      if (grey) data.copyWithin(at - 2, at - 3, at - 2).copyWithin(at - 1, at - 3, at - 2);
    }
  }
  return { width, height, data };
}

/** The photographs among the test images, cut to `side`×`side` squares; none while there are none. */
export async function photographs(side: number): Promise<Image[]> {
  if (!existsSync(imagesFolder)) return [];
  const { default: sharp } = await import("sharp");
  const names = readdirSync(imagesFolder)
    .filter((name) => /\.(png|webp)$/.test(name))
    .sort();
  const images: Image[] = [];
  for (const name of names) {
    const input = sharp(`${imagesFolder}/${name}`, { failOn: "none" });
    const { width, height, pages, space } = await input.metadata();
    if ((pages ?? 1) > 1 || space !== "srgb" || Math.min(width, height) < side) continue;
    const [left, top] = [(width - side) >> 1, (height - side) >> 1];
    const { data, info } = await input
      .extract({ left, top, width: side, height: side })
      .flatten()
      .toColourspace("srgb")
      .raw()
      .toBuffer({ resolveWithObject: true });
    if (info.channels === 3) images.push({ width: side, height: side, data: new Uint8Array(data) });
  }
  return images;
}

/** SHA-256 of `y_hat` as 16-bit integers, low byte first, in hexadecimal. */
export function hashLatents(yHat: Int16Array): string {
  const bytes = new Uint8Array(yHat.length * 2);
  const view = new DataView(bytes.buffer);
  yHat.forEach((value, i) => {
    view.setInt16(2 * i, value, true);
  });
  return createHash("sha256").update(bytes).digest("hex");
}

export function hashPixels({ data }: Pick<Image, "data">): string {
  return createHash("sha256").update(data).digest("hex");
}

/** For assert.throws and assert.rejects: a `ZippyNetError` of that code whose message has that text. */
export function zippyError(code: string, text: RegExp = /./) {
  return (error: unknown): boolean =>
    error instanceof ZippyNetError && error.code === code && text.test(error.message);
}

/**
 * SHA-256 of a file of a released model, which never changes. Later it may gain looks, or prove better than an older
 * model. Neither changes what it encodes or decodes, so both are left out of its manifest.
 */
export function hashOfReleased(path: string): string {
  const content = readFileSync(path);
  const text = path.endsWith("manifest.json") ? withoutLater(content.toString()) : content;
  return createHash("sha256").update(text).digest("hex");
}

function withoutLater(manifest: string): string {
  const { looks: _, supersedes: __, ...kept } = JSON.parse(manifest);
  return `${JSON.stringify(kept, null, 2)}\n`;
}
