import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, before, test } from "node:test";
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
  type S3ServiceException,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { LocalS3, type ObjectChange } from "../../src/local/s3/server.ts";

const Bucket = "things";
const changes: ObjectChange[] = [];
let folder: string;
let s3: LocalS3;
let client: S3Client;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "zippynet-s3-"));
  await start();
});

after(async () => {
  await s3.stop();
  await rm(folder, { recursive: true });
});

async function start(): Promise<void> {
  s3 = await LocalS3.start({
    folder,
    buckets: [Bucket, "others"],
    port: 0,
    onChange: (change) => changes.push(change),
  });
  client = new S3Client({
    endpoint: s3.endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
  });
}

async function text(Key: string): Promise<string | undefined> {
  return (await client.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString();
}

function put(Key: string, Body: string, more: object = {}): Promise<{ ETag?: string | undefined }> {
  return client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
}

const status = (code: number) => (error: S3ServiceException) => error.$metadata.httpStatusCode === code;

test("metadata of more than 2 kB are refused, as S3 refuses them", async () => {
  await put("noted", "a", { Metadata: { note: "x".repeat(2044) } });
  await assert.rejects(
    () => put("noted", "b", { Metadata: { note: "x".repeat(2000), other: "y".repeat(40) } }),
    { name: "MetadataTooLarge" },
  );
  assert.equal(await text("noted"), "a");
  await client.send(new DeleteObjectCommand({ Bucket, Key: "noted" }));
  changes.length = 0;
});

test("objects of hard keys keep their bytes and metadata, over a restart too", async () => {
  const keys = [
    "a/b c+d (1).png",
    "ü/ø%20x.png",
    "100%.png",
    "it's&a=b;c.png",
    "a//b/../c",
    ".",
    "x".repeat(1024),
  ];
  for (const Key of keys)
    await put(Key, `body of ${Key}`, { Metadata: { quality: "7" }, ContentType: "t/x" });
  await s3.stop();
  await writeFile(join(folder, Bucket, ".DS_Store"), "of a file manager");
  await start();
  for (const Key of keys) {
    assert.equal(await text(Key), `body of ${Key}`);
    const { Metadata, ContentType, ContentLength } = await client.send(
      new HeadObjectCommand({ Bucket, Key }),
    );
    assert.deepEqual({ Metadata, ContentType }, { Metadata: { quality: "7" }, ContentType: "t/x" });
    assert.equal(ContentLength, Buffer.byteLength(`body of ${Key}`));
  }
  const { Contents } = await client.send(new ListObjectsV2Command({ Bucket }));
  assert.deepEqual(
    Contents?.map(({ Key }) => Key),
    keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
  );
  const removed = await client.send(
    new DeleteObjectsCommand({ Bucket, Delete: { Objects: keys.map((Key) => ({ Key })) } }),
  );
  assert.equal(removed.Deleted?.length, keys.length);
  assert.deepEqual(
    changes.splice(0).map(({ name, key }) => [name, key]),
    [...keys.map((key) => ["ObjectCreated:Put", key]), ...keys.map((key) => ["ObjectRemoved:Delete", key])],
  );
  await assert.rejects(text("100%.png"), status(404));
});

test("conditional writes: of ten writers of a new key one wins", async () => {
  const writes = await Promise.allSettled(
    Array.from({ length: 10 }, (_, i) => put("new", String(i), { IfNoneMatch: "*" })),
  );
  const won = writes.filter((write) => write.status === "fulfilled");
  assert.equal(won.length, 1);
  for (const write of writes) if (write.status === "rejected") assert.ok(status(412)(write.reason));
  const { ETag } = won[0]!.value;
  await assert.rejects(put("new", "x", { IfMatch: '"0"' }), status(412));
  await assert.rejects(put("none", "x", { IfMatch: ETag }), status(404));
  await assert.rejects(
    client.send(new DeleteObjectCommand({ Bucket, Key: "new", IfMatch: '"0"' })),
    status(412),
  );
  await put("new", "y", { IfMatch: ETag });
  assert.equal(await text("new"), "y");
  await assert.rejects(client.send(new GetObjectCommand({ Bucket, Key: "new", IfMatch: ETag })), status(412));
  await client.send(new DeleteObjectCommand({ Bucket, Key: "new" }));
});

test("bodies in signed chunks, ranges, copies, multipart uploads", async () => {
  const body = "0123456789".repeat(9000);
  await put("chunked", "", { Body: Readable.from([Buffer.from(body)]), ContentLength: body.length });
  assert.equal(await text("chunked"), body);
  const part = await client.send(new GetObjectCommand({ Bucket, Key: "chunked", Range: "bytes=-3" }));
  assert.equal(await part.Body?.transformToString(), "789");
  await client.send(
    new CopyObjectCommand({
      Bucket,
      Key: "cöpy %?",
      CopySource: `${Bucket}/${encodeURIComponent("chunked")}`,
    }),
  );
  assert.equal(await text("cöpy %?"), body);

  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: "parts" }));
  const parts = await Promise.all(
    ["one ", "two"].map(async (Body, i) => {
      const PartNumber = i + 1;
      const answer = await client.send(
        new UploadPartCommand({ Bucket, Key: "parts", UploadId, PartNumber, Body }),
      );
      return { ETag: answer.ETag, PartNumber };
    }),
  );
  await client.send(
    new CompleteMultipartUploadCommand({ Bucket, Key: "parts", UploadId, MultipartUpload: { Parts: parts } }),
  );
  assert.equal(await text("parts"), "one two");
  assert.deepEqual(
    changes.splice(0).map(({ name }) => name),
    [
      "ObjectCreated:Put",
      "ObjectCreated:Put",
      "ObjectRemoved:Delete",
      "ObjectCreated:Put",
      "ObjectCreated:Copy",
      "ObjectCreated:CompleteMultipartUpload",
    ],
  );
});

test("a copy has the source's metadata and tags, or the request's, each as its directive says", async () => {
  await put("tagged", "x", { Metadata: { quality: "30" }, Tagging: "model=faces" });
  const copy = async (more: object) => {
    const CopySource = `${Bucket}/tagged`;
    await client.send(new CopyObjectCommand({ Bucket, Key: "copy", CopySource, ...more }));
    const { Metadata } = await client.send(new HeadObjectCommand({ Bucket, Key: "copy" }));
    const { TagSet } = await client.send(new GetObjectTaggingCommand({ Bucket, Key: "copy" }));
    return [Metadata, TagSet!.map(({ Key, Value }) => `${Key}=${Value}`)];
  };
  const metadata = { MetadataDirective: "REPLACE", Metadata: { quality: "60" } };
  const tags = { TaggingDirective: "REPLACE", Tagging: "model=signs" };
  assert.deepEqual(await copy({}), [{ quality: "30" }, ["model=faces"]]);
  assert.deepEqual(await copy(metadata), [{ quality: "60" }, ["model=faces"]]);
  assert.deepEqual(await copy(tags), [{ quality: "30" }, ["model=signs"]]);
  assert.deepEqual(await copy({ ...metadata, ...tags }), [{ quality: "60" }, ["model=signs"]]);
  assert.deepEqual(await copy({ TaggingDirective: "REPLACE" }), [{ quality: "30" }, []]);
  changes.length = 0;
});

test("tags that come later change nothing else of an object, and have an event", async () => {
  await put("later", "x", { Metadata: { a: "b" }, Tagging: "old=1" });
  const of = { Bucket, Key: "later" };
  const { LastModified, ETag } = await client.send(new HeadObjectCommand(of));
  const Tagging = {
    TagSet: [
      { Key: "quality", Value: "30" },
      { Key: "a&b", Value: "<ü>" },
    ],
  };
  await client.send(new PutObjectTaggingCommand({ ...of, Tagging }));
  assert.deepEqual((await client.send(new GetObjectTaggingCommand(of))).TagSet, Tagging.TagSet);
  await client.send(new DeleteObjectTaggingCommand(of));
  assert.deepEqual((await client.send(new GetObjectTaggingCommand(of))).TagSet, []);
  const head = await client.send(new HeadObjectCommand(of));
  assert.deepEqual([head.LastModified, head.ETag, head.Metadata], [LastModified, ETag, { a: "b" }]);
  assert.equal(await text("later"), "x");
  assert.deepEqual(
    changes.splice(0).map(({ name, key }) => `${name} ${key}`),
    ["ObjectCreated:Put later", "ObjectTagging:Put later", "ObjectTagging:Delete later"],
  );
  await assert.rejects(
    client.send(new PutObjectTaggingCommand({ Bucket, Key: "nobody", Tagging })),
    status(404),
  );
});

test("pages of this machine may use the buckets, those of the web may not", async () => {
  const ask = (origin: string, method = "GET") =>
    fetch(`${s3.endpoint}/${Bucket}`, { method, headers: { origin } });
  const own = await ask("http://localhost:8080");
  assert.deepEqual(
    [own.status, own.headers.get("access-control-allow-origin")],
    [200, "http://localhost:8080"],
  );
  for (const origin of ["https://evil.example", "http://localhost.evil.example", "null"]) {
    const foreign = await ask(origin);
    assert.deepEqual(
      [foreign.status, foreign.headers.get("access-control-allow-origin")],
      [403, null],
      origin,
    );
    assert.equal((await ask(origin, "POST")).status, 403);
  }
});

test("listings in pages, by prefix and by folder", async () => {
  for (const Key of ["l/a", "l/b/1", "l/b/2", "l/c", "m"]) await put(Key, "");
  const seen: (string | undefined)[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({ Bucket, Prefix: "l/", Delimiter: "/", MaxKeys: 1, ContinuationToken }),
    );
    seen.push(...(page.Contents ?? []).map(({ Key }) => Key));
    seen.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix));
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken);
  assert.deepEqual(seen, ["l/a", "l/b/", "l/c"]);
});

test("readers see an old or a new object, never a mixture", async () => {
  const bodies = ["a", "b"].map((letter) => letter.repeat(200_000));
  await put("swap", bodies[0]!);
  let writing = true;
  const writer = (async () => {
    for (let i = 0; i < 30; i++) await put("swap", bodies[i % 2]!);
    writing = false;
  })();
  while (writing) assert.ok(bodies.includes((await text("swap"))!));
  await writer;
});

test("errors are S3's: no bucket, no key, a broken body, an operation it does not know", async () => {
  await assert.rejects(put("x", "y", { Bucket: "nix" }), { name: "NoSuchBucket" });
  await assert.rejects(text("nix"), { name: "NoSuchKey" });
  await assert.rejects(put("x", "y", { ContentMD5: "AAAAAAAAAAAAAAAAAAAAAA==" }), { name: "BadDigest" });
  assert.equal((await fetch(`${s3.endpoint}/${Bucket}?versioning`)).status, 501);
  assert.equal((await fetch(`${s3.endpoint}/${Bucket}/%zz`)).status, 400);
  const broken = await raw(
    `/${Bucket}/x`,
    { "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER" },
    "zz\r\n",
  );
  assert.equal(broken, 400);
});

function raw(path: string, headers: Record<string, string>, body: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(s3.endpoint);
    request({ hostname, port, path, headers, method: "PUT" }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on("error", reject)
      .end(body);
  });
}
