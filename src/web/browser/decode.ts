import { client } from "./client.ts";
import { blobOf, canvasOf } from "./picture.ts";
import { bytesOf, type Source } from "./source.ts";

/**
 * `.zn` files of any kind → pixels. Of many, the first that fails rejects. Throws `bad-file`, `unknown-model`, `bad-model`,
 * `too-large`, `unavailable`.
 */
export async function decode(source: Source): Promise<ImageData>;
export async function decode(sources: readonly Source[]): Promise<ImageData[]>;
export async function decode(sources: Source | readonly Source[]): Promise<ImageData | ImageData[]> {
  return isMany(sources) ? Promise.all(await readAll(sources)) : decodeOne(sources);
}

/** As `decode`, each with its own outcome, as `Promise.allSettled` gives it. */
export async function decodeSettled(sources: readonly Source[]): Promise<PromiseSettledResult<ImageData>[]> {
  return Promise.allSettled(await readAll(sources));
}

/** A picture on a canvas: one that is given takes its size. */
export async function decodeToCanvas(
  source: Source,
  canvas: HTMLCanvasElement = document.createElement("canvas"),
): Promise<HTMLCanvasElement> {
  return canvasOf(await decodeOne(source), canvas);
}

/** A picture as the URL of a PNG, for `<img>` or CSS; give it to `URL.revokeObjectURL` when it is done with. */
export async function decodeToUrl(source: Source): Promise<string> {
  return URL.createObjectURL(await blobOf(await decodeOne(source)));
}

function isMany(sources: Source | readonly Source[]): sources is readonly Source[] {
  return Array.isArray(sources);
}

async function decodeOne(source: Source): Promise<ImageData> {
  return send(await bytesOf(source));
}

/** All bytes are there before the first is sent, so that they go to the worker in one message. */
async function readAll(sources: readonly Source[]): Promise<Promise<ImageData>[]> {
  const files = await Promise.allSettled(sources.map(bytesOf));
  return files.map((file) => (file.status === "fulfilled" ? send(file.value) : Promise.reject(file.reason)));
}

async function send(file: Uint8Array): Promise<ImageData> {
  const { data, width, height } = await client("decoder").decode(file);
  return new ImageData(data, width, height);
}
