import sharp, { type Sharp } from "sharp";
import { av1Payload } from "../../codec/format/isobmff.ts";
import type { Image } from "../../codec/image.ts";
import { psnr } from "../../codec/rate-distortion.ts";
import { cappedPsnr } from "../measure/curve.ts";
import { type Metrics, type Scores, scoresOf } from "../measure/scores.ts";

/** A classical codec that ZippyNet is measured against. */
export interface Peer {
  readonly name: string;
  /** A name for people, and part of the cache's key: with the version of a codec that is not sharp's. */
  readonly settings: string;
  /** Whole numbers to choose from, rising. */
  readonly qualities: readonly number[];
  /** Opaque pixels → a whole file. */
  readonly encode: (image: Image, quality: number) => Promise<Uint8Array>;
  /** That file → pixels; `size` is that of the image it was made from. */
  readonly decode: (file: Uint8Array, size: Pick<Image, "width" | "height">) => Promise<Image>;
  /** The part of a file that the coder itself wrote, without the container, if that is known. */
  readonly payload?: (file: Uint8Array) => Uint8Array;
}

/** One image at one quality. */
export interface Measured extends Scores {
  /** Bytes of the whole file. */
  readonly bytes: number;
  readonly payload: number | undefined;
  readonly psnr: number;
}

/** The whole numbers from one to another. */
export const steps = (from: number, to: number, by: number): number[] =>
  Array.from({ length: Math.floor((to - from) / by) + 1 }, (_, i) => from + i * by);

/**
 * WebP and AVIF stand here twice: as people use them, tuned to the eye, and tuned to PSNR, which is what is measured.
 * Tried on training faces of 42 pixels: WebP's `icon` preset (no spatial noise shaping, no deblocking) takes 7 % off at
 * equal PSNR, AVIF's `psnr` tuning 4 %; careful subsampling of WebP and 4:2:0 AVIF are no better.
 */
export const PEERS: readonly Peer[] = [
  sharpPeer({
    name: "mozjpeg",
    settings: "sharp jpeg, mozjpeg, 4:2:0",
    qualities: steps(5, 95, 10),
    code: (picture, quality) => picture.jpeg({ quality, mozjpeg: true }),
  }),
  sharpPeer({
    name: "webp",
    settings: "sharp webp, effort 6",
    qualities: [1, ...steps(10, 100, 10)],
    code: (picture, quality) => picture.webp({ quality, effort: 6 }),
  }),
  sharpPeer({
    name: "webp-psnr",
    settings: "sharp webp, effort 6, preset icon",
    qualities: [1, ...steps(10, 100, 10)],
    code: (picture, quality) => picture.webp({ quality, effort: 6, preset: "icon" }),
  }),
  sharpPeer({
    name: "avif",
    settings: "sharp avif, effort 9, 4:4:4",
    qualities: [1, ...steps(5, 95, 5)],
    code: (picture, quality) => picture.avif({ quality, effort: 9, chromaSubsampling: "4:4:4" }),
    payload: av1Payload,
  }),
  sharpPeer({
    name: "avif-psnr",
    settings: "sharp avif, effort 9, 4:4:4, tune psnr",
    qualities: [1, ...steps(5, 95, 5)],
    code: (picture, quality) =>
      picture.avif({ quality, effort: 9, chromaSubsampling: "4:4:4", tune: "psnr" }),
    payload: av1Payload,
  }),
];

/** A codec of sharp's. */
function sharpPeer({
  code,
  ...peer
}: Omit<Peer, "encode" | "decode"> & { code: (picture: Sharp, quality: number) => Sharp }): Peer {
  return {
    ...peer,
    encode: ({ width, height, data }, quality) =>
      code(sharp(data, { raw: { width, height, channels: 3 } }), quality).toBuffer(),
    async decode(file, { width, height }) {
      const data = await sharp(file).toColourspace("srgb").removeAlpha().raw().toBuffer();
      return { width, height, data: new Uint8Array(data) };
    },
  };
}

/** Encodes, decodes and compares 8-bit pixels. */
export async function measure(
  peer: Peer,
  image: Image,
  quality: number,
  metrics?: Metrics,
): Promise<Measured> {
  const file = await peer.encode(image, quality);
  const decoded = await peer.decode(file, image);
  return {
    bytes: file.length,
    payload: peer.payload?.(file).length,
    psnr: cappedPsnr(psnr(image, decoded)),
    ...(metrics && scoresOf(metrics, image, decoded)),
  };
}
