import * as v from "valibot";
import { decodeEventKey } from "../aws/keys.ts";

/** One record of an S3 event: something happened to an object. */
export interface ObjectEvent {
  /**
   * `created` for ObjectCreated:*, `tagged` for ObjectTagging:*, `restored` for ObjectRestore:Completed, `removed` for
   * ObjectRemoved:* (delete markers too) and LifecycleExpiration:*.
   */
  readonly kind: "created" | "tagged" | "restored" | "removed";
  readonly bucket: string;
  readonly key: string;
  /** Bytes of a created object. */
  readonly size: number | undefined;
  /** Orders the events of one key. It says nothing about other keys. */
  readonly sequencer: string | undefined;
}

const Record = v.object({
  eventSource: v.literal("aws:s3"),
  eventName: v.string(),
  s3: v.object({
    bucket: v.object({ name: v.string() }),
    object: v.object({
      key: v.string(),
      size: v.optional(v.number()),
      sequencer: v.optional(v.string()),
    }),
  }),
});

/**
 * The records of an S3 event that concern us, in their order. The test event of S3 has no `Records` and gives none.
 * Records of other sources or other events are returned separately, to be logged.
 */
export function readS3Event(event: unknown): { events: ObjectEvent[]; ignored: unknown[] } {
  const records = v.is(v.object({ Records: v.array(v.unknown()) }), event) ? event.Records : [];
  const events: ObjectEvent[] = [];
  const ignored: unknown[] = [];
  for (const record of records) {
    const read = readRecord(record);
    if (read) events.push(read);
    else ignored.push(record);
  }
  return { events, ignored };
}

function readRecord(record: unknown): ObjectEvent | undefined {
  const result = v.safeParse(Record, record);
  if (!result.success) return undefined;
  const { eventName, s3 } = result.output;
  const kind = kindOf(eventName);
  if (!kind) return undefined;
  const { key, size, sequencer } = s3.object;
  try {
    return { kind, bucket: s3.bucket.name, key: decodeEventKey(key), size, sequencer };
  } catch {
    return undefined; // the key is not percent-encoded correctly
  }
}

function kindOf(eventName: string): ObjectEvent["kind"] | undefined {
  if (eventName.startsWith("ObjectCreated:")) return "created";
  if (eventName.startsWith("ObjectTagging:")) return "tagged";
  if (eventName === "ObjectRestore:Completed") return "restored";
  if (eventName.startsWith("ObjectRemoved:") || eventName.startsWith("LifecycleExpiration:"))
    return "removed";
  return undefined;
}
