import { randomUUID } from "node:crypto";
import { encodeEventKey } from "../service/aws/keys.ts";
import type { ObjectChange } from "./s3/server.ts";

/** An `s3` event of a function in serverless.yml, in its long form, with the resolved name of its bucket. */
export interface S3Trigger {
  /** The deployed name of the function. */
  readonly functionName: string;
  readonly bucket: string;
  /** `s3:ObjectCreated:*` and the like. */
  readonly event: string;
  readonly rules: readonly { readonly prefix?: string; readonly suffix?: string }[];
}

/** Whether a bucket's setting matches a change. */
export function isFor({ bucket, event, rules }: S3Trigger, change: ObjectChange): boolean {
  const name = `s3:${change.name}`;
  const named = event.endsWith("*") ? name.startsWith(event.slice(0, -1)) : name === event;
  return (
    bucket === change.bucket &&
    named &&
    rules.every(
      ({ prefix = "", suffix = "" }) => change.key.startsWith(prefix) && change.key.endsWith(suffix),
    )
  );
}

/** The event as Lambda receives it from S3: the key encoded, the name without `s3:`, and a sequencer that grows. */
export function toS3Event(
  change: ObjectChange,
  region: string,
  sequence: bigint,
): Readonly<Record<string, unknown>> {
  const { name, bucket, key, info } = change;
  return {
    Records: [
      {
        eventVersion: "2.1",
        eventSource: "aws:s3",
        awsRegion: region,
        eventTime: new Date().toISOString(),
        eventName: name,
        userIdentity: { principalId: "local" },
        requestParameters: { sourceIPAddress: "127.0.0.1" },
        responseElements: { "x-amz-request-id": randomUUID() },
        s3: {
          s3SchemaVersion: "1.0",
          configurationId: "local",
          bucket: { name: bucket, ownerIdentity: { principalId: "local" }, arn: `arn:aws:s3:::${bucket}` },
          object: {
            key: encodeEventKey(key),
            ...(info ? { size: info.size, eTag: info.etag } : {}),
            sequencer: sequence.toString(16).toUpperCase().padStart(18, "0"),
          },
        },
      },
    ],
  };
}
