import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { monthsToBreakEven, servingCost, watchingCost, worstCost } from "../../scripts/cost-of-serving.ts";
import { MAX_KEYS } from "../../src/service/decode/inline.ts";
import { encodeMetrics } from "../../src/service/encode/handle-upload.ts";

const ENCODED = { outcome: "encoded", metadata: {} } as const;
/** As test/service/picture.test.ts has them. */
const DECODE_METRICS = ["BytesIn", "BytesOut", "Milliseconds", "NotModified", "Failed"];

test("docs/operations.md has the costs that follow from the prices", async () => {
  const text = await readFile(new URL("../../docs/operations.md", import.meta.url), "utf8");
  const cost = servingCost({ encode: 100, decode: 40 }, { latents: 188, plain: 484 });
  const dollars = (each: number): string => `$${(each * 1e6).toFixed(2)}`;
  for (const [row, value] of [
    ["encode, once", dollars(cost.encode)],
    ["fetch through the API", dollars(cost.fetch)],
    ["fetch from the CDN", dollars(cost.cdnFetch)],
    ["fetch of a plain file from S3", dollars(cost.plainFetch)],
    ["storage saved, a month", `$${(cost.saved * 1e6).toFixed(4)}`],
    ["transfer to the Internet saved", `$${(cost.transferSaved * 1e6).toFixed(4)}`],
  ] as const) {
    const line = text.split("\n").find((each) => each.startsWith(`| ${row}`));
    assert.ok(line?.includes(value), `${row}: expected ${value}, got ${line}`);
  }
  const times = Math.round(cost.fetch / cost.plainFetch);
  assert.ok(
    text.includes(`API costs ${["", "one", "two", "three", "four", "five", "six", "seven"][times]} times`),
  );
  const years = Math.round(monthsToBreakEven(cost) / 12);
  assert.ok(text.includes(`${years} years`), `expected ${years} years`);
});

test("docs/operations.md has the most that others can make decoding cost", async () => {
  const read = (path: string): Promise<string> => readFile(new URL(`../../${path}`, import.meta.url), "utf8");
  const [text, yaml] = [await read("docs/operations.md"), await read("serverless.yml")];
  const limit = (name: string): number => Number(new RegExp(`^ {4}${name}: (\\d+)$`, "m").exec(yaml)![1]);
  const [functions, requests] = [limit("decodeConcurrency"), limit("maxRequests")];
  const lists = limit("maxInlineRequests");
  const cost = worstCost({ functions, requests, lists, keys: MAX_KEYS });
  const row = text.split("\n").find((line) => line.startsWith("| the most expensive hour of decoding"))!;
  for (const expected of [
    `${functions} functions busy all the time: $${cost.functions.toFixed(2)}`,
    `${requests} requests a second: $${cost.requests.toFixed(2)}`,
    `${lists} lists of ${MAX_KEYS} keys a second for \`POST /inline\`: $${cost.lists.toFixed(2)} for S3`,
    `a thousand answers of 4.5 MB cost $${cost.sent.toFixed(2)}`,
  ])
    assert.ok(row.includes(expected), `expected "${expected}" in ${row}`);
});

test("docs/operations.md has what watching costs a month", async () => {
  const read = (path: string): Promise<string> => readFile(new URL(`../../${path}`, import.meta.url), "utf8");
  const [text, yaml] = [await read("docs/operations.md"), await read("deploy/observability.yml")];
  const alarm = yaml.split("Type: AWS::CloudWatch::Alarm").length - 1;
  const metric = Object.keys(encodeMetrics(ENCODED, 1)).length + DECODE_METRICS.length;
  const cost = watchingCost({ alarm, metric, dashboard: 1 });
  const expected = `$${cost.toFixed(2)} a month for ${alarm} alarms, ${metric} metrics and a dashboard`;
  assert.ok(text.replaceAll(/\s+/g, " ").includes(expected), expected);
});

test("storage alone never pays at this size, and the more it saves the sooner", () => {
  const small = servingCost({ encode: 100, decode: 40 }, { latents: 188, plain: 484 });
  const large = servingCost({ encode: 100, decode: 40 }, { latents: 188, plain: 100_000 });
  assert.ok(monthsToBreakEven(small) > 12 * 50);
  assert.ok(monthsToBreakEven(large) < 12);
});
