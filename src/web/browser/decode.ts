import { type Outcome, settleEach } from "../../api/many.ts";
import { infoOfModel, type ModelInfo } from "../../api/models.ts";
import {
  abortable,
  assertModel,
  type DecodeOptions,
  decodeWish,
  type Listener,
  MANY,
  type ManyOptions,
} from "../../api/options.ts";
import type { Picture } from "../../api/picture.ts";
import { bytesOf, type Source } from "../../api/source.ts";
import { badOption } from "../../codec/errors.ts";
import { manifestOf } from "../../model/package.ts";
import { client, modelsOf, onProgress } from "./client.ts";
import { decoderPlace } from "./decoder-place.ts";
import { canvasOf } from "./picture.ts";
import { pngOf } from "./png.ts";

/** Files that go to the worker at a time by default. */
const AT_ONCE = 64;

/**
 * A `.zn` file of any kind → pixels: ImageData, or of 3 channels a `Picture`.
 * Throws `bad-file`, `unknown-model`, `bad-model`, `too-large`, `bad-option`, `unavailable`.
 * @example
 * const { width, height, data } = await decode(person.photo); // bytes, ArrayBuffer, Blob, or the text of `toInline`
 */
export async function decode(
  source: Source,
  options?: DecodeOptions & { readonly channels?: 4 },
): Promise<ImageData>;
export async function decode(source: Source, options: DecodeOptions): Promise<Picture>;
export async function decode(source: Source, options: DecodeOptions = {}): Promise<Picture> {
  return decodeOne(source, options);
}

/**
 * Many files, a bounded number at a time, each with its outcome as `Promise.allSettled` gives it. Throws `bad-option`.
 */
export async function decodeMany(
  sources: Iterable<Source>,
  options?: DecodeOptions & ManyOptions & { readonly channels?: 4 },
): Promise<Outcome<ImageData>[]>;
export async function decodeMany(
  sources: Iterable<Source>,
  options: DecodeOptions & ManyOptions,
): Promise<Outcome<Picture>[]>;
export async function decodeMany(
  sources: Iterable<Source>,
  options: DecodeOptions & ManyOptions = {},
): Promise<Outcome<Picture>[]> {
  decodeWish(options, MANY);
  return settleEach(sources, options, AT_ONCE, decodeOne);
}

type UrlOptions = Omit<DecodeOptions, "channels">;

async function decodeRgba(source: Source, options: UrlOptions): Promise<ImageData> {
  decodeWish(options); // before it is spread, which hides what is no object
  return decode(source, { ...options, channels: 4 });
}

/** Puts a picture on a canvas. A canvas that is given takes the size of the picture. */
export async function decodeToCanvas(
  source: Source,
  canvas?: HTMLCanvasElement,
  options: UrlOptions = {},
): Promise<HTMLCanvasElement> {
  const onto = canvas === undefined ? globalThis.document?.createElement("canvas") : canvas;
  if (typeof onto?.getContext !== "function")
    throw badOption("expected a canvas, or a page that makes one", onto);
  return canvasOf(await decodeRgba(source, options), onto);
}

/** A picture as the URL of a PNG, for `<img>` or CSS. Free it by `URL.revokeObjectURL` when it is no longer used. */
export async function decodeToUrl(source: Source, options: UrlOptions = {}): Promise<string> {
  return URL.createObjectURL(await pngOf(await decodeRgba(source, options)));
}

/**
 * Loads a model's decoder ahead of the first picture; by default that of the first model. Throws `unknown-model`,
 * `unavailable`, `bad-model`.
 */
export async function preload(model?: string | number): Promise<void> {
  if (model !== undefined) assertModel(model);
  await client(decoderPlace).load(model);
}

async function decodeOne(source: Source, options: DecodeOptions): Promise<Picture> {
  const { channels, look } = decodeWish(options);
  const file = await bytesOf(source);
  const work = (): Promise<Picture> => client(decoderPlace).decode(file, look, options.signal);
  const { width, height, data } = await abortable(options, (listener) => withWeightsProgress(listener, work));
  if (channels === 4) return new ImageData(data, width, height);
  return { width, height, data: data.filter((_, i) => i % 4 < 3) };
}

/** Does work, and reports to a listener meanwhile how the weights load. */
export async function withWeightsProgress<T>(
  listener: Listener | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (!listener) return work();
  const end = onProgress(listener);
  try {
    return await work();
  } finally {
    end();
  }
}

/** The models that a page has, by number. Throws `bad-model` if there are none. */
export async function listModels(): Promise<ModelInfo[]> {
  const models = await modelsOf(decoderPlace);
  return models.map((model) => infoOfModel(manifestOf(model))).sort((a, b) => a.number - b.number);
}
