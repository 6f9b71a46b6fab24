import {
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import { TIMEOUTS } from "../retries.ts";
import { decodeEventKey } from "./keys.ts";

/** The head of an object. */
export interface ObjectHead {
  /** With quotes, as in HTTP. */
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** Its `Content-Encoding`, which S3 stores without checking it. */
  readonly encoding?: string | undefined;
  /** The archive class of an object that has not been restored. Undefined if its bytes can be read. */
  readonly archive?: string | undefined;
}

export type ObjectWithBytes = ObjectHead & { readonly bytes: Uint8Array };

/** An object in a listing. */
export interface Listed {
  readonly key: string;
  /** With quotes. */
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
  readonly modified: Date;
}

/**
 * What a conditional write expects to find: an object with this ETag, or none. If something else is there, nothing is
 * written.
 */
export type Expected = string | undefined;

/** What is written under a key. */
export interface ObjectContent {
  readonly bytes: Uint8Array;
  /** Its media type. */
  readonly type: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * The operations on objects that the service needs. Apart from "not there" and "changed", errors are those of the SDK.
 */
export class ObjectStore {
  readonly #client: S3Client;

  /** Path-style addresses, for emulators that have no sub-domains. */
  constructor(endpoint = process.env["AWS_ENDPOINT_URL_S3"] ?? process.env["AWS_ENDPOINT_URL"]) {
    const place = endpoint === undefined ? {} : { endpoint, forcePathStyle: true };
    this.#client = new S3Client({ ...place, requestHandler: TIMEOUTS });
  }

  /** Undefined if there is no such object. */
  async head(bucket: string, key: string): Promise<ObjectHead | undefined> {
    const found = await this.#headObject(bucket, key);
    return found && headOf(found);
  }

  /**
   * As `head`, but with the tags as metadata where the object has no metadata of the same name. S3 gives the number of
   * tags in the head (to those who may read tags), so only objects with tags take another request.
   */
  async headTagged(bucket: string, key: string): Promise<ObjectHead | undefined> {
    const found = await this.#headObject(bucket, key);
    const head = found && headOf(found);
    if (!head || !found.TagCount) return head;
    const tagging = await orUndefined(
      this.#client.send(new GetObjectTaggingCommand({ Bucket: bucket, Key: key })),
    );
    const tags = (tagging?.TagSet ?? []).map(({ Key, Value }) => [Key ?? "", Value ?? ""] as const);
    return { ...head, metadata: { ...Object.fromEntries(tags), ...head.metadata } };
  }

  #headObject(bucket: string, key: string): Promise<HeadObjectCommandOutput | undefined> {
    return orUndefined(this.#client.send(new HeadObjectCommand({ Bucket: bucket, Key: key })));
  }

  /**
   * Throws if there is no such bucket. A HEAD of an object does not show that: S3 answers with the same 404 as for a
   * missing object.
   */
  async assertBucket(bucket: string): Promise<void> {
    await this.#client.send(new HeadBucketCommand({ Bucket: bucket }));
  }

  /**
   * The objects of a bucket whose keys begin with `prefix`, in the order of the bytes of their keys. One request for a
   * thousand objects.
   */
  async *list(bucket: string, prefix: string): AsyncGenerator<Listed, void, undefined> {
    let token: string | undefined;
    do {
      const page = await this.#client.send(
        new ListObjectsV2Command({
          Bucket: bucket,
          Prefix: prefix,
          EncodingType: "url", // XML cannot hold every character that a key may have
          ContinuationToken: token,
        }),
      );
      const decode = page.EncodingType === "url" ? decodeEventKey : (key: string): string => key;
      for (const { Key, ETag, Size, LastModified } of page.Contents ?? []) {
        yield {
          key: decode(Key ?? ""),
          etag: ETag ?? "",
          size: Size ?? 0,
          modified: LastModified ?? new Date(0),
        };
      }
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  /** An object with its bytes; undefined if there is none. If it has more than `most` bytes, they are not fetched. */
  read(bucket: string, key: string): Promise<ObjectWithBytes | undefined>;
  read(
    bucket: string,
    key: string,
    most: number,
  ): Promise<ObjectWithBytes | (ObjectHead & { readonly bytes: undefined }) | undefined>;
  async read(bucket: string, key: string, most = Number.POSITIVE_INFINITY) {
    const found = await orUndefined(this.#client.send(new GetObjectCommand({ Bucket: bucket, Key: key })));
    if (!found?.Body) return undefined;
    const head = toHead(found);
    if (head.size <= most) return { ...head, bytes: await found.Body.transformToByteArray() };
    if ("destroy" in found.Body) found.Body.destroy();
    return { ...head, bytes: undefined };
  }

  /** The lines of an object as they come, because there may be millions; undefined if there is none. */
  async readLines(bucket: string, key: string): Promise<AsyncIterable<string> | undefined> {
    const found = await orUndefined(this.#client.send(new GetObjectCommand({ Bucket: bucket, Key: key })));
    return found?.Body && linesOf(found.Body as AsyncIterable<Uint8Array>);
  }

  /** The bytes of the object with this ETag; undefined if there is another one now, or none. */
  async get(bucket: string, key: string, etag: string): Promise<Uint8Array | undefined> {
    const command = new GetObjectCommand({ Bucket: bucket, Key: key, IfMatch: etag });
    const found = await unlessChanged(this.#client.send(command));
    return found?.Body?.transformToByteArray();
  }

  /** Writes an object if the bucket holds what is expected. Returns whether it did. */
  async put(
    bucket: string,
    key: string,
    expected: Expected,
    { bytes, type, metadata = {} }: ObjectContent,
  ): Promise<boolean> {
    const condition = expected === undefined ? { IfNoneMatch: "*" } : { IfMatch: expected };
    const command = new PutObjectCommand({
      Bucket: bucket,
      Key: key,
      Body: bytes,
      ContentType: type,
      Metadata: { ...metadata },
      ...condition,
    });
    return (await unlessChanged(this.#client.send(command))) !== undefined;
  }

  /** Deletes an object if it is the expected one. Returns whether it did. */
  async delete(bucket: string, key: string, expected: string): Promise<boolean> {
    const command = new DeleteObjectCommand({ Bucket: bucket, Key: key, IfMatch: expected });
    return (await unlessChanged(this.#client.send(command))) !== undefined;
  }
}

async function* linesOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of pieces) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== "") yield rest;
}

const ARCHIVES: ReadonlySet<string | undefined> = new Set(["GLACIER", "DEEP_ARCHIVE"]);

/** Reads `x-amz-restore`, which says `ongoing-request="false", expiry-date="…"` once a copy can be read. */
function archiveOf({
  StorageClass,
  ArchiveStatus,
  Restore,
}: Pick<HeadObjectCommandOutput, "StorageClass" | "ArchiveStatus" | "Restore">): string | undefined {
  const archive = ARCHIVES.has(StorageClass) ? StorageClass : ArchiveStatus;
  return Restore?.includes('ongoing-request="false"') ? undefined : archive;
}

function headOf(found: HeadObjectCommandOutput): ObjectHead {
  return { ...toHead(found), archive: archiveOf(found) };
}

/** What the answers to a HEAD and a GET both have. */
function toHead(found: {
  ETag?: string | undefined;
  ContentLength?: number | undefined;
  Metadata?: Record<string, string> | undefined;
  ContentEncoding?: string | undefined;
}): ObjectHead {
  const { ETag = "", ContentLength = 0, Metadata = {}, ContentEncoding } = found;
  return { etag: ETag, size: ContentLength, metadata: Metadata, encoding: ContentEncoding };
}

async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (statusOf(error) === 404 && !isNoSuchBucket(error)) return undefined;
    throw error;
  }
}

/** Undefined for 412 (the object has changed), 404 (it is gone) and 409 (another conditional write is in progress). */
async function unlessChanged<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if ([404, 409, 412].includes(statusOf(error) ?? 0) && !isNoSuchBucket(error)) return undefined;
    throw error;
  }
}

function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}

function isNoSuchBucket(error: unknown): boolean {
  return error instanceof Error && error.name === "NoSuchBucket";
}
