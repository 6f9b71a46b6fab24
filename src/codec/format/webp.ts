import { joined, notZn } from "./bytes.ts";

/** The two codecs of WebP: lossy and lossless. */
export type WebpCodec = "vp8" | "vp8l";

/** A frame of WebP without its container, and what its first bytes say. */
export interface WebpFrame {
  readonly codec: WebpCodec;
  readonly payload: Uint8Array;
}

/** The longest side of a picture in pixels: a VP8 frame has 14 bits for each (RFC 6386, 9.1). */
export const MAX_WEBP_SIDE = 16_383;

const FOUR_CC: Readonly<Record<WebpCodec, string>> = { vp8: "VP8 ", vp8l: "VP8L" };

/**
 * The frame of a still WebP file (RFC 9649, §2.5 and §2.6: a RIFF file with one chunk), or undefined if it is an
 * extended one, with alpha or metadata beside the frame.
 */
export function webpFrame(file: Uint8Array): WebpFrame | undefined {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 20 || ascii(file, 0) !== "RIFF" || ascii(file, 8) !== "WEBP") return undefined;
  const codec = (["vp8", "vp8l"] as const).find((name) => FOUR_CC[name] === ascii(file, 12));
  const length = view.getUint32(16, true);
  // an odd chunk is padded; anything after it would be lost
  if (!codec || 20 + length + (length & 1) !== file.length) return undefined;
  return { codec, payload: file.subarray(20, 20 + length) };
}

/** A WebP file around a frame. */
export function webpFile({ codec, payload }: WebpFrame): Uint8Array {
  const padded = payload.length + (payload.length & 1);
  const head = new Uint8Array(20);
  const view = new DataView(head.buffer);
  head.set(new TextEncoder().encode(`RIFF    WEBP${FOUR_CC[codec]}`));
  view.setUint32(4, 12 + padded, true);
  view.setUint32(16, payload.length, true);
  return joined(head, payload, new Uint8Array(padded - payload.length));
}

/** Size that a frame states, and whether it has alpha. Throws `bad-file`. */
export function webpSize({ codec, payload }: WebpFrame): { width: number; height: number; alpha: boolean } {
  return codec === "vp8" ? vp8Size(payload) : vp8lSize(payload);
}

/**
 * RFC 6386, §9.1: a tag of three bytes, a start code, 14 bits of width and 2 of scale, the same of height. The tag is,
 * from its lowest bit on: 0 for a key frame, 3 bits of version, 1 bit that shows the frame, 19 bits of the length of
 * the first partition.
 */
function vp8Size(payload: Uint8Array) {
  const [low, middle, high, ...start] = payload.subarray(0, 6);
  if (payload.length < VP8_HEADER || (low! & 1) !== 0 || start.join() !== "157,1,42") {
    throw notZn("expected a VP8 key frame");
  }
  const version = (low! >> 1) & 7;
  if (version > 3) throw notZn(`expected a VP8 version of 0–3, got ${version}`);
  if ((low! & 16) === 0) throw notZn("expected a VP8 frame that is shown");
  const first = (low! >> 5) | (middle! << 3) | (high! << 11);
  const left = payload.length - VP8_HEADER;
  if (first > left) throw notZn(`expected ${first} bytes of the first VP8 partition, got ${left}`);
  if (((payload[7]! | payload[9]!) & 0xc0) !== 0) throw notZn("expected a VP8 frame without scaling");
  const width = payload[6]! | (payload[7]! << 8);
  const height = payload[8]! | (payload[9]! << 8);
  return { width: side(width), height: side(height), alpha: false };
}

const VP8_HEADER = 10;

/** RFC 9649, §3.4: a signature, 14 bits of width − 1, 14 of height − 1, alpha, 3 bits of version. */
function vp8lSize(payload: Uint8Array) {
  if (payload.length < 6 || payload[0] !== VP8L_SIGNATURE || payload[4]! >> 5 !== 0) {
    throw notZn("expected a VP8L frame");
  }
  const width = 1 + (payload[1]! | ((payload[2]! & 63) << 8));
  const height = 1 + ((payload[2]! >> 6) | (payload[3]! << 2) | ((payload[4]! & 15) << 10));
  return { width, height, alpha: (payload[4]! & 16) !== 0 };
}

function side(value: number): number {
  if (value > 0) return value;
  throw notZn("expected a VP8 frame of at least one pixel");
}

const VP8L_SIGNATURE = 0x2f;
const VP8L_HEADER = 5;

/** Takes the header that states the size off a VP8L frame. */
export function withoutVp8lHeader(payload: Uint8Array): Uint8Array {
  return payload.subarray(VP8L_HEADER);
}

export function withVp8lHeader(stream: Uint8Array, width: number, height: number): Uint8Array {
  const [w, h] = [width - 1, height - 1];
  return joined(
    Uint8Array.of(VP8L_SIGNATURE, w & 255, (w >> 8) | ((h & 3) << 6), (h >> 2) & 255, h >> 10),
    stream,
  );
}

function ascii(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
