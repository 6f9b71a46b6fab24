import * as v from "valibot";
import { type ErrorCode, ZippyNetError } from "../codec/errors.ts";
import { RESERVED_MODELS } from "../codec/format/latents-file.ts";
import { ORIENTATIONS } from "../codec/image.ts";
import { LOOKS, type Look } from "../codec/network/architecture.ts";

/** The files of a model folder beside the manifest. */
export const BLOBS = ["g_a", "g_s", "prior"] as const;
export type BlobName = (typeof BLOBS)[number];

/*
 * Every page loads what is used of valibot here. So `check` and `picklist`, which are needed anyway, also say what it
 * has words of its own for: multipleOf, notValue, minLength, literal.
 */

const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const even = v.pipe(
  count,
  v.check((value) => value % 2 === 0, "expected an even number"),
);
const three = v.tuple([count, count, count]);
const transform = v.object({ widths: v.tuple([even, even, even]), blocks: three });
const blob = v.object({
  file: v.pipe(v.string(), v.regex(/^[\w.-]+$/)),
  bytes: count,
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
});

export const numberSchema = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(1),
  v.maxValue(255),
  v.check(
    (number) => number !== RESERVED_MODELS.png,
    `expected a number other than ${RESERVED_MODELS.png}, which is reserved`,
  ),
);
export const nameSchema = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9-]*$/));
export const architectureSchema = v.pipe(
  v.object({
    latentChannels: count,
    slices: count,
    analysis: transform,
    synthesis: transform,
    prior: v.object({ hidden: count }),
  }),
  v.check(
    ({ latentChannels, slices }) => latentChannels % slices === 0,
    "expected slices that divide latentChannels",
  ),
);

/** The terms of use of a model. */
export const licenceFields = {
  /** Of the weights: an SPDX expression, or the URL of their terms; NOASSERTION where nobody said. */
  licence: v.pipe(
    v.string(),
    v.check((text) => text !== "", "expected a text, got none"),
  ),
  /** Who made what the model learnt from, as the data's licences ask it to be said. */
  attribution: v.string(),
  /** Whether the terms allow research alone: encoders take such a model only when it is named. */
  research: v.boolean(),
} as const;

/** A further synthesis network: its file, and its terms, which may be narrower than the model's. */
const look = v.object({ ...blob.entries, ...licenceFields });

const schema = v.object({
  /** Version of this layout and of the arithmetic that the model means. */
  format: v.picklist([3]),
  /** 1–255 but 80, in every file the model writes; 192–255 are users' own. */
  number: numberSchema,
  name: nameSchema,
  description: v.string(),
  /** A released model never changes. */
  released: v.boolean(),
  /**
   * Numbers of models for the same pictures that this one is better than. Encoders that have this one take them only
   * when they are named; their files decode as before.
   */
  supersedes: v.exactOptional(v.array(numberSchema)),
  ...licenceFields,
  architecture: architectureSchema,
  /** Orientations that its files use, the first so many of `codec/image.ts`. */
  orientations: v.picklist(ORIENTATIONS),
  blobs: v.object({ g_a: blob, g_s: blob, prior: blob }),
  /** Further synthesis networks for the same latents, each on terms of its own. */
  looks: v.exactOptional(v.object({ natural: v.exactOptional(look) })),
});

/** A file of a model's folder. */
export type Asset = v.InferOutput<typeof blob>;

/** The terms of a model. */
export type Licence = Pick<Manifest, keyof typeof licenceFields>;

/** The terms alone, of whatever states them: a manifest, one of its looks, a recipe. */
export function licenceOf({ licence, attribution, research }: Licence): Licence {
  return { licence, attribution, research };
}

/** The `manifest.json` of a model. */
export type Manifest = v.InferOutput<typeof schema>;

/** What decoding reads of a model's folder beside the manifest: `g_s`, prior, and the networks of further looks. */
export function decoderFiles({ blobs, looks = {} }: Pick<Manifest, "blobs" | "looks">): Asset[] {
  return [blobs.g_s, blobs.prior, ...Object.values(looks)];
}

/** The names of all files of a model's folder beside the manifest. */
export function filesOf(manifest: Manifest): string[] {
  return [manifest.blobs.g_a, ...decoderFiles(manifest)].map(({ file }) => file);
}

/** The looks of a model, `faithful` first. */
export function looksOf({ looks = {} }: Pick<Manifest, "looks">): Look[] {
  return LOOKS.filter((look) => look === "faithful" || looks[look] !== undefined);
}

/** Throws `bad-model` with the path of the first field that is wrong. */
export function parseManifest(json: string): Manifest {
  return parseJson(schema, json, "bad-model", "manifest.json");
}

/**
 * What JSON says, if it is as the schema wants it. Throws `code` with the path of the first field that is wrong.
 * @param name of the JSON, for people
 */
export function parseJson<T extends v.GenericSchema>(
  wanted: T,
  json: string,
  code: ErrorCode,
  name: string,
): v.InferOutput<T> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new ZippyNetError(code, `${name}: expected JSON`, { cause });
  }
  const result = v.safeParse(wanted, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new ZippyNetError(code, `${name}: ${v.getDotPath(issue) ?? "top level"}: ${issue.message}`);
}

/**
 * The domain of a model by its name: further models of a domain are called NAME-SIZE if they are for pictures of
 * another size (`faces-64`), and NAME-2 if they supersede the first one (`portraits-2`).
 */
export function domainOf(name: string): string {
  return name.replace(/-\d+$/, "");
}
