import assert from "node:assert/strict";
import { test } from "node:test";
import { GetAliasCommand, InvokeCommand } from "@aws-sdk/client-lambda";
import type { S3BatchResult } from "aws-lambda";
import { ALIAS } from "../../src/service/settings.ts";
import { BATCH } from "./deployment.ts";
import { deployment, face } from "./shared.ts";

// after the backfill, which took the uploads' trigger away: what comes here, comes from the batch function

const KEYS = ["batch/a b+c (1) 100%.png", "batch/ü/ø%20x.png"];

/** What S3 sends: a task a key, percent-encoded. */
function invocation(schema: "1.0" | "2.0", keys: readonly string[]): unknown {
  const { uploads } = deployment;
  const place = schema === "1.0" ? { s3BucketArn: `arn:aws:s3:::${uploads}` } : { s3Bucket: uploads };
  return {
    invocationSchemaVersion: schema,
    invocationId: "invocation",
    job: { id: "job" },
    tasks: keys.map((key, i) => ({
      taskId: `task ${i}`,
      s3Key: encodeURIComponent(key),
      s3VersionId: null,
      ...place,
    })),
  };
}

for (const schema of ["1.0", "2.0"] as const) {
  test(`schema ${schema}: a published version of the batch function encodes with the rights of its own role`, async () => {
    const keys = KEYS.map((key) => `${schema}/${key}`);
    for (const key of keys) await deployment.upload(key, face);
    await deployment.upload(`${schema}/text.png`, Buffer.from("no picture"));
    const { FunctionVersion: Version } = await deployment.lambda.send(
      new GetAliasCommand({ FunctionName: BATCH, Name: ALIAS }),
    );
    assert.match(Version ?? "", /^\d+$/);
    const Payload = JSON.stringify(invocation(schema, [...keys, `${schema}/text.png`, `${schema}/gone.png`]));
    const answer = await deployment.lambda.send(
      new InvokeCommand({ FunctionName: BATCH, Qualifier: Version, Payload }),
    );
    const text = Buffer.from(answer.Payload ?? []).toString();
    assert.equal(answer.FunctionError, undefined, text);
    const { results, ...rest } = JSON.parse(text) as S3BatchResult;
    assert.deepEqual(rest, {
      invocationSchemaVersion: schema,
      invocationId: "invocation",
      treatMissingKeysAs: "TemporaryFailure",
    });
    assert.deepEqual(
      results.map(({ taskId, resultCode }) => [taskId, resultCode]),
      [
        ["task 0", "Succeeded"],
        ["task 1", "Succeeded"],
        ["task 2", "PermanentFailure"],
        ["task 3", "Succeeded"],
      ],
    );
    assert.match(results[0]!.resultString, /^encoded \d+ \d+$/);
    assert.equal(results[3]!.resultString, "absent");
    for (const key of keys) {
      const { status } = await deployment.get(key, "?format=webp");
      assert.equal(status, 200, key);
    }
  });
}
