import type { Outcome } from "../encode/encode-object.ts";
import { parseMetadata } from "../encode/latents-object.ts";

/*
 * What the batch function and those who make jobs for it agree on: the arguments of a job, and the texts in its report.
 */

/**
 * The user arguments of a job. `again`: uploads are encoded even if their latents are up to date. `lenient`: an upload
 * that can never be encoded is no failure but a result, with its reason. Otherwise S3 would stop a job of over a
 * thousand uploads as soon as more than half of them were no pictures.
 */
export type JobArguments = Readonly<Partial<Record<"again" | "lenient", "true">>>;

/** What became of an upload. */
export type JobResult =
  | { readonly outcome: "encoded"; readonly bytesBefore: number; readonly bytesAfter: number }
  | { readonly outcome: "rejected"; readonly reason: string }
  | { readonly outcome: "other" };

/** An outcome as the report has it: `encoded 5120 188`, `rejected bad-image: expected …`, `current`, `removed`, `absent`. */
export function formatResult(outcome: Outcome): string {
  if (outcome.outcome === "rejected") return `rejected ${reasonText(outcome)}`;
  if (outcome.outcome !== "encoded") return outcome.outcome;
  const { bytesBefore, bytesAfter } = parseMetadata(outcome.metadata);
  return `encoded ${bytesBefore} ${bytesAfter}`;
}

export function reasonText({ reason }: Extract<Outcome, { outcome: "rejected" }>): string {
  return `${reason.code}: ${reason.message}`;
}

export function parseResult(text: string): JobResult {
  const [, before, after] = /^encoded (\d+) (\d+)$/.exec(text) ?? [];
  if (after !== undefined)
    return { outcome: "encoded", bytesBefore: Number(before), bytesAfter: Number(after) };
  const [, reason] = /^rejected (.+)$/.exec(text) ?? [];
  return reason === undefined ? { outcome: "other" } : { outcome: "rejected", reason };
}
