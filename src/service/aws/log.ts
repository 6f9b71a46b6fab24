/** A line of JSON for the log: what happened, and to what. Errors become their name, code, message and causes. */
export function log(level: "info" | "warn" | "error", message: string, fields: Fields = {}): void {
  const line = JSON.stringify({ level, time: new Date().toISOString(), message, ...fields }, (_, value) =>
    value instanceof Error ? describe(value) : (value as unknown),
  );
  process.stdout.write(`${line}\n`);
}

export type Fields = Readonly<Record<string, unknown>>;

function describe(error: Error): Fields {
  const { name, message, cause, stack } = error;
  const code = "code" in error ? error.code : undefined;
  return code === undefined ? { name, message, cause, stack } : { name, code, message, cause };
}

/** Metrics of one event, and CloudWatch's names of their units. */
export interface Metrics {
  readonly BytesIn?: number;
  readonly BytesOut?: number;
  /** Of handling the event, all told. */
  readonly Milliseconds?: number;
  /** In dB, of a picture that is not without loss. */
  readonly PSNR?: number;
  /** How often it happened, 0 or 1: their mean is a share. */
  readonly Encoded?: number;
  readonly Rejected?: number;
  readonly Failed?: number;
  /** A classical codec's frame took the place of latents. */
  readonly Fallback?: number;
  /** The client had the picture already. */
  readonly NotModified?: number;
}

const UNITS: Readonly<Record<keyof Metrics, "Bytes" | "Milliseconds" | "Count" | "None">> = {
  BytesIn: "Bytes",
  BytesOut: "Bytes",
  Milliseconds: "Milliseconds",
  PSNR: "None", // CloudWatch has no decibel
  Encoded: "Count",
  Rejected: "Count",
  Failed: "Count",
  Fallback: "Count",
  NotModified: "Count",
};

/**
 * What the function is; the one dimension of all metrics. A key or a request id would make a metric each, and each is
 * paid for.
 */
export type Operation = "encode" | "decode" | "batch";

/**
 * Fields that make a line of the log carry metrics, in CloudWatch's embedded metric format
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
 * What else the line has (key, model, request id) are properties: found by a search of the log, and no metric. Without
 * a namespace, which is so outside of functions, the values stand there alone.
 */
export function metricFields(
  operation: Operation,
  metrics: Metrics,
  namespace: string | undefined = process.env["ZIPPYNET_METRICS"],
): Readonly<Record<string, unknown>> {
  const values = Object.entries(metrics).filter(([, value]) => Number.isFinite(value));
  const fields = { Operation: operation, ...Object.fromEntries(values) };
  if (!namespace || values.length === 0) return fields;
  const names = values.map(([name]) => ({ Name: name, Unit: UNITS[name as keyof Metrics] }));
  return {
    _aws: {
      Timestamp: Date.now(),
      CloudWatchMetrics: [{ Namespace: namespace, Dimensions: [["Operation"]], Metrics: names }],
    },
    ...fields,
  };
}
