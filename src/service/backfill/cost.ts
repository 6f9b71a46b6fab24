import { functionCost } from "./function-cost.ts";

/**
 * List prices in US dollars, us-east-1, S3 Standard, without the free tier (https://aws.amazon.com/s3/pricing/). Other regions are
 * up to a half dearer.
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
} as const;

/** Keys that a LIST gives at most. */
const PAGE = 1000;

/** Requests that one upload takes from `encodeObject`: two looks before, the fetch and one look after; one write. */
const READS = 4;

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
