/** Files that every decoder has to take: one or more of each kind, and what is rare in each. */
import { readFileSync } from "node:fs";
import sharp, { type Sharp, type WebpOptions } from "sharp";
import { encodeImage } from "../../src/codec/encode.ts";
import { priorOn, walkLatents } from "../../src/codec/entropy/context-model.ts";
import { RangeEncoder } from "../../src/codec/entropy/range-coder.ts";
import { av1Frame } from "../../src/codec/format/isobmff.ts";
import { checkByte, type Header, writeLatentsFile } from "../../src/codec/format/latents-file.ts";
import { webpFrame } from "../../src/codec/format/webp.ts";
import { withAlpha, writeClassical } from "../../src/codec/format/zn-file.ts";
import type { Image } from "../../src/codec/image.ts";
import { encodeOrientation, turned, turnedSize } from "../../src/codec/image.ts";
import type { Model } from "../../src/codec/model.ts";
import { latentSize } from "../../src/codec/network/architecture.ts";
import { LATENT_UNIT } from "../../src/codec/network/prior.ts";
import { alphaFrame } from "../../src/image/classical/codecs.ts";
import { madePicture } from "../codec/support.ts";
import { av1Of, described, openAv1 } from "./av1-header.ts";

/** A file to be taken. */
export interface Accepted {
  readonly name: string;
  readonly file: Uint8Array;
}

/** Frames of classical codecs and alpha, of 24×16 pixels. */
export interface Frames {
  readonly vp8: Uint8Array;
  readonly vp8l: Uint8Array;
  readonly vp8lAlpha: Uint8Array;
  readonly av1: Uint8Array;
  readonly av1Halved: Uint8Array;
  readonly av1Grey: Uint8Array;
  readonly alpha: Uint8Array;
}

const PICTURE = new URL("../images/face-hat-64.png", import.meta.url);
/**
 * A monochrome AV1 frame of 24×16 pixels without a colour description, as libaom 3 writes it (Pillow 13:
 * `subsampling="4:0:0"`); sharp writes none.
 */
const MONOCHROME =
  "CggYEO/tsBDQajJpF4YhgABlVALwlZENrkYvoxMRyqehw9kWaR/NAX2dVbtB9tOjVvkN+/5ZESTbHoNuJXTcLMoX3hXySvhVZVrHMoX00y9jfufgQJLM3RJJrk44" +
  "lVWxBBHlznBk9Xzt//yEXmLK/ciPU3DA";

/** Encodes the classical frames; other versions of the encoders give other bytes. */
export async function makeFrames(): Promise<Frames> {
  const picture = sharp(readFileSync(PICTURE)).resize(24, 16, { fit: "fill" });
  const webp = async (image: Sharp, options: WebpOptions) =>
    Uint8Array.from(webpFrame(await image.webp(options).toBuffer())!.payload);
  const avif = async (chromaSubsampling: string) =>
    Uint8Array.from(av1Frame(await picture.avif({ quality: 60, effort: 9, chromaSubsampling }).toBuffer()));
  const alpha = Uint8Array.from({ length: 24 * 16 }, (_, i) => Math.min(255, (i % 24) * 12));
  const { fields, frame } = openAv1(Uint8Array.from(Buffer.from(MONOCHROME, "base64")));
  return {
    vp8: await webp(picture, { quality: 60 }),
    vp8l: await webp(picture, { lossless: true }),
    vp8lAlpha: await webp(picture.clone().ensureAlpha(0.5), { lossless: true }),
    av1: await avif("4:4:4"),
    av1Halved: await avif("4:2:0"),
    av1Grey: av1Of(described(fields), frame),
    alpha: Uint8Array.from(await alphaFrame({ width: 24, height: 16, data: new Uint8Array(), alpha })),
  };
}

/** @param models by name */
export function acceptedFiles(models: ReadonlyMap<string, Model>, frames: Frames): Accepted[] {
  const faces = models.get("faces")!;
  const face = (width: number, height: number, seed: number, grey = false) =>
    madePicture(width, height, seed, grey);
  const latents = (name: string, image: Image, quality: number, model = faces) => ({
    name: `latents-${name}`,
    file: encodeImage(model, image, quality).file,
  });
  const opaque = latents("24x16", face(24, 16, 0), 60);
  return [
    latents("short-form", face(16, 16, 0), 80),
    opaque,
    latents("smallest", face(8, 8, 1), 50),
    latents("two-byte-side", face(129, 8, 1), 30),
    latents("longest-side", face(1024, 8, 1), 20),
    latents("grey", face(24, 16, 1, true), 50),
    latents("lowest-quality", face(24, 24, 4), 1),
    latents("highest-quality", face(24, 24, 2), 100),
    ...[...models.values()].map((model) => latents(`of-${model.name}`, face(32, 32, 0), 40, model)),
    ...everyOrientation(models.get("natural")!),
    { name: "latents-escapes", file: withEscapes(faces) },
    { name: "latents-empty-payload", file: emptyPayload(faces) },
    { name: "vp8", file: writeClassical("vp8", frames.vp8) },
    { name: "vp8l", file: writeClassical("vp8l", frames.vp8l) },
    { name: "vp8l-alpha", file: writeClassical("vp8l", frames.vp8lAlpha) },
    { name: "av1-444", file: writeClassical("av1", frames.av1) },
    { name: "av1-420", file: writeClassical("av1", frames.av1Halved) },
    { name: "av1-monochrome", file: writeClassical("av1", frames.av1Grey) },
    { name: "av1-long-sizes", file: writeClassical("av1", longSizes(frames.av1)) },
    { name: "alpha-latents", file: withAlpha(opaque.file, frames.alpha) },
    { name: "alpha-vp8", file: withAlpha(writeClassical("vp8", frames.vp8), frames.alpha) },
    { name: "alpha-av1", file: withAlpha(writeClassical("av1", frames.av1), frames.alpha) },
  ];
}

/** A picture that is not square, in each of the eight orientations. */
function everyOrientation(model: Model): Accepted[] {
  const strip = madePicture(24, 16, 0);
  return Array.from({ length: model.orientations }, (_, orientation) => ({
    name: `latents-turned-${orientation}`,
    file: encodeImage(model, turned(strip, orientation), 30).file,
  }));
}

/** Latents by hand: the symbols 895, −895 and others of many magnitudes among zeros. */
export function withEscapes(model: Model): Uint8Array {
  const magnitudes = [895, -895, 1, -1, 2, 100, -100, 300, -600, 512];
  return byHand(model, { width: 8, height: 8, quality: 50 }, 1, (at) => magnitudes[at] ?? 0);
}

/** Each symbol the first of its table: the payload is empty. */
function emptyPayload(model: Model): Uint8Array {
  return byHand(model, { width: 8, height: 8, quality: 50 }, 0, (_at, scale) => firstSymbol(model, scale));
}

/** The first symbol of a table: its interval begins at 0, so it adds nothing to the code. */
function firstSymbol({ tables }: Model, scale: number): number {
  for (let symbol = 0; ; symbol--) {
    const coder = new RangeEncoder();
    tables.encode(coder, scale, symbol);
    if (coder.finish().length === 0) return symbol;
  }
}

/** A file of chosen symbols. */
export function byHand(
  { number, architecture, prior, levels, tables, orientations }: Model,
  { width, height, quality }: { readonly width: number; readonly height: number; readonly quality: number },
  orientation: number,
  symbolOf: (at: number, scale: number) => number,
): Uint8Array {
  const coder = new RangeEncoder();
  encodeOrientation(coder, orientation, orientations);
  const coded = turnedSize({ width, height }, orientation);
  const shape = latentSize(coded.width, coded.height);
  let at = 0;
  const yHat = walkLatents(
    architecture,
    priorOn(prior, architecture, shape),
    shape,
    levels[quality - 1]!,
    (_, mean, scale) => {
      const symbol = symbolOf(at++, scale);
      tables.encode(coder, scale, symbol);
      return symbol * LATENT_UNIT + mean;
    },
  );
  const header: Header = { model: number, quality, grey: false, width, height };
  return writeLatentsFile(header, checkByte(header, orientation, yHat), coder.finish());
}

/** Sizes of OBUs in more bytes than they need, which AV1 allows. */
function longSizes(picture: Uint8Array): Uint8Array {
  const size = picture[1]!;
  const rest = picture.subarray(2 + size);
  return Uint8Array.of(picture[0]!, size | 128, 128, 0, ...picture.subarray(2, 2 + size), ...rest);
}
