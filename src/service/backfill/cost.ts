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
  /** For a byte and a month. */
  storage: 0.023 / 1e9,
  /** For a byte sent to the Internet. Transfer within the region is free. */
  transfer: 0.09 / 1e9,
  /** For a job of S3 Batch Operations, and for each of its objects. */
  job: 0.25,
  jobObject: 1 / 1e6,
  /** For one run of a function. */
  invocation: 0.2 / 1e6,
  /** For a gigabyte of memory of a function for a second. */
  gigabyteSecond: 0.0000133334,
  /** For a byte written to the log. */
  log: 0.5 / 1e9,
} as const;

/** The most keys that one LIST returns. */
const PAGE = 1000;

/** Requests that `encodeObject` makes for one upload: two HEADs before, one GET, and one HEAD after. It writes once. */
export const READS = 4;

export interface BackfillWork {
  readonly uploads: number;
  readonly latents: number;
  /** How many latents have their metadata read. */
  readonly questions: number;
  readonly encodes: number;
  /** Bytes of the uploads that will be encoded. */
  readonly bytes: number;
  /** Whether a job of S3 Batch Operations does it, instead of this machine. */
  readonly byJob?: boolean;
}

/** Milliseconds that Lambda bills for one upload: an assumption. */
const BILLED = 100;

/** What a backfill costs, in US dollars. */
export interface Cost {
  readonly requests: number;
  /** Additional transfer if the command runs outside the region of the buckets. */
  readonly transferOut: number;
  /** For S3 Batch Operations and its functions. */
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

/** Memory of the function, in GB, as in serverless.yml. */
const GIGABYTES = 1769 / 1024;
/** Bytes of our log line with its metrics, and of the two lines that Lambda writes. */
const LOG_BYTES = 900;

/** What one run of a function costs in US dollars, if Lambda bills so many milliseconds. */
export function functionCost(milliseconds: number, logBytes = LOG_BYTES): number {
  return (
    PRICES.invocation + (milliseconds / 1000) * GIGABYTES * PRICES.gigabyteSecond + logBytes * PRICES.log
  );
}
