/**
 * List prices in US dollars, us-east-1, without the free tier: https://aws.amazon.com/lambda/pricing/ (arm64),
 * https://aws.amazon.com/cloudwatch/pricing/ (logs).
 */
const PRICES = {
  invocation: 0.2 / 1e6,
  /** Of a gigabyte of memory for a second. */
  gigabyteSecond: 0.0000133334,
  /** Of a byte taken in. */
  log: 0.5 / 1e9,
} as const;

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
