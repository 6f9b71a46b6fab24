import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import decodeJxl, { init as initDecoder } from "@jsquash/jxl/decode.js";
import encodeJxl, { init as initEncoder } from "@jsquash/jxl/encode.js";
import { packageVersion } from "../measure/cache.ts";
import { readPixels, writeJpegXl } from "./magick.ts";
import { type Peer, steps } from "./peer.ts";
import { fromRgba, toRgba } from "./rgba.ts";

/** What is used of the browser's ImageData. */
interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

let started: Promise<unknown> | undefined;

/** libjxl as WebAssembly; the package would fetch it by URL, which Node cannot from files. */
function start(): Promise<unknown> {
  // what `init` of a module takes beside it is optional there, though its types do not say so
  const initialise = async (init: unknown, path: string): Promise<void> => {
    const file = await readFile(fileURLToPath(import.meta.resolve(`@jsquash/jxl/codec/${path}`)));
    await (init as (module: WebAssembly.Module) => Promise<unknown>)(new WebAssembly.Module(file));
  };
  started ??= Promise.all([
    initialise(initEncoder, "enc/jxl_enc.wasm"),
    initialise(initDecoder, "dec/jxl_dec.wasm"),
  ]);
  return started;
}

/**
 * Bare codestreams, at the highest effort, in both ways of coding a lossy picture: in DCT blocks, and whole. On a
 * sample face of 42 pixels the first is ahead below 29 dB, the second above. ImageMagick brings the newer libjxl, whose
 * DCT needs a quarter fewer bytes at 27 dB than the older one's; only that offers the second way.
 */
export const JPEG_XL: readonly Peer[] = [
  {
    name: "jpegxl",
    settings: `@imagemagick/magick-wasm ${packageVersion("@imagemagick/magick-wasm")}, effort 9`,
    qualities: [1, ...steps(10, 90, 10), 95],
    encode: (image, quality) => writeJpegXl(image, quality, 9),
    decode: readPixels,
  },
  {
    name: "jpegxl-modular",
    settings: `@jsquash/jxl ${packageVersion("@jsquash/jxl")}, effort 9, lossy modular`,
    qualities: [1, ...steps(10, 90, 10), 95],
    async encode(image, quality) {
      await start();
      const pixels: Pixels = { width: image.width, height: image.height, data: toRgba(image) };
      const options = { effort: 9, quality, lossyModular: true };
      return new Uint8Array(await encodeJxl(pixels as Parameters<typeof encodeJxl>[0], options));
    },
    async decode(file, size) {
      await start();
      const { data } = (await decodeJxl(new Uint8Array(file).buffer)) as Pixels;
      return fromRgba(size, data);
    },
  },
];
