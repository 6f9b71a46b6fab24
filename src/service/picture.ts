import { describeFile, readFile } from "../codec/file.ts";
import { decodePicture } from "../image/decode.ts";
import { writeImage } from "../image/write.ts";
import type { Models } from "../model/folder.ts";
import type { ServiceContext } from "./context.ts";
import { LOSSLESS } from "./draft.ts";
import { matches, pictureTag } from "./etag.ts";
import { FORMATS, type Format } from "./formats.ts";
import { latentsKey } from "./keys.ts";
import { Problem } from "./problem.ts";
import type { ServiceSettings } from "./settings.ts";
import type { ObjectHead, ObjectStore } from "./store.ts";

/** What goes back to the client; no body if it has the picture already. */
export interface Answer {
  readonly tag: string;
  readonly body: { readonly type: string; readonly bytes: Uint8Array } | undefined;
}

/** The picture of an upload's key in a format, unless `If-None-Match` names it already. Throws a 404 or a 500. */
export async function getPicture(
  { store, models, settings }: ServiceContext,
  key: string,
  format: Format,
  ifNoneMatch: string | undefined,
): Promise<Answer> {
  const latents = await readLatents(store, settings, key);
  const tag = pictureTag(latents.etag, format);
  if (matches(ifNoneMatch, tag)) return { tag, body: undefined };
  const bytes = await decoding(key, async () =>
    format === "zn" ? latents.bytes : render(models, latents.bytes, format),
  );
  return { tag, body: { type: FORMATS[format], bytes } };
}

/** What is known of a picture: the file's header, and what was noted when it was encoded. Throws a 404 or a 500. */
export async function getInfo(
  { store, settings }: ServiceContext,
  key: string,
  ifNoneMatch: string | undefined,
): Promise<Answer> {
  const latents = await readLatents(store, settings, key);
  const tag = pictureTag(latents.etag, "info");
  if (matches(ifNoneMatch, tag)) return { tag, body: undefined };
  const text = await decoding(key, async () => JSON.stringify(describe(key, latents), undefined, 2));
  return { tag, body: { type: "application/json", bytes: Buffer.from(text) } };
}

async function render(models: Models, file: Uint8Array, format: Exclude<Format, "zn">): Promise<Uint8Array> {
  return writeImage(await decodePicture(models, file), format);
}

async function decoding<T>(key: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    throw new Problem(500, `the latents of "${key}" could not be decoded`, { cause });
  }
}

type Latents = ObjectHead & { readonly bytes: Uint8Array };

async function readLatents(store: ObjectStore, settings: ServiceSettings, key: string): Promise<Latents> {
  const latents = await store.read(settings.latentsBucket, latentsKey(key));
  if (latents) return latents;
  throw new Problem(404, `there is no picture "${key}"; one that was just uploaded takes a second or two`);
}

function describe(key: string, { bytes, metadata }: Latents): Record<string, unknown> {
  const { model, ...description } = describeFile(readFile(bytes));
  const number = (name: string): number | undefined =>
    metadata[name] === undefined ? undefined : Number(metadata[name]);
  return {
    key,
    ...description,
    ...(model !== undefined && { model: { number: model, name: metadata["model"] } }),
    effort: number("effort"),
    psnr: metadata["psnr"] === LOSSLESS ? LOSSLESS : number("psnr"),
    bytes: bytes.length,
    source: { etag: metadata["source-etag"], bytes: number("source-size") },
  };
}
