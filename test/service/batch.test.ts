import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import type { S3BatchResult } from "aws-lambda";
import { LocalS3 } from "../../src/local/s3/server.ts";
import { encodeEventKey } from "../../src/service/aws/keys.ts";
import { ObjectStore } from "../../src/service/aws/s3.ts";
import { ONE_ATTEMPT } from "./aws-environment.ts";
import { FaultyS3 } from "./faulty-s3.ts";
import { logged } from "./logged.ts";

const KEYS = ["a/b c+d (1) 100%.png", "ü/ø%20x.png", "日本/😀 & = ?.jpg", 'quote",comma.png', "+", "plain"];

let folder: string;
let s3: LocalS3;
let faulty: FaultyS3;
let store: ObjectStore;
let face: Uint8Array;
let handler: typeof import("../../src/handlers/batch.ts").handler;
let lines: Record<string, unknown>[];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "zippynet-batch-"));
  s3 = await LocalS3.start({ folder, buckets: ["uploads", "latents"], port: 0, onChange: () => undefined });
  faulty = await FaultyS3.start(s3.endpoint);
  Object.assign(process.env, {
    ...ONE_ATTEMPT,
    AWS_ENDPOINT_URL_S3: faulty.endpoint,
    ZIPPYNET_LATENTS_BUCKET: "latents",
    ZIPPYNET_MAX_UPLOAD_BYTES: "50000",
    ZIPPYNET_METRICS: "ZippyNet/test",
  });
  store = new ObjectStore(s3.endpoint);
  face = await readFile(new URL("../images/face-hat-64.png", import.meta.url));
  ({ handler } = await import("../../src/handlers/batch.ts"));
});

beforeEach(() => {
  lines = [];
});

after(async () => {
  faulty.stop();
  await s3.stop();
  await rm(folder, { recursive: true });
});

/** Writes an upload, whatever was there. */
async function put(key: string, body: Uint8Array): Promise<void> {
  const standing = await store.head("uploads", key);
  assert.ok(await store.put("uploads", key, standing?.etag, { bytes: body, type: "image/png" }));
}

/** What S3 sends; the examples of the page "Invoke AWS Lambda function" have these fields and no others. */
function invocation(
  schema: "1.0" | "2.0",
  encodedKeys: readonly string[],
  { bucket = "uploads", userArguments }: { bucket?: string; userArguments?: Record<string, string> } = {},
): unknown {
  const place = schema === "1.0" ? { s3BucketArn: `arn:aws:s3:::${bucket}` } : { s3Bucket: bucket };
  return {
    invocationSchemaVersion: schema,
    invocationId: "YXNkbGZqYWRmaiBhc2RmdW9hZHNmZGpmaGFzbGtkaGZza2RmaAo",
    job: { id: "f3cc4f60", ...(userArguments && { userArguments }) },
    tasks: encodedKeys.map((s3Key, i) => ({ taskId: `task/${i}`, s3Key, s3VersionId: null, ...place })),
  };
}

function invoke(event: unknown): Promise<S3BatchResult> {
  return logged(lines, () => handler(event, { awsRequestId: "request-1" }));
}

function only({ results }: S3BatchResult): S3BatchResult["results"][number] {
  assert.equal(results.length, 1);
  return results[0]!;
}

for (const [schema, encode] of [
  ["1.0", encodeEventKey],
  ["2.0", encodeURIComponent],
] as const) {
  test(`schema ${schema}: hard keys by ${encode.name}, and an answer for each task`, async () => {
    const keys = KEYS.map((key) => `${schema}/${key}`);
    for (const key of keys) await put(key, face);
    const { results, ...rest } = await invoke(invocation(schema, keys.map(encode)));
    assert.deepEqual(rest, {
      invocationSchemaVersion: schema,
      invocationId: "YXNkbGZqYWRmaiBhc2RmdW9hZHNmZGpmaGFzbGtkaGZza2RmaAo",
      treatMissingKeysAs: "TemporaryFailure",
    });
    assert.deepEqual(
      results.map(({ taskId }) => taskId),
      keys.map((_, i) => `task/${i}`),
    );
    for (const [i, key] of keys.entries()) {
      const latents = await store.head("latents", `${key}.zn`);
      assert.ok(latents, key);
      assert.equal(results[i]!.resultCode, "Succeeded");
      assert.equal(results[i]!.resultString, `encoded ${face.length} ${latents.size}`);
    }
  });
}

test("what is up to date is passed over, unless the job says again; what is gone takes its latents along", async () => {
  await put("known", face);
  assert.match(only(await invoke(invocation("2.0", ["known"]))).resultString, /^encoded /);
  assert.equal(only(await invoke(invocation("2.0", ["known"]))).resultString, "current");
  const again = { userArguments: { again: "true" } };
  assert.match(only(await invoke(invocation("2.0", ["known"], again))).resultString, /^encoded /);
  const { etag } = (await store.head("uploads", "known"))!;
  assert.ok(await store.delete("uploads", "known", etag));
  assert.equal(only(await invoke(invocation("1.0", ["known"]))).resultString, "removed");
  assert.equal(await store.head("latents", "known.zn"), undefined);
  assert.equal(only(await invoke(invocation("1.0", ["known"]))).resultCode, "Succeeded");
});

test("a folder of S3's console, which an inventory lists too, is no upload", async () => {
  await put("photos/2024/", new Uint8Array());
  const { resultCode, resultString } = only(await invoke(invocation("2.0", ["photos/2024/"])));
  assert.deepEqual([resultCode, resultString], ["Succeeded", "absent"]);
  assert.equal(await store.head("latents", "photos/2024/.zn"), undefined);
});

test("what cannot be encoded is a permanent failure with its reason, and the tasks beside it are done", async () => {
  await put("text", Buffer.from("no picture"));
  await put("large", Buffer.alloc(50_001));
  await put("good", face);
  const { results } = await invoke(invocation("1.0", ["text", "large", "100%", "good"]));
  assert.deepEqual(
    results.map(({ resultCode }) => resultCode),
    ["PermanentFailure", "PermanentFailure", "PermanentFailure", "Succeeded"],
  );
  assert.match(results[0]!.resultString, /^bad-image: expected an image of type/);
  assert.match(results[1]!.resultString, /^too-large: expected an upload of at most 50000 bytes, got 50001/);
  assert.match(results[2]!.resultString, /^expected a URL-encoded key in the manifest, got "100%"/);
  assert.deepEqual(Buffer.from((await store.read("uploads", "text"))!.bytes), Buffer.from("no picture"));
  const own = await invoke(invocation("2.0", ["good.zn"], { bucket: "latents" }));
  assert.equal(only(own).resultCode, "PermanentFailure"); // its own output is no upload
});

test("in a job that asks for it, what cannot be encoded is a result: S3 stops a job that mostly fails", async () => {
  await put("text", Buffer.from("no picture"));
  const lenient = { userArguments: { lenient: "true" } };
  const { results } = await invoke(invocation("2.0", ["text", "100%"], lenient));
  assert.deepEqual(
    results.map(({ resultCode }) => resultCode),
    ["Succeeded", "PermanentFailure"], // a key that is not URL-encoded is a mistake of the job
  );
  assert.match(results[0]!.resultString, /^rejected bad-image: expected an image of type/);
  assert.deepEqual([lines[0]!["level"], lines[0]!["Rejected"]], ["warn", 1]);
});

test("a reason stays short in the report, and on one line", async () => {
  const { resultString } = only(await invoke(invocation("1.0", [`%${"x".repeat(2000)}`])));
  assert.equal(resultString.length, 512);
  const broken = only(await invoke(invocation("1.0", ["%a\r\n,b"])));
  assert.equal(broken.resultString, 'expected a URL-encoded key in the manifest, got "%a ,b"');
});

test("what may pass by itself is a temporary failure, not thrown, and passes when it is tried again", async () => {
  await put("passing", face);
  for (const fault of ["500", "503", "cut"] as const) {
    faulty.mishap = () => fault;
    const { resultCode, resultString } = only(await invoke(invocation("2.0", ["passing"])));
    assert.equal(resultCode, "TemporaryFailure", fault);
    assert.notEqual(resultString, "");
    assert.equal(lines.at(-1)!["message"], "upload failed");
    assert.deepEqual([lines.at(-1)!["Operation"], lines.at(-1)!["Failed"]], ["batch", 1]);
    assert.equal(await store.head("latents", "passing.zn"), undefined);
  }
  faulty.mishap = () => undefined;
  assert.equal(only(await invoke(invocation("2.0", ["passing"]))).resultCode, "Succeeded");
});

test("the log has a line a task, with the metrics of the encode function under its own operation", async () => {
  await put("metrics", face);
  await put("metrics/text", Buffer.from("no picture"));
  await invoke(invocation("1.0", ["metrics", "metrics%2Ftext", "%"]));
  const [encoded, rejected, unreadable] = lines;
  assert.equal(encoded!["requestId"], "request-1");
  assert.equal(encoded!["jobId"], "f3cc4f60");
  assert.equal(encoded!["taskId"], "task/0");
  assert.deepEqual(
    [encoded!["Operation"], encoded!["Encoded"], encoded!["BytesIn"]],
    ["batch", 1, face.length],
  );
  assert.deepEqual([rejected!["level"], rejected!["Rejected"], rejected!["Failed"]], ["warn", 1, 0]);
  assert.equal(unreadable!["Rejected"], 1);
  for (const line of lines) {
    const { CloudWatchMetrics } = line["_aws"] as { CloudWatchMetrics: [{ Dimensions: unknown }] };
    assert.deepEqual(CloudWatchMetrics[0].Dimensions, [["Operation"]]);
  }
});

test("an event of another kind or schema is refused, with what was expected", async () => {
  const future = { ...(invocation("2.0", ["a"]) as object), invocationSchemaVersion: "3.0" };
  await assert.rejects(invoke(future), /schema 1\.0 or 2\.0: invocationSchemaVersion: .*"3\.0"/);
  await assert.rejects(invoke({ Records: [] }), /expected an invocation by S3 Batch Operations/);
  const arn = invocation("1.0", ["a"]) as { tasks: { s3BucketArn: string }[] };
  arn.tasks[0]!.s3BucketArn = "uploads";
  await assert.rejects(invoke(arn), /tasks\.0\.s3BucketArn/);
});
