import { PRICES } from "./cost.ts";

/**
 * List prices in US dollars, us-east-1, without the free tier: https://aws.amazon.com/lambda/pricing/ (arm64),
 * https://aws.amazon.com/api-gateway/pricing/ (HTTP API), https://aws.amazon.com/cloudwatch/pricing/ (logs).
 */
export const FUNCTION_PRICES = {
  invocation: 0.2 / 1e6,
  /** Of a gigabyte of memory for a second. */
  gigabyteSecond: 0.0000133334,
  httpRequest: 1 / 1e6,
  /** Of a byte taken in. */
  log: 0.5 / 1e9,
} as const;

/** Of serverless.yml. */
const GIGABYTES = 1769 / 1024;
/** Of a line of the log with its metrics, and Lambda's own two lines. */
const LOG_BYTES = 900;
/** What `encodeObject` asks S3: two looks before, the fetch, one look after. */
const READS = 4;

/** Of one picture, all in US dollars. */
export interface ServingCost {
  /** Once: encoding an upload and keeping its latents; the upload's own PUT is not in it. */
  readonly encode: number;
  /** Each time it is fetched from the API. */
  readonly fetch: number;
  /** Each time a file of the same picture would be fetched from S3 as it is. */
  readonly plainFetch: number;
  /** A month, by how much less room the latents take. */
  readonly saved: number;
}

/** What a picture costs; times are what Lambda bills, in milliseconds, and sizes those of the files, in bytes. */
export function servingCost(
  times: { readonly encode: number; readonly decode: number },
  sizes: { readonly latents: number; readonly plain: number },
): ServingCost {
  const run = (milliseconds: number): number =>
    FUNCTION_PRICES.invocation +
    (milliseconds / 1000) * GIGABYTES * FUNCTION_PRICES.gigabyteSecond +
    LOG_BYTES * FUNCTION_PRICES.log;
  return {
    encode: PRICES.write + READS * PRICES.read + run(times.encode),
    fetch: PRICES.read + FUNCTION_PRICES.httpRequest + run(times.decode),
    plainFetch: PRICES.read,
    saved: (sizes.plain - sizes.latents) * PRICES.storage,
  };
}

/** Months after which what storage saves has paid for encoding, if nobody ever fetches a picture. */
export function monthsToBreakEven({ encode, saved }: ServingCost): number {
  return encode / saved;
}
