import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import * as v from "valibot";
import { ZippyNetError } from "../codec/errors.ts";
import { ORIENTATIONS } from "../codec/image.ts";
import { isThere, makeFolders } from "../folders.ts";
import { architectureSchema, licenceFields, nameSchema, numberSchema, parseJson } from "../model/manifest.ts";
import { ENGINES } from "./plan.ts";

const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const cut = v.picklist(["aligned", "patches"]);
const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));

const sampling = v.object({
  cut: v.union([cut, v.array(cut)]),
  sizes: v.exactOptional(v.array(v.tuple([count, v.number()]))),
  batch: v.exactOptional(count),
  shares: v.exactOptional(v.array(v.number())),
  whole: v.exactOptional(share),
  middle: v.exactOptional(share),
  colour: v.exactOptional(share),
  grey: v.exactOptional(share),
});

const set = v.object({
  /** Of its folder, and of the archive NAME.tar. */
  name: v.string(),
  /** SHA-256 of the archive; for a folder without an archive see `hashOfFolder`. */
  sha256,
  /** Beginnings of names of images that are left out. */
  without: v.exactOptional(v.array(v.string())),
  images: v.exactOptional(count),
  terms: v.string(),
});

const stage = v.object({
  /** Names of the sets that it trains on. */
  data: v.pipe(v.array(v.string()), v.minLength(1)),
  engine: v.picklist(ENGINES),
  sampling,
  /** Images to train on, repeats counted. */
  samples: count,
  /** Peak learning rate, and the share of the stage at it. */
  rate: v.number(),
  flat: v.exactOptional(share),
  /** Networks that the stage grows to: more residual blocks, which begin as the identity. */
  architecture: v.exactOptional(architectureSchema),
  /** Starts from the averaged weights before it with an optimiser that knows nothing, and not from where that stood. */
  fresh: v.exactOptional(v.boolean()),
  only: v.exactOptional(v.literal("prior")),
  bits: v.exactOptional(v.picklist(["noisy", "rounded"])),
});

const schema = v.object({
  name: nameSchema,
  number: numberSchema,
  description: v.string(),
  /** Numbers of older models for the same pictures, see the manifest. */
  supersedes: v.exactOptional(v.array(numberSchema)),
  orientations: v.picklist(ORIENTATIONS),
  ...licenceFields,
  seed: count,
  /** Share of the images that are held out. */
  heldOut: share,
  architecture: architectureSchema,
  /** What the first stage starts from, if not from noise: a model's name or a file of weights. */
  init: v.exactOptional(v.string()),
  data: v.pipe(v.array(set), v.minLength(1)),
  stages: v.pipe(v.array(stage), v.minLength(1)),
});

/** How a model was made, `recipe.json` of its folder: `zippynet train --recipe` makes it again. */
export type Recipe = v.InferOutput<typeof schema>;
export type Stage = Recipe["stages"][number];
export type DataSet = Recipe["data"][number];

/** Throws `bad-option` with the path of the first field that is wrong. */
export function parseRecipe(json: string): Recipe {
  const recipe = parseJson(schema, json, "bad-option", "--recipe");
  const names = new Set(recipe.data.map(({ name }) => name));
  const unknown = recipe.stages.flatMap(({ data }) => data).find((name) => !names.has(name));
  if (unknown) {
    throw new ZippyNetError(
      "bad-option",
      `--recipe: expected stages of ${[...names].join(", ")}, got ${unknown}`,
    );
  }
  return recipe;
}

/**
 * The folder of a set's images, checked against its hash: `NAME.tar` of a folder of data, unpacked without what is left
 * out, else its folder NAME. Throws `bad-option` if neither is there or it is another one.
 * @param to where archives are unpacked, each in a folder of its own; they may be there from before
 */
export async function folderOf(
  { name, sha256, without = [] }: DataSet,
  data: string,
  to: string,
): Promise<string> {
  const archive = join(data, `${name}.tar`);
  const expected = (got: string, options?: ErrorOptions) =>
    new ZippyNetError("bad-option", `${name}: expected data of SHA-256 ${sha256}, got ${got}`, options);
  if (!(await isThere(archive))) {
    const folder = join(data, name);
    const found = await hashOfFolder(folder).catch((cause: unknown) => {
      throw expected(`neither ${archive} nor ${folder}`, { cause });
    });
    if (found !== sha256) throw expected(`${found} of ${folder}`);
    return folder;
  }
  const found = await hashOfFile(archive);
  if (found !== sha256) throw expected(`${found} of ${archive}`);
  // other data of the name, or others left out of it, are not what was unpacked before
  const key = createHash("sha256")
    .update(JSON.stringify([sha256, without]))
    .digest("hex")
    .slice(0, 12);
  const place = join(to, key, name);
  if (await isThere(place)) return place;
  const draft = join(to, key, `.${name}`);
  await rm(draft, { recursive: true, force: true });
  await makeFolders(draft);
  await promisify(execFile)("tar", [
    "xf",
    archive,
    "-C",
    draft,
    ...without.map((start) => `--exclude=${start}*`),
  ]);
  await rename(draft, place);
  return place;
}

/** SHA-256 of "SHA-256 of a file, two spaces, its path, newline" of all files, in the order of their paths. */
export async function hashOfFolder(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
  const hash = createHash("sha256");
  for (const path of paths) {
    const content = createHash("sha256").update(await readFile(join(folder, path)));
    hash.update(`${content.digest("hex")}  ${path}\n`);
  }
  return hash.digest("hex");
}

async function hashOfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path)) hash.update(piece as Uint8Array);
  return hash.digest("hex");
}

/** The sets of a recipe, of the folders of a run. */
export async function setsOf(folders: readonly string[], terms: string): Promise<DataSet[]> {
  return Promise.all(
    folders.map(async (folder) => ({ name: basename(folder), sha256: await hashOfFolder(folder), terms })),
  );
}
