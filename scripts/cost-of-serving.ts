/* The costs in the table of docs/operations.md; a test compares the two. Run it to see them: `node scripts/cost-of-serving.ts`. */

import { functionCost, PRICES, READS } from "../src/service/backfill/cost.ts";
import { MAX_KEYS } from "../src/service/decode/inline.ts";

/**
 * List prices in US dollars, us-east-1, without the free tier: https://aws.amazon.com/api-gateway/pricing/ (HTTP API),
 * https://aws.amazon.com/cloudfront/pricing/ (United States, HTTPS), https://aws.amazon.com/cloudwatch/pricing/.
 */
const REQUESTS = { api: 1 / 1e6, cdn: 0.01 / 1e4 } as const;
/** Each, a month. */
const WATCHING = { alarm: 0.1, metric: 0.3, dashboard: 3 } as const;

/** The costs of one picture, all in US dollars. */
export interface ServingCost {
  /** Once: encoding an upload and keeping its latents; the upload's own PUT is not in it. */
  readonly encode: number;
  /** Each time it is fetched from the API. */
  readonly fetch: number;
  /** Each time a CDN has it already. */
  readonly cdnFetch: number;
  /** Each time a file of the same picture would be fetched from S3 as it is. */
  readonly plainFetch: number;
  /** A month, by how much less room the latents take. */
  readonly saved: number;
  /** Each time latents go to the Internet in its place. */
  readonly transferSaved: number;
}

/** What a picture costs; times are what Lambda bills, in milliseconds, and sizes those of the files, in bytes. */
export function servingCost(
  times: { readonly encode: number; readonly decode: number },
  sizes: { readonly latents: number; readonly plain: number },
): ServingCost {
  return {
    encode: PRICES.write + READS * PRICES.read + functionCost(times.encode),
    fetch: PRICES.read + REQUESTS.api + functionCost(times.decode),
    cdnFetch: REQUESTS.cdn,
    plainFetch: PRICES.read,
    saved: (sizes.plain - sizes.latents) * PRICES.storage,
    transferSaved: (sizes.plain - sizes.latents) * PRICES.transfer,
  };
}

/** Months after which what storage saves has paid for encoding, if nobody ever fetches a picture. */
export function monthsToBreakEven({ encode, saved }: ServingCost): number {
  return encode / saved;
}

/** What alarms, metrics and dashboards cost a month, in US dollars, whether or not there are pictures. */
export function watchingCost(counts: Readonly<Record<keyof typeof WATCHING, number>>): number {
  return (
    counts.alarm * WATCHING.alarm + counts.metric * WATCHING.metric + counts.dashboard * WATCHING.dashboard
  );
}

const HOUR = 3600;
/** Bytes of the largest answer: ZIPPYNET_MAX_RESPONSE_BYTES of serverless.yml. */
const LARGEST = 4_500_000;
/** Bytes of the log of a request with the longest path: our line, which has a test, and Lambda's two. */
export const LONGEST_LOG = 2400;

/** The most that others can make decoding cost, in US dollars. What is sent to the Internet comes on top. */
export interface WorstCost {
  /** An hour of functions that are all busy. */
  readonly functions: number;
  /** An hour of as many requests as are let through, each for one picture: API, invocations, S3, log. */
  readonly requests: number;
  /** An hour of lists for `POST /inline`: what S3 takes for reading their keys. */
  readonly lists: number;
  /** Sending the largest answer a thousand times. */
  readonly sent: number;
}

/** @param limits how many functions run at once; how many requests and lists come a second, and the keys of a list */
export function worstCost(
  limits: Readonly<Record<"functions" | "requests" | "lists" | "keys", number>>,
): WorstCost {
  const busy = functionCost(HOUR * 1000) - functionCost(0);
  return {
    functions: limits.functions * busy,
    requests: limits.requests * HOUR * (REQUESTS.api + functionCost(0, LONGEST_LOG) + PRICES.read),
    lists: limits.lists * limits.keys * HOUR * PRICES.read,
    sent: 1000 * LARGEST * PRICES.transfer,
  };
}

if (import.meta.main) {
  const cost = servingCost({ encode: 100, decode: 40 }, { latents: 188, plain: 484 });
  console.log("US dollars for a million pictures of 64×64, 188 bytes as latents and 484 as WebP:");
  for (const [name, value] of Object.entries(cost)) console.log(`${name}: ${(value * 1e6).toFixed(4)}`);
  console.log(`years until storage alone has paid for encoding: ${Math.round(monthsToBreakEven(cost) / 12)}`);
  const worst = worstCost({ functions: 50, requests: 1000, lists: 20, keys: MAX_KEYS });
  console.log("The most that an hour of decoding can cost:", worst);
}
