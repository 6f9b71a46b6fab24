import type { Context } from "aws-lambda";
import { type Fields, log, type Metrics, metricFields, type Operation } from "../aws/log.ts";
import type { ServiceContext } from "../context.ts";
import { encodeObject, type Limits, type Outcome, type Rejected, type Upload } from "./encode-object.ts";
import { parseMetadata } from "./latents-object.ts";

/** Who asks, and what the log says beside the outcome. */
export interface Request {
  readonly operation: Operation;
  readonly fields: Fields;
  readonly limits?: Limits;
  /**
   * Tells whoever should know of an upload that cannot be encoded, before it is logged. What it throws fails the
   * upload.
   */
  readonly tell?: (rejected: Rejected) => Promise<void>;
}

/**
 * Brings the latents of a key in line with its upload, and writes a line of the log that says how, with its metrics.
 * Throws, after logging it too, what may pass by itself.
 */
export async function handleUpload(
  open: () => Promise<ServiceContext>,
  upload: Upload,
  { operation, fields, limits, tell }: Request,
): Promise<Outcome> {
  const began = performance.now();
  try {
    const outcome = await encodeObject(await open(), upload, limits);
    if (outcome.outcome === "rejected") await tell?.(outcome);
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

/** The metrics of an upload that was handled in so many milliseconds. */
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
    BytesIn: bytesBefore ?? Number.NaN, // what is not finite is no metric
    BytesOut: bytesAfter ?? Number.NaN,
    PSNR: psnr ?? Number.NaN,
    Fallback: modelNumber === undefined ? 1 : 0,
  };
}

/** What is used of Lambda's context of an invocation; some of it is missing where something else calls a handler. */
export type Invocation = Partial<Pick<Context, "awsRequestId" | "getRemainingTimeInMillis">>;

/** The time that an invocation has left. */
export function limitsOf(invocation: Invocation | undefined): Limits {
  const left = invocation?.getRemainingTimeInMillis?.();
  return { deadline: left === undefined ? undefined : performance.now() + left };
}
