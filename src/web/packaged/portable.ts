/**
 * `zippynet/decode`: `.zn` files → pixels wherever there is WebAssembly with SIMD: Node, browsers, Deno, Bun, workers
 * at the edge. It has no dependency and imports nothing of Node. `configure` sets where the weights are. Names that
 * `zippynet` has too do the same as there.
 *
 * ```ts
 * import { configure, decode } from "zippynet/decode";
 * import faces from "@zippynet/model-faces";
 * configure({ models: [faces] });
 * const { width, height, data } = await decode(bytes);
 * ```
 *
 * It works in the caller's thread. Frames of VP8 and AV1, which are used if no model fits the picture, are decoded only
 * in browsers.
 */

import { type Outcome, settleEach } from "../../api/many.ts";
import { infoOfModel, type ModelInfo } from "../../api/models.ts";
import {
  abortable,
  assertKnown,
  assertModel,
  type DecodeOptions,
  decodeWish,
  MANY,
  type ManyOptions,
} from "../../api/options.ts";
import { type Picture, pictureOf } from "../../api/picture.ts";
import { bytesOf, type Source } from "../../api/source.ts";
import { decodeImage } from "../../codec/decode.ts";
import { ZippyNetError } from "../../codec/errors.ts";
import { readZn } from "../../codec/format/zn-file.ts";
import { useKernel as useCompiled } from "../../codec/integer/kernel.ts";
import type { Decoder } from "../../codec/model.ts";
import { loadDecoder } from "../../model/load-decoder.ts";
import { parseManifest } from "../../model/manifest.ts";
import { type Decoders, fetchFile, type ModelEntry, modelsOf, summaryOf } from "../../model/models.ts";
import { assertPackages, type ModelPackage, manifestOf, placeOf } from "../../model/package.ts";
import { applyAlpha, decodeClassical } from "../browser/worker/classical.ts";

export * from "../../api/contract.ts";
export type { Place } from "../../model/package.ts";

export interface Settings {
  /**
   * The models that files may need: what packages `@zippynet/model-NAME` export, or the same with bytes, URLs or
   * functions as `files`.
   */
  readonly models: readonly ModelPackage[];
}

let models: Decoders = modelsOf<Decoder>([], loadDecoder);
let infos: readonly ModelInfo[] = [];

/** Sets the models. Throws `bad-option`, `bad-model`. */
export function configure(settings: Settings): void {
  assertKnown(settings, ["models"]);
  assertPackages(settings.models);
  models = modelsOf(settings.models.map(entryOf), loadDecoder);
  infos = settings.models.map((model) => infoOfModel(manifestOf(model)));
}

/**
 * Uses a kernel that is compiled already, on edge runtimes that may not compile bytes. Call it before anything is
 * decoded. Throws `bad-option` for what is no WebAssembly module.
 */
export function useKernel(compiled: object): void {
  useCompiled(compiled);
}

/** The models that were set, sorted by number. */
export async function listModels(): Promise<ModelInfo[]> {
  return [...infos].sort((a, b) => a.number - b.number);
}

/** A `.zn` file → pixels. Throws `bad-file`, `unknown-model`, `bad-model`, `too-large`, `bad-option`, `unavailable`. */
export async function decode(source: Source, options: DecodeOptions = {}): Promise<Picture> {
  return decodeOne(source, options);
}

/**
 * Many files, by default one after the other, each with its outcome as `Promise.allSettled` gives it. Throws
 * `bad-option`.
 */
export async function decodeMany(
  sources: Iterable<Source>,
  options: DecodeOptions & ManyOptions = {},
): Promise<Outcome<Picture>[]> {
  decodeWish(options, MANY);
  return settleEach(sources, options, 1, decodeOne);
}

/**
 * Loads a model ahead of the first picture that needs it; by default the first that encoders take. Throws
 * `unknown-model`, `bad-model`.
 */
export async function preload(model?: string | number): Promise<void> {
  if (model !== undefined) assertModel(model);
  await (model === undefined ? models.default() : models.choose(model));
}

async function decodeOne(source: Source, options: DecodeOptions): Promise<Picture> {
  const { channels, look } = decodeWish(options);
  const file = readZn(await bytesOf(source));
  const work = async (): Promise<Picture> => {
    const opaque =
      file.kind === "latents"
        ? pictureOf(decodeImage(await (await models.byNumber(file.header.model)).withLook(look), file.file))
        : await decodeClassical(file);
    return file.alpha ? applyAlpha(opaque, file.alpha, file) : opaque;
  };
  const picture = await abortable(options, work);
  return channels === 4 ? picture : { ...picture, data: picture.data.filter((_, i) => i % 4 < 3) };
}

function entryOf(model: ModelPackage): ModelEntry {
  const manifest = manifestOf(model);
  const summary = summaryOf(parseManifest(manifest));
  const read = async (file: string): Promise<Uint8Array> => {
    if (file === "manifest.json") return new TextEncoder().encode(manifest);
    const place = await placeOf(model, file);
    if (place === undefined)
      throw new ZippyNetError("bad-model", `${summary.name}: expected the file ${file}, got none`);
    return typeof place === "string" ? fetched(place) : place;
  };
  return { ...summary, read };
}

/** How a module that must not import anything of Node reads files in Node, whose `fetch` does not. */
interface NodeProcess {
  getBuiltinModule?(name: "node:fs/promises"): { readFile(url: URL): Promise<Uint8Array> };
}

async function fetched(url: string): Promise<Uint8Array> {
  const { process } = globalThis as { process?: NodeProcess };
  if (url.startsWith("file:") && process?.getBuiltinModule) {
    const { readFile } = process.getBuiltinModule("node:fs/promises");
    const read = async (): Promise<Uint8Array> => readFile(new URL(url));
    return read().catch((cause: unknown) => {
      throw new ZippyNetError("bad-model", `expected a file of a model at ${url}: ${cause}`, { cause });
    });
  }
  return fetchFile(url);
}
