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
}

/** What a backfill costs, in US dollars. */
export interface Cost {
  readonly requests: number;
  /** If it runs outside of the buckets' region. */
  readonly transferOut: number;
}

export function backfillCost({ uploads, latents, questions, encodes, bytes }: BackfillWork): Cost {
  const lists = Math.ceil(uploads / PAGE) + Math.ceil(latents / PAGE);
  return {
    requests: (lists + encodes) * PRICES.write + (questions + READS * encodes) * PRICES.read,
    transferOut: bytes * PRICES.transfer,
  };
}
