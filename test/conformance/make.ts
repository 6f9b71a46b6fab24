/**
 * Makes the conformance files, and the worked bytes of docs/format.md, `node test/conformance/make.ts`: `.zn` files of
 * every kind and what they decode to, files that have to be refused and why (`conformance.json`). To be run when the
 * format gains something, or an unreleased model was retrained in place. What classical codecs write depends on their
 * versions, so their frames are taken from the files that are there.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { decodeLatents } from "../../src/codec/decode.ts";
import { readZn } from "../../src/codec/format/zn-file.ts";
import type { Model } from "../../src/codec/model.ts";
import { decodePicture } from "../../src/image/decode.ts";
import { openModels } from "../../src/model/folder.ts";
import { hashLatents, hashPixels } from "../codec/support.ts";
import { type Accepted, acceptedFiles, type Frames, makeFrames } from "./accepted.ts";
import { workedBytes } from "./page.ts";
import { refusedFiles } from "./refused.ts";

/** A file to be decoded, in `conformance.json`. */
export interface Expected {
  readonly file: string;
  readonly kind: "latents" | "vp8" | "av1" | "vp8l";
  readonly width: number;
  readonly height: number;
  /** Of latents: the rest of the header, the orientation, and the SHA-256 of `y_hat`. */
  readonly model?: number;
  readonly quality?: number;
  readonly grey?: boolean;
  readonly orientation?: number;
  readonly yHat?: string;
  /** SHA-256 of the pixels, RGB row by row. Those of VP8 are what libwebp makes of them, see docs/format.md. */
  readonly pixels: string;
  /** … and by the look `natural`, where the model has it. */
  readonly natural?: string;
  /** SHA-256 of the opacity, a byte a pixel, where there is any. */
  readonly alpha?: string;
}

/** A file to be refused, in `conformance.json`. */
export interface Wrong {
  readonly file: string;
  readonly reason: string;
}

export interface Conformance {
  readonly accept: readonly Expected[];
  readonly refuse: readonly Wrong[];
}

/** The part of docs/format.md that is written here, between its marks. */
export const BYTES = /(<!-- bytes: .* -->\n)([\s\S]*)(<!-- end of bytes -->)/;

export const FOLDER = fileURLToPath(new URL(".", import.meta.url));

if (process.argv[1] === fileURLToPath(import.meta.url)) await make();

async function make(): Promise<void> {
  const models = await openModels();
  const all = await Promise.all(models.list().map(({ number }) => models.byNumber(number)));
  const byName = new Map<string, Model>(all.map((model) => [model.name, model]));
  const frames = keptFrames() ?? (await makeFrames());
  const accepted = acceptedFiles(byName, frames).filter(
    ({ name }) => name !== "latents-long-form-listed-size",
  );
  const named = (name: string) => accepted.find((each) => each.name === name)!.file;
  const refused = refusedFiles(
    byName.get("faces")!,
    frames,
    named("latents-short-form"),
    named("latents-24x16"),
  );
  for (const folder of ["accept", "refuse"]) {
    rmSync(`${FOLDER}${folder}`, { recursive: true, force: true });
    mkdirSync(`${FOLDER}${folder}`);
  }
  const accept: Expected[] = [];
  for (const each of accepted) accept.push(await expectedOf(models, each));
  for (const { name, file } of accepted) writeFileSync(`${FOLDER}accept/${name}.zn`, file);
  for (const { name, file } of refused) writeFileSync(`${FOLDER}refuse/${name}.zn`, file);
  const refuse = refused.map(({ name, reason }) => ({ file: `refuse/${name}.zn`, reason }));
  writeFileSync(`${FOLDER}conformance.json`, `${JSON.stringify({ accept, refuse }, null, 2)}\n`);
  const page = fileURLToPath(new URL("../../docs/format.md", import.meta.url));
  const parts = readFileSync(page, "utf8").split(BYTES);
  writeFileSync(page, [parts[0], parts[1], workedBytes(named), parts[3], parts[4]].join(""));
  console.log(`${accept.length} files to decode, ${refuse.length} to refuse`);
}

/** The frames of the classical files that are there. */
function keptFrames(): Frames | undefined {
  const read = (name: string) => readZn(new Uint8Array(readFileSync(`${FOLDER}accept/${name}.zn`)));
  try {
    const frame = (name: string) => (read(name) as { readonly frame: Uint8Array }).frame;
    return {
      vp8: frame("vp8"),
      vp8l: frame("vp8l"),
      vp8lAlpha: frame("vp8l-alpha"),
      av1: frame("av1-444"),
      av1Halved: frame("av1-420"),
      av1Grey: frame("av1-monochrome"),
      alpha: read("alpha-vp8").alpha!,
    };
  } catch {
    return undefined;
  }
}

/** What a file decodes to. */
export async function expectedOf(
  models: Awaited<ReturnType<typeof openModels>>,
  { name, file }: Accepted,
): Promise<Expected> {
  const zn = readZn(file);
  const { kind, width, height } = zn;
  const picture = await decodePicture(models, file);
  const common = {
    pixels: hashPixels(picture),
    ...(picture.alpha && { alpha: hashPixels({ data: picture.alpha }) }),
  };
  const start = { file: `accept/${name}.zn`, kind, width, height };
  if (zn.kind !== "latents") return { ...start, ...common };
  const { model, quality, grey } = zn.header;
  const decoder = await models.byNumber(model);
  const { orientation, yHat } = decodeLatents(decoder, zn.file);
  const hasLook = (await decoder.withLook("natural")).look === "natural";
  return {
    ...{ ...start, model, quality, grey, orientation, yHat: hashLatents(yHat) },
    ...common,
    ...(hasLook && { natural: hashPixels(await decodePicture(models, file, "natural")) }),
  };
}
