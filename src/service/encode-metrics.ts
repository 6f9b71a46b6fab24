import type { Metrics } from "./emf.ts";
import type { Outcome } from "./encode-object.ts";

/** The metrics of an upload that was handled in so many milliseconds. */
export function encodeMetrics(outcome: Outcome, milliseconds: number): Metrics {
  const metrics = {
    Milliseconds: Number(milliseconds.toFixed(1)),
    Encoded: outcome.outcome === "encoded" ? 1 : 0,
    Rejected: outcome.outcome === "rejected" ? 1 : 0,
    Failed: 0,
  };
  if (outcome.outcome !== "encoded") return metrics;
  const { metadata } = outcome;
  return {
    ...metrics,
    BytesIn: Number(metadata["bytes-before"]),
    BytesOut: Number(metadata["bytes-after"]),
    PSNR: Number(metadata["psnr"]), // "lossless" is no number, and left out
    Fallback: metadata["model-number"] === undefined ? 1 : 0,
  };
}
