import type { Target } from "../../codec/target.ts";
import { bareTag } from "../../http/etag.ts";
import type { ObjectHead } from "../aws/s3.ts";
import type { Plan } from "./encode-settings.ts";

/*
 * The metadata of a latents object: what it was made from, with which settings, and how good it is. Their names appear
 * only in this file.
 */

/** How a value is written to metadata and read from it. */
interface Field<T> {
  readonly name: string;
  format(value: T): string;
  /** Undefined for a text that `format` never writes. */
  parse(text: string): T | undefined;
}

const text = (name: string): Field<string> => ({ name, format: (value) => value, parse: (value) => value });

const number = (name: string): Field<number> => ({
  name,
  format: String,
  parse: (value) => (/^\d+(\.\d+)?$/.test(value) ? Number(value) : undefined),
});

/** The text for an infinite PSNR. */
export const LOSSLESS = "lossless";

const decibels = (name: string): Field<number> => ({
  name,
  format: (value) => (Number.isFinite(value) ? value.toFixed(2) : LOSSLESS),
  parse: (value) => (value === LOSSLESS ? Number.POSITIVE_INFINITY : number(name).parse(value)),
});

const FIELDS = {
  /** The models that were asked for: names with commas between, or `auto`. */
  modelsTried: text("models-tried"),
  /** In the form of `targetText`. */
  target: text("target"),
  /** 0–9. */
  effort: number("effort"),
  /** The look that the search aimed at; missing for `faithful`. */
  tune: text("tune"),
  /** ETag of the upload, without quotes. */
  sourceEtag: text("source-etag"),
  /** Bytes of the upload. */
  sourceSize: number("source-size"),
  /** Sequencer of the event that led to it. */
  sequencer: text("sequencer"),
  /** Pixels. */
  width: number("width"),
  height: number("height"),
  /** Name of the model, or of the classical codec. */
  model: text("model"),
  /** Only for latents. */
  modelNumber: number("model-number"),
  /** Only for latents; 1–100. */
  quality: number("quality"),
  /** In dB, of the look that was tuned for; infinite without loss. */
  psnr: decibels("psnr"),
  /** Bytes of the upload and of the `.zn` file. */
  bytesBefore: number("bytes-before"),
  bytesAfter: number("bytes-after"),
  /** For people: what the upload asked for and did not get, or that the search was stopped. */
  budget: text("budget"),
  /** For people: how the colours, frames and so on of the upload were converted. */
  notes: text("notes"),
} as const;

type Fields = typeof FIELDS;

export type LatentsMetadata = {
  readonly [F in keyof Fields]?: Fields[F] extends Field<infer T> ? T | undefined : never;
};

/** Metadata in the form that S3 stores. S3 takes only US-ASCII; any other character becomes a question mark. */
export function formatMetadata(metadata: LatentsMetadata): Record<string, string> {
  const entries = Object.entries(FIELDS).flatMap(([field, { name, format }]) => {
    const value = metadata[field as keyof Fields];
    return value === undefined ? [] : [[name, asciiOf((format as (value: unknown) => string)(value))]];
  });
  return Object.fromEntries(entries) as Record<string, string>;
}

/** Reads metadata from S3. Missing and unknown values are undefined. */
export function parseMetadata(metadata: ObjectHead["metadata"]): LatentsMetadata {
  const entries = Object.entries(FIELDS).flatMap(([field, { name, parse }]) => {
    const value = metadata[name];
    return value === undefined ? [] : [[field, parse(value)]];
  });
  return Object.fromEntries(entries) as LatentsMetadata;
}

/** The metadata that are known before the latents are made. They show whether existing latents are up to date. */
export function plannedMetadata({ model, target, effort, tune }: Plan, upload: ObjectHead): LatentsMetadata {
  return {
    modelsTried: model,
    target: targetText(target),
    effort,
    ...(tune !== "faithful" && { tune }),
    sourceEtag: bareTag(upload.etag),
  };
}

/** Whether latents with this metadata are what the plan would make of the upload. */
export function isCurrent(metadata: ObjectHead["metadata"], plan: Plan, upload: ObjectHead): boolean {
  const expected = formatMetadata(plannedMetadata(plan, upload));
  const tune = parseMetadata(metadata).tune ?? "faithful";
  return tune === plan.tune && Object.entries(expected).every(([name, value]) => metadata[name] === value);
}

function targetText(target: Target): string {
  if (target.kind === "psnr") return `psnr ${target.decibels}`;
  return target.kind === "bytes" ? `max-bytes ${target.maxBytes}` : `quality ${target.quality}`;
}

function asciiOf(value: string): string {
  return value
    .replaceAll("×", "x")
    .replaceAll("–", "-")
    .replace(/[^\x20-\x7e]/g, "?");
}
