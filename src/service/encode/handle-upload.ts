import type { Context } from "aws-lambda";
import { type Fields, log, type Metrics, metricFields, type Operation } from "../aws/log.ts";
import type { ServiceContext } from "./context.ts";
import { encodeObject, type Limits, type Outcome, type Rejected, type Upload } from "./encode-object.ts";
import { parseMetadata } from "./latents-object.ts";

/** Who asks, and further fields for the log line. */
export interface Request {
  readonly operation: Operation;
  readonly fields: Fields;
  readonly limits?: Limits;
  /** Called with an upload that cannot be encoded, before it is logged. If it throws, the upload has failed. */
  readonly onRejected?: (rejected: Rejected) => Promise<void>;
}

/**
 * Brings the latents of a key up to date with its upload, and writes a log line with the result and its metrics. What
 * may succeed later is logged and thrown.
 */
export async function handleUpload(
  open: () => Promise<ServiceContext>,
  upload: Upload,
  { operation, fields, limits, onRejected }: Request,
): Promise<Outcome> {
  const began = performance.now();
  try {
    const outcome = await encodeObject(await open(), upload, limits);
    if (outcome.outcome === "rejected") await onRejected?.(outcome);
    log(outcome.outcome === "rejected" ? "warn" : "info", "upload handled", {
      ...fields,
      ...outcome,
      ...metricFields(operation, encodeMetrics(outcome, performance.now() - began)),
    });
    return outcome;
  } catch (error) {
    const metrics = { Failed: 1, Milliseconds: performance.now() - began };
    log("error", "upload failed", { ...fields, error, ...metricFields(operation, metrics) });
    throw error;
  }
}

/** The metrics of an upload that took so many milliseconds. */
export function encodeMetrics(outcome: Outcome, milliseconds: number): Metrics {
  const metrics = {
    Milliseconds: Number(milliseconds.toFixed(1)),
    Encoded: outcome.outcome === "encoded" ? 1 : 0,
    Rejected: outcome.outcome === "rejected" ? 1 : 0,
    Failed: 0,
  };
  if (outcome.outcome !== "encoded") return metrics;
  const { bytesBefore, bytesAfter, psnr, modelNumber } = parseMetadata(outcome.metadata);
  return {
    ...metrics,
    BytesIn: bytesBefore ?? Number.NaN, // a value that is not finite is left out
    BytesOut: bytesAfter ?? Number.NaN,
    PSNR: psnr ?? Number.NaN,
    Fallback: modelNumber === undefined ? 1 : 0,
  };
}

/** The part of Lambda's context that is used. Callers other than Lambda may leave some of it out. */
export type Invocation = Partial<Pick<Context, "awsRequestId" | "getRemainingTimeInMillis">>;

/** The time that is left for an invocation. */
export function limitsOf(invocation: Invocation | undefined): Limits {
  const left = invocation?.getRemainingTimeInMillis?.();
  return { deadline: left === undefined ? undefined : performance.now() + left };
}
