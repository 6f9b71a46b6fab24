import openJpeg from "@cornerstonejs/codec-openjpeg/wasmjs";
import { packageVersion } from "../measure/cache.ts";
import { type Peer, steps } from "./peer.ts";

const VERSION = `@cornerstonejs/codec-openjpeg ${packageVersion("@cornerstonejs/codec-openjpeg")}`;

/** Marker segments: a comment, and the first tile-part, before which comments are. */
const COMMENT = 0x64;
const TILE_PART = 0x90;

let started: ReturnType<typeof openJpeg> | undefined;

/** OpenJPEG as WebAssembly, silent. */
function start(): ReturnType<typeof openJpeg> {
  started ??= openJpeg({ print: () => undefined, printErr: () => undefined });
  return started;
}

/**
 * Bare codestreams of OpenJPEG, one layer, its comment (39 bytes) taken out. Fewer decompositions than its five suit
 * pictures of a few dozen pixels: at 64 pixels and 30 dB two save a tenth. The rate is what an encoder is asked for, in
 * hundredths of a bit a pixel.
 */
export const JPEG_2000: Peer = {
  name: "jpeg2000",
  settings: `${VERSION}, 9/7, decompositions to 16 pixels, without comment`,
  qualities: [...steps(40, 180, 20), ...steps(200, 480, 40), ...steps(560, 1200, 160)],
  async encode({ width, height, data }, rate) {
    const encoder = new (await start()).J2KEncoder();
    try {
      const frame = { width, height, bitsPerSample: 8, componentCount: 3, isSigned: false };
      encoder.getDecodedBuffer({ ...frame, isUsingColorTransform: true }).set(data);
      encoder.setQuality(false, 1);
      encoder.setDecompositions(decompositions(Math.min(width, height)));
      encoder.setCompressionRatio(0, 2400 / rate);
      encoder.encode();
      return withoutComments(encoder.getEncodedBuffer());
    } finally {
      encoder.delete();
    }
  },
  async decode(file, { width, height }) {
    const decoder = new (await start()).J2KDecoder();
    try {
      decoder.getEncodedBuffer(file.length).set(file);
      decoder.decode();
      return { width, height, data: Uint8Array.from(decoder.getDecodedBuffer()) };
    } finally {
      decoder.delete();
    }
  },
};

/** Two for sides up to 64 pixels, five from 512. */
function decompositions(side: number): number {
  return Math.min(5, Math.max(2, Math.floor(Math.log2(side / 16))));
}

/** A codestream without the comment segments of its main header: a copy. */
export function withoutComments(codestream: Uint8Array): Uint8Array {
  const kept: Uint8Array[] = [codestream.subarray(0, 2)];
  let at = 2;
  while (codestream[at] === 0xff && codestream[at + 1] !== TILE_PART) {
    const next = at + 2 + codestream[at + 2]! * 256 + codestream[at + 3]!;
    if (codestream[at + 1] !== COMMENT) kept.push(codestream.subarray(at, next));
    at = next;
  }
  kept.push(codestream.subarray(at));
  return new Uint8Array(Buffer.concat(kept));
}
