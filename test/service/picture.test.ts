import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import sharp from "sharp";
import { fittedSize } from "../../src/image/fit.ts";
import { decode } from "../../src/index.ts";
import { type Answered, assertProblem, DecodeService } from "./decode-service.ts";

const WIDE = "a/wide %25 +ü.png";

let service: DecodeService;

before(async () => {
  service = await DecodeService.start({ ZIPPYNET_MAX_SIDE: "600", ZIPPYNET_MAX_RESPONSE_BYTES: "100000" });
  await service.add("face", "face-hat-64.png");
  const wide = sharp(new URL("../images/face-hat-64.png", import.meta.url).pathname).resize(64, 32);
  await service.add(WIDE, await wide.png().toBuffer());
  const noise = sharp(randomBytes(200 * 200 * 3), { raw: { width: 200, height: 200, channels: 3 } });
  await service.add("noise", await noise.jpeg({ quality: 90 }).toBuffer());
});

after(() => service.stop());

async function sizeOf({ status, body }: Answered): Promise<[number, number]> {
  assert.equal(status, 200, body.toString());
  const { width, height } = await sharp(body).metadata();
  return [width, height];
}

test("w, h and fit give the size that they say", async () => {
  const cases: [string, number, number][] = [
    ["", 64, 32],
    ["w=32", 32, 16],
    ["h=48", 96, 48],
    ["w=1", 1, 1],
    ["w=20&h=30", 20, 30],
    ["w=20&h=30&fit=cover", 20, 30],
    ["w=20&h=30&fit=contain", 20, 30],
    ["w=20&h=30&fit=fill", 20, 30],
    ["w=20&h=30&fit=inside", 20, 10],
    ["w=200&h=600&fit=inside", 200, 100],
    ["w=512", 512, 256],
    ["w=40&fit=fill", 40, 20],
  ];
  for (const [query, width, height] of cases) {
    for (const format of query === "w=32" ? ["png", "webp", "avif", "jpeg"] : ["webp"]) {
      const answer = await service.image(WIDE, `?${query}&format=${format}`);
      assert.deepEqual(await sizeOf(answer), [width, height], `${query} ${format}`);
    }
  }
});

test("contain puts transparent bars beside the picture, white ones in JPEG; cover cuts", async () => {
  const pixel = async (query: string, x: number, y: number): Promise<number[]> => {
    const { body } = await service.image(WIDE, query);
    const cut = sharp(body).ensureAlpha().extract({ left: x, top: y, width: 1, height: 1 });
    return [...(await cut.raw().toBuffer())];
  };
  assert.equal((await pixel("?w=32&h=32&fit=contain", 16, 2))[3], 0);
  assert.equal((await pixel("?w=32&h=32&fit=contain", 16, 16))[3], 255);
  const white = await pixel("?w=32&h=32&fit=contain&format=jpeg", 16, 1);
  assert.ok(
    white.every((sample) => sample > 250),
    String(white),
  );
  const whole = sharp((await service.image(WIDE)).body).resize(32, 32, { fit: "cover" });
  const { body } = await service.image(WIDE, "?w=32&h=32");
  const [a, b] = await Promise.all([whole.raw().toBuffer(), sharp(body).raw().toBuffer()]);
  const worst = Math.max(...a.map((sample, i) => Math.abs(sample - b[i]!)));
  assert.ok(worst <= 2, `differs by ${worst}`);
});

test("a look has an ETag and pixels of its own; a picture without one is shown faithfully", async () => {
  const [usual, faithful, natural] = [
    await service.image("face", "?format=png"),
    await service.image("face", "?format=png&look=faithful"),
    await service.image("face", "?format=png&look=natural"),
  ];
  assert.equal(faithful.headers["etag"], usual.headers["etag"]);
  assert.notEqual(natural.headers["etag"], usual.headers["etag"]);
  assert.deepEqual(faithful.body, usual.body);
  const { body: file } = await service.image("face", "?format=zn");
  const expected = await decode(file, { look: "natural", channels: 3 });
  assert.deepEqual(await sharp(natural.body).raw().toBuffer(), Buffer.from(expected.data));
  assert.notDeepEqual(natural.body, usual.body);
  const classical = await service.image("noise", "?format=png&w=40&look=natural");
  assert.deepEqual(classical.body, (await service.image("noise", "?format=png&w=40")).body);
  const zn = await service.image("face", "?look=natural", {
    headers: { accept: "image/x-zippynet, image/webp" },
  });
  assert.equal(zn.headers["content-type"], "image/webp");
});

test("what is out of range is a 400 that says what was expected and what came", async () => {
  const cases: [string, RegExp][] = [
    ["?w=0", /w to be a whole number of 1–600 pixels, got "0"/],
    ["?w=601", /1–600 pixels, got "601"/],
    ["?h=-1", /h to be .*got "-1"/],
    ["?h=1e2", /got "1e2"/],
    ["?w=", /got ""/],
    ["?w=10&w=20", /expected w once, got "10" and "20"/],
    ["?w=1&w=2&w=3&w=4", /expected w once, got "1" and "2" and 2 more/],
    [`?format=${"x".repeat(9000)}`, /got "x{40}…"$/],
    ["?look=pretty", /expected a look of faithful or natural, got "pretty"/],
    ["?look=natural&format=zn", /no w, h, fit or look beside format=zn/],
    ["?fit=cover", /expected w or h beside fit=cover, got neither/],
    ["?w=10&fit=stretch", /a fit of cover, contain, inside, fill, got "stretch"/],
    ["?format=gif", /a format of png.*got "gif"/],
    ["?format=zn&w=10", /no w, h, fit or look beside format=zn/],
    ["?w=520", /64×32 to be enlarged at most 8 times, got 8\.1 times/],
    ["?w=64&h=288", /at most 8 times, got 9\.0 times/],
  ];
  for (const [query, detail] of cases) assertProblem(await service.image(WIDE, query), 400, detail);
  await service.add("tower", await tower());
  assertProblem(await service.image("tower", "?w=32"), 400, /at most 600 pixels, got 32×1024 from .* 16×512/);
});

function tower(): Promise<Buffer> {
  return sharp({ create: { width: 16, height: 512, channels: 3, background: "#456" } })
    .png()
    .toBuffer();
}

test("the file itself comes to who names it, in its own size only", async () => {
  const file = await service.image("face", "", { headers: { accept: "image/x-zippynet, image/webp;q=0.5" } });
  assert.equal(file.headers["content-type"], "image/x-zippynet");
  assert.deepEqual((await service.image("face", "?format=zn")).body, file.body);
  const scaled = await service.image("face", "?w=32", {
    headers: { accept: "image/x-zippynet, image/webp;q=0.5" },
  });
  assert.equal(scaled.headers["content-type"], "image/webp");
  const alone = await service.image("face", "?w=32", { headers: { accept: "image/x-zippynet" } });
  assertProblem(
    alone,
    406,
    /expected one of image\/png, image\/webp, .* to be accepted, got "image\/x-zippynet"/,
  );
});

test("each form has a tag of its own, and is not decoded for one that is right", async () => {
  const queries = [
    "",
    "?w=32",
    "?h=32",
    "?w=32&h=32",
    "?w=32&h=32&fit=fill",
    "?format=webp",
    "?w=32&format=webp",
  ];
  const tags = new Set<string>();
  for (const query of queries) {
    const { headers } = await service.image("face", query);
    assert.equal(headers["vary"], "Accept");
    assert.equal(headers["cache-control"], "public, max-age=604800");
    tags.add(headers["etag"]!);
    for (const method of ["GET", "HEAD"]) {
      const again = await service.image("face", query, {
        method,
        headers: { "if-none-match": headers["etag"]! },
      });
      assert.deepEqual([again.status, again.body.length], [304, 0], query);
      assert.equal(again.headers["etag"], headers["etag"]);
      assert.equal(again.headers["cache-control"], headers["cache-control"]);
    }
  }
  assert.equal(tags.size, queries.length);
  const one = await service.image("face", "?w=32&h=32");
  const other = await service.image("face", "?h=32&fit=cover&w=32");
  assert.deepEqual([one.headers["etag"], one.body], [other.headers["etag"], other.body]);
  // latents that cannot be decoded show what is decoded
  await service.put("latents", "broken.zn", Buffer.from("no latents"));
  assertProblem(await service.image("broken"), 500, /could not be decoded/);
  const tag = `"${createHash("md5").update("no latents").digest("hex")}-png"`;
  assert.equal((await service.image("broken", "", { headers: { "if-none-match": tag } })).status, 304);
});

test("HEAD says what GET sends", async () => {
  for (const query of ["", "?w=20", "?info", "?w=0", "?format=zn"]) {
    const get = await service.image("face", query);
    const head = await service.image("face", query, { method: "HEAD" });
    assert.equal(head.status, get.status);
    assert.deepEqual(head.headers, get.headers);
    assert.equal(head.body.length, 0);
    assert.equal(get.headers["content-length"], String(get.body.length));
  }
});

test("an answer over the limit is a 422 that says how to get one", async () => {
  assertProblem(
    await service.image("noise"),
    422,
    /at most 100000 bytes, got (at least )?\d{6} as png; ask for a smaller one/,
  );
  assert.deepEqual(await sizeOf(await service.image("noise", "?w=100")), [100, 100]);
  assert.deepEqual(await sizeOf(await service.image("noise", "?format=webp&w=150")), [150, 150]);
});

test("of a key that no picture can have, nobody is asked: it is not found, and no failure", async () => {
  for (const key of ["x".repeat(1022), `${"é".repeat(510)}/inline`]) {
    for (const query of ["", "?info", "?inline"]) {
      assertProblem(await service.image(key, query), 404, /there is no picture/);
      assert.equal(service.line["Failed"], 0);
    }
  }
});

test("errors are kept for seconds, failures not at all", async () => {
  const cacheOf = async (answer: Promise<Answered>) => (await answer).headers["cache-control"];
  assert.equal(await cacheOf(service.image("nowhere")), "public, max-age=2");
  assert.equal(await cacheOf(service.image("face", "?w=0")), "public, max-age=2");
  assert.equal(await cacheOf(service.image("broken")), "no-store");
  const posted = await service.image("face", "", { method: "POST" });
  assertProblem(posted, 405, /expected GET, HEAD or OPTIONS, got POST/);
  assert.equal(posted.headers["allow"], "GET, HEAD, OPTIONS");
});

test("a page of any origin may ask with a tag", async () => {
  const { status, headers, body } = await service.image("face", "", { method: "OPTIONS" });
  assert.deepEqual([status, body.length], [204, 0]);
  assert.equal(headers["access-control-allow-origin"], "*");
  assert.match(headers["access-control-allow-headers"]!, /if-none-match/i);
  assert.match(headers["access-control-allow-methods"]!, /GET.*HEAD/);
  assert.equal((await service.image("face")).headers["access-control-expose-headers"], "ETag");
});

test("every request is a line of the log with its metrics", async () => {
  const { body } = await service.image("face");
  const { Operation, BytesIn, BytesOut, NotModified, Failed, status, requestId, path } = service.line;
  assert.deepEqual(
    { Operation, BytesOut, NotModified, Failed, status, requestId, path },
    {
      Operation: "decode",
      BytesOut: body.length,
      NotModified: 0,
      Failed: 0,
      status: 200,
      requestId: "request-1",
      path: "/images/face",
    },
  );
  assert.ok(Number(BytesIn) > 60 && Number(BytesIn) < 500);
  const { CloudWatchMetrics } = service.line["_aws"] as { CloudWatchMetrics: { Dimensions: string[][] }[] };
  assert.deepEqual(CloudWatchMetrics[0]!.Dimensions, [["Operation"]]);
  await service.image("broken");
  assert.deepEqual([service.line["level"], service.line["Failed"]], ["error", 1]);
  await service.image("nowhere");
  assert.deepEqual([service.line["level"], service.line["Failed"]], ["info", 0]);
});

test("a fitted size keeps the shape where it should", () => {
  assert.deepEqual(fittedSize({ width: 100, height: 50 }, { width: 10, fit: "fill" }), {
    width: 10,
    height: 5,
    scale: 0.1,
  });
  assert.deepEqual(fittedSize({ width: 100, height: 1 }, { width: 10, height: 10, fit: "inside" }), {
    width: 10,
    height: 1,
    scale: 0.1,
  });
  assert.equal(fittedSize({ width: 10, height: 10 }, { width: 5, height: 20, fit: "fill" }).scale, 2);
});
