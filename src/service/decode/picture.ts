import { describeFile, readZn, type ZnFile } from "../../codec/format/zn-file.ts";
import type { Image, Size } from "../../codec/image.ts";
import { contentTag, formTag, matches } from "../../http/etag.ts";
import { decodePicture, type ModelSource } from "../../image/decode.ts";
import { fitImage, fittedSize, type SizeWish } from "../../image/fit.ts";
import { writeImage } from "../../image/write.ts";
import { latentsKey, mayHaveLatents } from "../aws/keys.ts";
import type { ObjectHead, ObjectStore } from "../aws/s3.ts";
import { LOSSLESS, parseMetadata } from "../encode/latents-object.ts";
import type { ServiceSettings } from "../settings.ts";
import { type Answer, Problem } from "./answer.ts";
import type { PictureContext } from "./context.ts";
import { type PictureRequest, SERVED } from "./picture-request.ts";

/**
 * The picture of a key in the form that is asked for, unless the client has it (`If-None-Match`). Throws a 400, 404,
 * 422 or 500.
 */
export async function getPicture(
  { store, models, settings }: PictureContext,
  key: string,
  request: PictureRequest,
  ifNoneMatch: string | undefined,
): Promise<Answer> {
  const latents = await readLatents(store, settings, key);
  const tag = formTag(latents.etag, request.form);
  const bytesIn = latents.bytes.length;
  if (matches(ifNoneMatch, tag)) return { tag, bytesIn, body: undefined };
  const bytes = await decoding(key, () => render(models, settings, latents.bytes, request));
  assertSendable(bytes.length, request, settings);
  return { tag, bytesIn, body: { type: SERVED[request.format], bytes } };
}

/** A description of a picture: the header of its file, and the metadata of its encoding. Throws a 404 or a 500. */
export async function getInfo(
  { store, settings }: PictureContext,
  key: string,
  ifNoneMatch: string | undefined,
): Promise<Answer> {
  const latents = await readLatents(store, settings, key);
  const text = await decoding(key, async () => JSON.stringify(describe(key, latents), undefined, 2));
  return jsonAnswer(text, ifNoneMatch, latents.bytes.length);
}

/** JSON, with an ETag of its text. No body if the client has it. */
export function jsonAnswer(text: string, ifNoneMatch: string | undefined, bytesIn = 0): Answer {
  const bytes = Buffer.from(text);
  const tag = contentTag(bytes);
  const body = matches(ifNoneMatch, tag) ? undefined : { type: "application/json", bytes };
  return { tag, bytesIn, body };
}

async function render(
  models: ModelSource,
  settings: ServiceSettings,
  file: Uint8Array,
  request: PictureRequest,
): Promise<Uint8Array> {
  const { format } = request;
  if (format === "zn") return file;
  const own = readZn(file);
  const size = request.size && sizeWithin(own, request.size, settings);
  if (size) assertFits(fittedSize(own, size), own, settings);
  if (format === "png") assertSendable(leastPngBytesOf(own, size), request, settings, "at least ");
  const decoded = await decodePicture(models, file, request.look);
  const image = size ? await fitImage(decoded, size) : decoded;
  if (format === "png") assertSendable(await leastPngBytes(image), request, settings, "at least ");
  return writeImage(image, format);
}

/**
 * The size asked for. If nothing may be enlarged and it is larger than the picture, the largest size of the same shape
 * that the picture has.
 */
function sizeWithin(own: Size, wish: SizeWish, { enlarge }: ServiceSettings): SizeWish {
  const { scale } = fittedSize(own, wish);
  if (enlarge || scale <= 1) return wish;
  const side = (pixels: number): number => Math.max(1, Math.round(pixels / scale));
  return {
    ...(wish.width !== undefined && { width: side(wish.width) }),
    ...(wish.height !== undefined && { height: side(wish.height) }),
    fit: wish.fit,
  };
}

/**
 * The least bits a pixel that a PNG takes of a lossy file of so many bits a pixel; 0 where nothing is known,
 * because it may be a large screenshot. Measured on 168 files of photographs, portraits, text, gradients and noise, by
 * VP8 and AV1 at qualities 1–100: below 2 bits a PNG took at least 4.6 times the file, above at least 11 bits, and from
 * 0.3 bits on never less than 4.5 bits. Periodic patterns take less, but they are stored without loss.
 */
function leastPngBits(lossyBits: number): number {
  return lossyBits < 0.3 ? 0 : Math.max(4, Math.min(4 * lossyBits, 8), 1.5 * lossyBits);
}

/**
 * The least number of bytes that a picture can have as PNG, as far as its file shows, because decoding a picture of
 * megapixels takes long. 0 if nothing is known, because the picture is cut, or has no loss and is reduced.
 */
function leastPngBytesOf(own: ZnFile, wish: SizeWish | undefined): number {
  const colour = own.kind === "latents" ? own.file.length : own.frame.length;
  const lossy = own.kind !== "vp8l";
  const pixels = own.width * own.height;
  const opaque = lossy ? (leastPngBits((8 * colour) / pixels) * pixels) / 8 : colour;
  const whole = opaque + (own.alpha?.length ?? 0);
  if (!wish) return whole;
  const { width, height, scale } = fittedSize(own, wish);
  if (scale < 1 && !lossy) return 0;
  const shown = (width * height) / (own.width * own.height * scale * scale);
  return shown > 0.98 ? whole * Math.min(1, scale * scale) : 0;
}

/** From how many pixels on a sample of rows is compressed first, and how many rows. */
const LARGE = 512 * 512;
const PART_ROWS = 32;
/** The sample may compress this much worse than the whole picture. */
const SAFETY = 0.7;

/**
 * The least number of bytes that a picture can have as PNG, estimated from a sample. Compressing all of it takes long,
 * and most pictures of megapixels are too large to send.
 */
async function leastPngBytes({ width, height, data, alpha }: Image): Promise<number> {
  if (width * height < LARGE) return 0;
  const rows = Array.from({ length: PART_ROWS }, (_, i) => Math.floor(((i + 0.5) * height) / PART_ROWS));
  const part = (samples: Uint8Array, channels: number): Uint8Array =>
    Buffer.concat(rows.map((y) => samples.subarray(y * width * channels, (y + 1) * width * channels)));
  const sample = { width, height: PART_ROWS, data: part(data, 3), ...(alpha && { alpha: part(alpha, 1) }) };
  // the sampled rows are not neighbours, so PNG can only use the filter along a row
  const { length } = await writeImage(sample, "png");
  return (SAFETY * length * height) / PART_ROWS;
}

/** Checked from the header, before anything is decoded. */
function assertFits(
  { width, height, scale }: ReturnType<typeof fittedSize>,
  own: Size,
  { maxSide, maxEnlargement }: ServiceSettings,
): void {
  if (scale > maxEnlargement) {
    throw new Problem(
      400,
      `expected a picture of ${own.width}×${own.height} to be enlarged at most ${maxEnlargement} times, got ${moreThan(scale, maxEnlargement)} times`,
    );
  }
  if (Math.max(width, height) > maxSide) {
    throw new Problem(
      400,
      `expected sides of at most ${maxSide} pixels, got ${width}×${height} from a picture of ${own.width}×${own.height}`,
    );
  }
}

/** A number with just enough decimals to show that it is above the limit: `8.02`, because `8.0` would not show it. */
function moreThan(value: number, limit: number): string {
  for (let digits = 1; ; digits++) {
    const text = value.toFixed(digits);
    if (Number(text) > limit || digits === 15) return text;
  }
}

/** Lambda turns an answer over its limit into a 502 without an explanation. */
function assertSendable(
  length: number,
  { format }: PictureRequest,
  settings: ServiceSettings,
  bound: "at least " | "" = "",
): void {
  if (length <= settings.maxResponseBytes) return;
  throw new Problem(
    422,
    `expected a picture of at most ${settings.maxResponseBytes} bytes, got ${bound}${Math.round(length)} as ${format}; ask for a smaller one with ` +
      `w and h, or for another format`,
  );
}

async function decoding<T>(key: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    throw new Problem(500, `the latents of "${key}" could not be decoded`, { cause });
  }
}

type Latents = ObjectHead & { readonly bytes: Uint8Array };

async function readLatents(store: ObjectStore, settings: ServiceSettings, key: string): Promise<Latents> {
  const latents = mayHaveLatents(key) ? await store.read(settings.latentsBucket, latentsKey(key)) : undefined;
  if (latents) return latents;
  throw new Problem(404, `there is no picture "${key}"; one that was just uploaded takes a second or two`);
}

function describe(key: string, { bytes, metadata }: Latents): Record<string, unknown> {
  const { model, ...description } = describeFile(readZn(bytes));
  const noted = parseMetadata(metadata);
  return {
    key,
    ...description,
    ...(model !== undefined && { model: { number: model, name: noted.model } }),
    target: noted.target,
    effort: noted.effort,
    psnr: noted.psnr === Number.POSITIVE_INFINITY ? LOSSLESS : noted.psnr,
    bytes: bytes.length,
    source: { etag: noted.sourceEtag, bytes: noted.sourceSize },
  };
}
