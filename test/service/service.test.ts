import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import sharp from "sharp";
import type { Image } from "../../src/codec/image.ts";
import { psnr } from "../../src/codec/rate-distortion.ts";
import { readImage } from "../../src/image/read.ts";
import { info } from "../../src/index.ts";
import { Local, serve } from "./local.ts";
import { makeUploads, type Uploads } from "./uploads.ts";

const KEYS = [
  "a/b c+d (1).png",
  "ü/ø%20x.png",
  "100%.png",
  "it's&a=b;c.png",
  "日本/~!@#$^*,[x]{y}|%2F.png",
  "a%25b %2520.png",
  "no-extension",
];

const FORMATS = { png: "image/png", webp: "image/webp", avif: "image/avif", jpeg: "image/jpeg" } as const;

let local: Local;
let face: Buffer;
let other: Buffer;
let uploads: Uploads;

before(async () => {
  const images = new URL("../images/", import.meta.url);
  face = await readFile(new URL("face-hat-64.png", images));
  other = await readFile(new URL("face-pearls-64.png", images));
  [uploads, local] = await Promise.all([makeUploads(face, other), Local.start()]);
});

after(() => local.clean());

async function picture(answer: Response): Promise<Image> {
  assert.equal(answer.status, 200);
  return (await readImage(new Uint8Array(await answer.arrayBuffer()))).image;
}

async function assertLike(answer: Response, original: Buffer, least = 22): Promise<void> {
  const decibels = psnr(await picture(answer), (await readImage(original)).image);
  assert.ok(decibels > least, `${answer.url}: expected over ${least} dB, got ${decibels}`);
}

function latents(key: string): Promise<Response> {
  return fetch(local.objectUrl(local.service.latentsBucket, `${key}.zn`));
}

async function assertProblem(answer: Response, status: number, detail: RegExp): Promise<void> {
  assert.equal(answer.status, status);
  assert.equal(answer.headers.get("content-type"), "application/problem+json");
  assert.match(answer.headers.get("cache-control")!, /^(no-store|public, max-age=2)$/);
  assert.equal(answer.headers.get("access-control-allow-origin"), "*");
  const problem = (await answer.json()) as Record<string, unknown>;
  assert.equal(problem["status"], status);
  assert.equal(typeof problem["title"], "string");
  assert.match(String(problem["detail"]), detail);
}

test("every type of picture comes back in every format", async () => {
  for (const [type, bytes] of Object.entries(uploads.types)) {
    const key = `types/face.${type}`;
    const { outcome, metadata } = await local.upload(key, bytes);
    assert.equal(outcome, "encoded", type);
    const stored = await latents(key);
    const file = new Uint8Array(await stored.arrayBuffer());
    assert.ok(file.length > 60 && file.length < 500, `${file.length} bytes`);
    assert.equal(stored.headers.get("content-type"), "image/x-zippynet");
    assert.equal(stored.headers.get("x-amz-meta-bytes-before"), String(bytes.length));
    assert.equal(stored.headers.get("x-amz-meta-bytes-after"), String(file.length));
    assert.equal(metadata?.["psnr"], stored.headers.get("x-amz-meta-psnr"));
    for (const [format, mediaType] of Object.entries(FORMATS)) {
      const answer = await fetch(local.pictureUrl(key, `?format=${format}`));
      assert.equal(answer.headers.get("content-type"), mediaType);
      await assertLike(answer, face);
    }
    const asFile = await fetch(local.pictureUrl(key, "?format=zn"));
    assert.equal(asFile.headers.get("content-type"), "image/x-zippynet");
    assert.deepEqual(new Uint8Array(await asFile.arrayBuffer()), file);
    const told = info(file);
    assert.ok(told.kind === "latents");
    const { width, height, quality, bytes: length } = told;
    assert.deepEqual(
      { width, height, quality, length },
      { width: 64, height: 64, quality: 50, length: file.length },
    );
  }
});

test("hard keys come back from their URLs", async () => {
  for (const [i, key] of KEYS.entries()) {
    const body = i % 2 === 0 ? face : other;
    assert.equal((await local.upload(key, body)).outcome, "encoded");
    assert.equal((await latents(key)).status, 200, key);
    await assertLike(await fetch(local.pictureUrl(key)), body);
  }
});

test("Accept chooses; the answer says so and may be kept", async () => {
  await local.upload("accept", face);
  for (const [format, mediaType] of Object.entries(FORMATS)) {
    const answer = await fetch(local.pictureUrl("accept"), {
      headers: { accept: `${mediaType}, */*;q=0.1` },
    });
    const { headers } = answer;
    assert.equal(headers.get("content-type"), mediaType);
    assert.equal(headers.get("vary"), "Accept");
    assert.equal(headers.get("cache-control"), "public, max-age=604800");
    assert.equal(headers.get("access-control-allow-origin"), "*");
    assert.match(headers.get("etag")!, new RegExp(`^"[0-9a-f]{32}-${format}"$`));
    await assertLike(answer, face);
  }
  const none = await fetch(local.pictureUrl("accept"), { headers: { accept: "text/html" } });
  await assertProblem(none, 406, /image\/webp.*got "text\/html"/);
});

test("a tag that is still right is answered with 304, in its own format only", async () => {
  await local.upload("tag", face);
  const tag = (await fetch(local.pictureUrl("tag", "?format=webp"))).headers.get("etag")!;
  for (const method of ["GET", "HEAD"]) {
    const headers = { "if-none-match": `"x", W/${tag}` };
    const same = await fetch(local.pictureUrl("tag", "?format=webp"), { method, headers });
    assert.equal(same.status, 304);
    assert.equal(same.headers.get("etag"), tag);
    assert.equal(await same.text(), "");
    assert.equal((await fetch(local.pictureUrl("tag", "?format=png"), { method, headers })).status, 200);
  }
  assert.equal((await local.upload("tag", other)).outcome, "encoded");
  const changed = await fetch(local.pictureUrl("tag", "?format=webp"), { headers: { "if-none-match": tag } });
  await assertLike(changed, other);
});

test("HEAD has the headers of GET and no body", async () => {
  await local.upload("head", face);
  for (const query of ["", "?format=avif", "?info"]) {
    const [get, head] = await Promise.all(
      ["GET", "HEAD"].map((method) => fetch(local.pictureUrl("head", query), { method })),
    );
    assert.equal(head!.status, 200);
    assert.equal(await head!.text(), "");
    for (const name of ["content-type", "content-length", "etag", "vary", "cache-control"]) {
      assert.equal(head!.headers.get(name), get!.headers.get(name), name);
    }
    assert.equal(Number(head!.headers.get("content-length")), (await get!.arrayBuffer()).byteLength);
  }
  const missing = await fetch(local.pictureUrl("nowhere"), { method: "HEAD" });
  assert.equal(missing.status, 404);
});

test("?info says what is known", async () => {
  await local.upload("known", face, { quality: "20", model: "faces" });
  const answer = await fetch(local.pictureUrl("known", "?info"));
  assert.match(answer.headers.get("content-type")!, /^application\/json/);
  const { psnr: decibels, bytes, source, ...rest } = (await answer.json()) as Record<string, unknown>;
  assert.ok(Number(decibels) > 20 && Number(bytes) < 300);
  assert.equal((source as Record<string, unknown>)["bytes"], face.length);
  assert.deepEqual(rest, {
    key: "known",
    width: 64,
    height: 64,
    kind: "latents",
    alpha: false,
    grey: false,
    model: { number: 1, name: "faces" },
    quality: 20,
    target: "quality 20",
    effort: 0,
  });
});

test("?info changes its tag with what it says, though the picture stays the same", async () => {
  const ask = (tag: string) =>
    fetch(local.pictureUrl("known again", "?info"), { headers: { "if-none-match": tag } });
  await local.upload("known again", face, { model: "faces" });
  const first = await ask("");
  const tag = first.headers.get("etag")!;
  assert.equal((await ask(tag)).status, 304);
  const { source } = (await first.json()) as { source: { bytes: number } };
  const resaved = await sharp(face).png({ compressionLevel: 0 }).toBuffer();
  await local.upload("known again", resaved, { model: "faces" });
  const second = await ask(tag);
  assert.equal(second.status, 200);
  const { source: after } = (await second.json()) as { source: { bytes: number } };
  assert.deepEqual([source.bytes, after.bytes], [face.length, resaved.length]);
});

test("tags that an upload gets later are followed", async () => {
  await local.upload("tagged later", face, { model: "faces" });
  const Tag = "<Tag><Key>quality</Key><Value>20</Value></Tag>";
  const url = `${local.objectUrl(local.service.uploadsBucket, "tagged later")}?tagging`;
  const { outcome } = await local.handled("tagged later", () =>
    fetch(url, { method: "PUT", body: `<Tagging><TagSet>${Tag}</TagSet></Tagging>` }),
  );
  assert.equal(outcome, "encoded");
  const file = new Uint8Array(await (await latents("tagged later")).arrayBuffer());
  const told = info(file);
  assert.equal(told.kind === "latents" && told.quality, 20);
});

test("sizes, preflights and the API's description come through the gateway", async () => {
  await local.upload("sized", face);
  const small = await picture(await fetch(local.pictureUrl("sized", "?w=20&h=10&format=webp")));
  assert.deepEqual([small.width, small.height], [20, 10]);
  const preflight = await fetch(local.pictureUrl("sized"), {
    method: "OPTIONS",
    headers: { origin: "https://page", "access-control-request-method": "GET" },
  });
  assert.equal(preflight.headers.get("access-control-allow-origin"), "*");
  const answer = await fetch(`${local.service.apiUrl}/openapi.json`);
  assert.equal(answer.status, 200);
  assert.ok("/images/{key}" in ((await answer.json()) as { paths: object }).paths);
});

test("errors are problem documents", async () => {
  await assertProblem(
    await fetch(local.pictureUrl("no/such key.png")),
    404,
    /there is no picture "no\/such key.png"/,
  );
  await local.upload("formats", face);
  await assertProblem(await fetch(local.pictureUrl("formats", "?format=bmp")), 400, /png, webp.*got "bmp"/);
  // latents that something else has written there
  const url = local.objectUrl(local.service.latentsBucket, "foreign.zn");
  for (const body of ["", "foreign bytes"]) {
    await fetch(url, { method: "PUT", body });
    await assertProblem(await fetch(local.pictureUrl("foreign", "?format=png")), 500, /could not be decoded/);
    await assertProblem(await fetch(local.pictureUrl("foreign", "?info")), 500, /could not be decoded/);
  }
});

test("a new upload replaces a picture, its deletion takes it away", async () => {
  await local.upload("album/one.png", face);
  await local.upload("album/one.png", other);
  await assertLike(await fetch(local.pictureUrl("album/one.png")), other);
  const removed = await local.handled("album/one.png", () =>
    fetch(local.objectUrl(local.service.uploadsBucket, "album/one.png"), { method: "DELETE" }),
  );
  assert.equal(removed.outcome, "removed");
  assert.equal((await latents("album/one.png")).status, 404);
  assert.equal((await fetch(local.pictureUrl("album/one.png"))).status, 404);
});

test("unusual pictures are taken as a person would see them", async () => {
  for (const [name, bytes] of Object.entries(uploads.unusual)) {
    const { outcome, metadata } = await local.upload(`unusual/${name}`, bytes);
    assert.equal(outcome, "encoded", name);
    if (name === "animated") assert.equal(metadata?.["notes"], "first of 2 frames");
    await assertLike(await fetch(local.pictureUrl(`unusual/${name}`)), bytes, 20);
  }
  const grey = await picture(await fetch(local.pictureUrl("unusual/grey", "?format=png")));
  for (let i = 0; i < grey.data.length; i += 3) assert.ok(Math.abs(grey.data[i]! - grey.data[i + 1]!) <= 3);
  const { metadata } = await local.upload("rotated.jpg", uploads.rotated);
  assert.deepEqual([metadata?.["width"], metadata?.["height"]], ["48", "64"]);
  const shown = await sharp(await (await fetch(local.pictureUrl("rotated.jpg"))).arrayBuffer()).metadata();
  assert.deepEqual([shown.width, shown.height], [48, 64]);
});

test("what cannot be encoded is refused with its reason, left alone, and the service lives on", async () => {
  for (const [name, [bytes, code, words]] of Object.entries(uploads.refused)) {
    const key = `refused/${name}.png`;
    const { outcome, reason } = await local.upload(key, bytes);
    assert.equal(outcome, "rejected", name);
    assert.equal(reason?.code, code, name);
    assert.match(reason?.message ?? "", words);
    assert.equal((await latents(key)).status, 404);
    assert.equal((await fetch(local.pictureUrl(key))).status, 404);
    const original = await fetch(local.objectUrl(local.service.uploadsBucket, key));
    assert.deepEqual(Buffer.from(await original.arrayBuffer()), bytes);
  }
  const { outcome, reason } = await local.upload("refused/quality", face, { "zippynet-quality": "101" });
  assert.equal(outcome, "rejected");
  assert.match(reason?.message ?? "", /"zippynet-quality" to be 1–100, got "101"/);
  assert.equal((await local.upload("alive", face)).outcome, "encoded");
});

test("many at once", async () => {
  const keys = Array.from({ length: 24 }, (_, i) => `many/${i}.png`);
  await Promise.all(keys.map((key, i) => local.upload(key, i % 2 === 0 ? face : other)));
  await Promise.all(
    keys.map(async (key, i) => assertLike(await fetch(local.pictureUrl(key)), i % 2 === 0 ? face : other)),
  );
});

test("a port in use is said, with the way out", async () => {
  const port = new URL(local.service.apiUrl).port;
  const second = serve(["--folder", `${local.folder}/second`, "--api-port", port, "--s3-port", "0"]);
  let said = "";
  second.stderr!.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const [code] = (await once(second, "exit")) as [number];
  assert.equal(code, 1);
  assert.match(said, new RegExp(`Port ${port}, for the API, is in use.*--api-port.*ZIPPYNET_API_PORT`, "s"));
});

test("a second service in the folder of one that runs is refused; the first goes on", async () => {
  const second = serve(["--folder", local.folder, "--api-port", "0", "--s3-port", "0", "--web-port", "0"]);
  let said = "";
  second.stderr!.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const [code] = (await once(second, "exit")) as [number];
  assert.equal(code, 1);
  assert.match(said, /a service runs already, at http.*--folder/);
  assert.deepEqual(JSON.parse(await readFile(`${local.folder}/local.json`, "utf8")), local.service);
});

test("it prints what to copy, and stops cleanly", async () => {
  const { s3, uploadsBucket, latentsBucket, apiUrl } = local.service;
  for (const line of [
    `curl -T test/images/face-hat-64.png ${s3.endpoint}/${uploadsBucket}/face-hat-64.png`,
    `curl -I ${s3.endpoint}/${latentsBucket}/face-hat-64.png.zn`,
    `${apiUrl}/images/face-hat-64.png`,
  ]) {
    assert.ok(local.output.includes(line), line);
  }
  assert.equal(await local.stop("SIGINT"), 0);
  await assert.rejects(readFile(`${local.folder}/local.json`), { code: "ENOENT" });
  await assert.rejects(fetch(apiUrl));
  await assert.rejects(fetch(s3.endpoint));
});
