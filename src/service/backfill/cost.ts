/**
 * List prices in US dollars, us-east-1, without the free tier: https://aws.amazon.com/s3/pricing/ (Standard),
 * https://aws.amazon.com/lambda/pricing/ (arm64), https://aws.amazon.com/cloudwatch/pricing/ (logs). Other regions cost
 * up to half as much again.
 */
export const PRICES = {
  /** PUT, COPY, POST, LIST. */
  write: 0.005 / 1000,
  /** GET, HEAD and the rest. */
  read: 0.0004 / 1000,
  /** Of a byte and month. */
  storage: 0.023 / 1e9,
  /** Of a byte that leaves the region for the Internet; within the region it is free. */
  transfer: 0.09 / 1e9,
  /** Of a job of S3 Batch Operations, and of an object of it. */
  job: 0.25,
  jobObject: 1 / 1e6,
  /** Of a function. */
  invocation: 0.2 / 1e6,
  /** Of a gigabyte of a function's memory for a second. */
  gigabyteSecond: 0.0000133334,
  /** Of a byte of the log. */
  log: 0.5 / 1e9,
} as const;

/** Keys that a LIST gives at most. */
const PAGE = 1000;

/** Requests of `encodeObject` for one upload: two looks before, the fetch and one look after. It writes once. */
export const READS = 4;

export interface BackfillWork {
  readonly uploads: number;
  readonly latents: number;
  /** Latents whose metadata are asked for. */
  readonly questions: number;
  readonly encodes: number;
  /** Of the uploads that are encoded. */
  readonly bytes: number;
  /** By a job of S3 Batch Operations rather than here. */
  readonly byJob?: boolean;
}

/** Milliseconds that Lambda is taken to bill for one upload. */
export const BILLED = 100;

/** What a backfill costs, in US dollars. */
export interface Cost {
  readonly requests: number;
  /** If it runs outside of the buckets' region. */
  readonly transferOut: number;
  /** Of S3 Batch Operations and its functions. */
  readonly job: number;
}

export function backfillCost({
  uploads,
  latents,
  questions,
  encodes,
  bytes,
  byJob = false,
}: BackfillWork): Cost {
  const lists = Math.ceil(uploads / PAGE) + Math.ceil(latents / PAGE);
  return {
    requests: (lists + encodes) * PRICES.write + (questions + READS * encodes) * PRICES.read,
    transferOut: byJob ? 0 : bytes * PRICES.transfer,
    job: byJob && encodes > 0 ? PRICES.job + encodes * (PRICES.jobObject + functionCost(BILLED)) : 0,
  };
}

/** Of serverless.yml. */
const GIGABYTES = 1769 / 1024;
/** Of a line of the log with its metrics, and Lambda's own two lines. */
const LOG_BYTES = 900;

/** What one run of a function costs of which Lambda bills so many milliseconds, in US dollars. */
export function functionCost(milliseconds: number): number {
  return (
    PRICES.invocation + (milliseconds / 1000) * GIGABYTES * PRICES.gigabyteSecond + LOG_BYTES * PRICES.log
  );
}
