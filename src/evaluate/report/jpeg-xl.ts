import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import decodeJxl, { init as initDecoder } from "@jsquash/jxl/decode.js";
import encodeJxl, { init as initEncoder } from "@jsquash/jxl/encode.js";
import { type Peer, steps } from "../peers.ts";
import { packageVersion } from "./package-version.ts";
import { fromRgba, toRgba } from "./rgba.ts";

const VERSION = `@jsquash/jxl ${packageVersion("@jsquash/jxl")}`;

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

/** Bare codestreams, at the highest effort. */
function jpegXl(name: string, how: string, lossyModular: boolean): Peer {
  return {
    name,
    settings: `${VERSION}, effort 9, ${how}`,
    qualities: [1, ...steps(10, 90, 10), 95],
    async encode(image, quality) {
      await start();
      const pixels: Pixels = { width: image.width, height: image.height, data: toRgba(image) };
      return new Uint8Array(
        await encodeJxl(pixels as Parameters<typeof encodeJxl>[0], { effort: 9, quality, lossyModular }),
      );
    },
    async decode(file, size) {
      await start();
      const { data } = (await decodeJxl(new Uint8Array(file).buffer)) as Pixels;
      return fromRgba(size, data);
    },
  };
}

/** As people use it, and as it comes out ahead in PSNR on small pictures: a lossy picture that is not cut into DCT blocks. */
export const JPEG_XL: readonly Peer[] = [
  jpegXl("jpegxl", "VarDCT", false),
  jpegXl("jpegxl-modular", "lossy modular", true),
];
