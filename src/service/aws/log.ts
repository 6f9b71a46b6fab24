/**
 * Bytes of a text in a line: enough for the longest key. A path that a client sends may have ten thousand letters, each
 * written as six, and each byte of the log is paid for.
 */
const LONGEST = 1100;
/** Of a stack, which no client writes. */
const LONGEST_STACK = 4000;

/**
 * Writes a line of JSON to the log: what happened, and to which object. Of errors it has name, code, message and
 * causes. Longer texts are cut.
 */
export function log(level: "info" | "warn" | "error", message: string, fields: Fields = {}): void {
  const line = JSON.stringify(
    { level, time: new Date().toISOString(), message, ...fields },
    (name, value) => {
      if (typeof value === "string") return cut(value, name === "stack" ? LONGEST_STACK : LONGEST);
      return value instanceof Error ? describe(value) : (value as unknown);
    },
  );
  process.stdout.write(`${line}\n`);
}

/** The beginning of a text that takes at most so many bytes in JSON, where a control character takes six. */
export function cut(text: string, most: number): string {
  if (6 * text.length <= most) return text;
  let [bytes, end] = [0, 0];
  for (const letter of text) {
    bytes += Buffer.byteLength(JSON.stringify(letter)) - 2;
    if (bytes > most) return `${text.slice(0, end)}…`;
    end += letter.length;
  }
  return text;
}

export type Fields = Readonly<Record<string, unknown>>;

function describe(error: Error): Fields {
  const { name, message, cause, stack } = error;
  const code = "code" in error ? error.code : undefined;
  return code === undefined ? { name, message, cause, stack } : { name, code, message, cause };
}

/** Metrics of one event, with CloudWatch's names of their units. */
export interface Metrics {
  readonly BytesIn?: number;
  readonly BytesOut?: number;
  /** The whole time of handling the event. */
  readonly Milliseconds?: number;
  /** In dB. Not reported for a picture without loss. */
  readonly PSNR?: number;
  /** How often it happened, 0 or 1. The mean over all events is a share. */
  readonly Encoded?: number;
  readonly Rejected?: number;
  readonly Failed?: number;
  /** A classical codec was used instead of the model. */
  readonly Fallback?: number;
  /** The client had the picture already (304). */
  readonly NotModified?: number;
}

const UNITS: Readonly<Record<keyof Metrics, "Bytes" | "Milliseconds" | "Count" | "None">> = {
  BytesIn: "Bytes",
  BytesOut: "Bytes",
  Milliseconds: "Milliseconds",
  PSNR: "None", // CloudWatch has no unit for decibels
  Encoded: "Count",
  Rejected: "Count",
  Failed: "Count",
  Fallback: "Count",
  NotModified: "Count",
};

/**
 * The only dimension of all metrics, which names the function. With a key or a request id as a dimension, each value
 * would become a metric of its own that has to be paid for.
 */
export type Operation = "encode" | "decode" | "batch";

/**
 * Fields that make a log line carry metrics, in the CloudWatch embedded metric format
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
 * Other fields of the line (key, model, request id) can be searched for, but are no metrics. Outside a function there
 * is no namespace; then the line has only the values.
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
