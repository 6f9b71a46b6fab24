import { type Outcome, settleEach } from "../api/many.ts";
import {
  abortable,
  assertModel,
  type CommonOptions,
  type DecodeOptions,
  decodeWish,
  type EncodeOptions,
  encodeWish,
  MANY,
  type ManyOptions,
} from "../api/options.ts";
import { imageOf, type Picture, type PictureLike, pictureOf } from "../api/picture.ts";
import { bytesOf, type Source } from "../api/source.ts";
import { readZn } from "../codec/format/zn-file.ts";
import type { ResultOf, Task } from "./engine.ts";
import { runtime } from "./runtime.ts";

/**
 * Pixels of latents that are still decoded in the caller's thread, in a dozen milliseconds. Larger ones go to another.
 */
const AT_ONCE = 64 * 64;

/**
 * Pixels, at most 25 million → a `.zn` file. Runs in a thread of its own.
 * Throws `bad-image`, `bad-option`, `too-large`, `unknown-model`, `bad-model`, `unavailable`.
 * @example
 * const { data, info } = await sharp(upload).resize(64, 64).raw().toBuffer({ resolveWithObject: true });
 * const file = await encode({ width: info.width, height: info.height, data }, { maxBytes: 120 });
 */
export async function encode(
  picture: PictureLike,
  options: EncodeOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  return encodeOne(picture, options);
}

/**
 * A `.zn` file → pixels, as `ImageData` has them. Throws `bad-file`, `unknown-model`, `bad-model`, `too-large`,
 * `unavailable`.
 * @example
 * const { width, height, data } = await decode(person.photo); // bytes, ArrayBuffer, Blob, or the text of `toInline`
 */
export async function decode(source: Source, options: DecodeOptions = {}): Promise<Picture> {
  return decodeOne(source, options);
}

/**
 * Many pictures, a bounded number at a time, each with its outcome as `Promise.allSettled` gives it. Throws
 * `bad-option`.
 */
export async function encodeMany(
  pictures: Iterable<PictureLike>,
  options: EncodeOptions & ManyOptions = {},
): Promise<Outcome<Uint8Array<ArrayBuffer>>[]> {
  encodeWish(options, MANY); // options that are wrong are wrong for every picture
  const { threads } = await runtime();
  return settleEach(pictures, options, threads, encodeOne);
}

/** Decodes many files as `encodeMany` encodes pictures. */
export async function decodeMany(
  sources: Iterable<Source>,
  options: DecodeOptions & ManyOptions = {},
): Promise<Outcome<Picture>[]> {
  decodeWish(options, MANY);
  const { threads } = await runtime();
  return settleEach(sources, options, threads, decodeOne);
}

/**
 * Loads a model in the caller's thread, which decodes small pictures; other threads load theirs when they start. By
 * default it is the first of those that `auto` chooses from.
 */
export async function preload(model?: string | number): Promise<void> {
  if (model !== undefined) assertModel(model);
  const { engine } = await runtime();
  await (model === undefined ? engine.models.default() : engine.models.choose(model));
}

async function encodeOne(picture: PictureLike, options: EncodeOptions): Promise<Uint8Array<ArrayBuffer>> {
  const { model, tune, ...wish } = encodeWish(options);
  const image = imageOf(picture);
  return (await run({ kind: "encode", image, model, tune, wish }, options)).file;
}

async function decodeOne(source: Source, options: DecodeOptions): Promise<Picture> {
  const { channels, look } = decodeWish(options);
  const file = await bytesOf(source);
  const { kind, width, height } = readZn(file);
  const here = kind !== "latents" || width * height <= AT_ONCE;
  return pictureOf(await run({ kind: "decode", file, look }, options, here), channels);
}

/** @param here in the caller's thread, whatever the settings */
async function run<T extends Task>(
  task: T,
  { signal, onProgress }: CommonOptions,
  here = false,
): Promise<ResultOf<T>> {
  const { engine, pool } = await runtime();
  if (pool && !here) return pool.run(task, { signal, onProgress });
  return abortable({ signal }, () => engine.run(task, onProgress));
}
