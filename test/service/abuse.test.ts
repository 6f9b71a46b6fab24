import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { LONGEST_LOG } from "../../scripts/cost-of-serving.ts";
import { Budget } from "../../src/codec/budget.ts";
import { writeClassical } from "../../src/codec/format/zn-file.ts";
import type { Image } from "../../src/codec/image.ts";
import type { Target } from "../../src/codec/target.ts";
import { FAMILIES, frameCost, losslessFrame, lossyFrame, SLOWEST } from "../../src/image/classical/codecs.ts";
import { encodePicture } from "../../src/image/encode.ts";
import { readImage } from "../../src/image/read.ts";
import { openModels } from "../../src/model/folder.ts";
import { MAX_BODY } from "../../src/service/decode/inline.ts";
import { planFor } from "../../src/service/encode/encode-settings.ts";
import { readSettings } from "../../src/service/settings.ts";
import { assertProblem, DecodeService } from "./decode-service.ts";

/*
 * What strangers have tried, and what it may cost: in multiplications of the networks, not in seconds, so that a busy
 * machine changes nothing. Further attacks: odd and mutated files (test/fuzz), the CDN's keys (cdn.test.ts), signed
 * URLs (signed-url.test.ts).
 */

const MAX_RESPONSE = 100_000;
const NOISE = { width: 512, height: 512, data: noise(512 * 512 * 3) };

let service: DecodeService;

before(async () => {
  service = await DecodeService.start({ ZIPPYNET_MAX_RESPONSE_BYTES: String(MAX_RESPONSE) });
  await service.put("latents", "large.zn", Buffer.alloc(8e6, 1));
  await service.put("latents", "noise.zn", writeClassical("vp8l", await losslessFrame(NOISE)));
});

after(() => service?.stop());

function noise(length: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state >> 16;
  });
}

/** What a request makes the process grow by at most, in bytes, looked at each millisecond and at its end. */
async function growth(request: () => Promise<unknown>): Promise<number> {
  const idle = process.memoryUsage().rss;
  let most = 0;
  const look = (): void => {
    most = Math.max(most, process.memoryUsage().rss - idle);
  };
  const timer = setInterval(look, 1);
  await request();
  look();
  clearInterval(timer);
  return most;
}

/**
 * What a request makes this process compute, in milliseconds of processor time, the least of three: what else the
 * machine does adds nothing.
 */
async function milliseconds(request: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 3; i++) {
    const before = process.cpuUsage();
    await request();
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1000);
  }
  return Math.min(...times);
}

/** Bodies of six megabytes, the most that Lambda takes. */
const SIX = 5_800_000;
const BODIES: readonly (readonly [name: string, body: string])[] = [
  ["numbers", `{"keys":[${"1,".repeat(SIX / 2)}1]}`],
  ["empty keys", `{"keys":[${'"",'.repeat(SIX / 3)}""]}`],
  ["one key", `{"keys":["${"x".repeat(SIX)}"]}`],
  ["brackets", "[".repeat(SIX)],
  ["many names", `{${Array.from({ length: SIX / 20 }, (_, i) => `"a${i}":1`).join(",")}}`],
  ["no JSON", "x".repeat(SIX)],
];

test("bodies of POST /inline of six megabytes, of whatever kind, are refused within 64 MB", async () => {
  for (const [name, body] of BODIES) {
    const post = async (text: string): Promise<void> =>
      assertProblem(await service.ask("/inline", { method: "POST", body: text }), 400, /expected/);
    assert.ok((await growth(() => post(body))) < 64e6, name);
    // and what is just short enough to be read
    const short = body.slice(0, 500_000);
    assert.ok((await growth(() => post(short))) < 64e6, `${name}, short`);
  }
});

test("no body of POST /inline takes more than a few times as long as reading the longest one, or asks S3 in vain", async () => {
  let asked = 0;
  const count = (): void => {
    asked++;
  };
  subscribe("http.client.request.start", count);
  const reading = await milliseconds(async () => JSON.parse(`{"keys":[${"1,".repeat(MAX_BODY / 2)}1]}`));
  const all = BODIES.flatMap(([name, body]) => [
    { name, body },
    { name: `${name}, short`, body: body.slice(0, MAX_BODY) },
  ]);
  for (const { name, body } of all) {
    const time = await milliseconds(() => service.ask("/inline", { method: "POST", body }));
    assert.ok(time < 10 * reading + 5, `${name}: ${time} ms, reading the longest takes ${reading} ms`);
  }
  assert.equal(asked, 0);
  const keys = Array.from({ length: 200 }, (_, i) => `${i % 100}/${"ü".repeat(500)}`);
  await service.ask("/inline", { method: "POST", body: JSON.stringify({ keys }) });
  assert.equal(asked, 100);
  unsubscribe("http.client.request.start", count);
});

test("any body of POST /inline gives an answer or a 400", async () => {
  const body = fc.oneof(
    fc.json(),
    fc.string(),
    fc
      .record({ keys: fc.anything() })
      .map((value) => JSON.stringify(value, (_, x) => (typeof x === "bigint" ? 0 : x))),
    fc.record({ keys: fc.array(fc.string(), { maxLength: 5 }) }).map((value) => JSON.stringify(value)),
  );
  await fc.assert(
    fc.asyncProperty(body, async (text) => {
      const { status } = await service.ask("/inline", { method: "POST", body: text });
      assert.ok(status === 200 || status === 400, `${status}: ${text}`);
    }),
    { numRuns: 100 },
  );
});

test("a refusal of POST /inline is never kept", async () => {
  const { headers } = await service.ask("/inline", { method: "POST", body: "[]" });
  assert.equal(headers["cache-control"], "no-store");
});

test("damaged latents of a list are a failure in the log, though the answer is a 200", async () => {
  await service.put("latents", "damaged.zn", Buffer.from([0x81]));
  const ask = async (...keys: string[]) => {
    const { status } = await service.ask("/inline", { method: "POST", body: JSON.stringify({ keys }) });
    const { level, message, Failed } = service.line;
    return [status, level, message, Failed];
  };
  assert.deepEqual(await ask("none", "damaged"), [200, "error", "request failed", 1]);
  assert.match(JSON.stringify(service.line), /1 of the list: the latents of \\"damaged\\" could not be read/);
  assert.deepEqual(await ask("none"), [200, "info", "picture served", 0]);
});

test("of an object that is too large to be inline, no bytes are fetched", async () => {
  const keys = Array.from({ length: 200 }, () => "large");
  const body = JSON.stringify({ keys });
  assert.ok((await growth(() => service.ask("/inline", { method: "POST", body }))) < 64e6);
  const { pictures } = JSON.parse(
    (await service.ask("/inline", { method: "POST", body })).body.toString(),
  ) as {
    pictures: { problem: { status: number; detail: string } }[];
  };
  assert.equal(pictures[0]!.problem.status, 413);
  assert.match(pictures[0]!.problem.detail, /has 8000000: fetch it by its own URL/);
});

test("a picture that is too large to send is refused before it is rendered, and that may be kept for a while", async () => {
  for (const query of ["?format=png", "?format=zn"]) {
    const answer = await service.image("noise", query);
    assertProblem(answer, 422, /at most 100000 bytes, got (at least )?\d{6}/);
    assert.equal(answer.headers["cache-control"], "public, max-age=60");
  }
});

test("a picture of megapixels that is too large as PNG is refused before it is decoded", async () => {
  // a frame that cannot be decoded shows whether somebody tried
  const frame = await lossyFrame(FAMILIES[0]!.first, NOISE, 95, 0);
  const put = (bytes: number) =>
    service.put("latents", "cut.zn", writeClassical("vp8", frame.slice(0, bytes)));
  await put(130_000);
  assertProblem(await service.image("cut", "?format=webp"), 500, /could not be decoded/);
  assertProblem(await service.image("cut", "?format=png"), 422, /at most 100000 bytes, got at least 262144/);
  assertProblem(
    await service.image("cut", "?format=png&w=400"),
    422,
    /at most 100000 bytes, got at least 160000/,
  );
  assertProblem(
    await service.image("cut", "?format=png&w=600"),
    422,
    /at most 100000 bytes, got at least 262144/,
  );
  // far below the limit in bytes, but no PNG of so many pixels is that small
  await put(40_000);
  assertProblem(await service.image("cut", "?format=png"), 422, /at most 100000 bytes, got at least 160000/);
  await put(10_000);
  assertProblem(await service.image("cut", "?format=png"), 422, /at most 100000 bytes, got at least 131072/);
  await put(9000); // may be a screenshot
  assertProblem(await service.image("cut", "?format=png"), 500, /could not be decoded/);
  await put(130_000);
  // a smaller picture may be small enough, and so may be the part that is left of a picture that is cut
  for (const query of ["w=200", "w=100&h=500"])
    assertProblem(await service.image("cut", `?format=png&${query}`), 500, /could not be decoded/);
});

test("whatever an uploader asks for, a search costs its budget and one step more", async () => {
  const models = await (await openModels()).choose("auto");
  const { image } = await readImage(await readFile(new URL("../images/face-hat-64.png", import.meta.url)));
  const small: Image = { width: 48, height: 40, data: noise(48 * 40 * 3) };
  const multiplications = 8e9;
  const targets: Target[] = [
    { kind: "psnr", decibels: 45 },
    { kind: "psnr", decibels: 99 },
    { kind: "bytes", maxBytes: 1 },
    { kind: "quality", quality: 100 },
  ];
  for (const picture of [image, small]) {
    const step = 3 * frameCost("av1", picture, SLOWEST);
    for (const target of targets) {
      const budget = new Budget({ multiplications });
      await encodePicture(models, picture, { target, effort: 9, budget });
      const text = `${JSON.stringify(target)}: ${(budget.spent / 1e9).toFixed(1)} billion`;
      assert.ok(budget.spent <= multiplications + step, text);
    }
  }
});

test("the frames of the largest picture are within the function's time", () => {
  const { encodeBudget, maxPixels } = readSettings({ ZIPPYNET_LATENTS_BUCKET: "b" });
  const side = Math.sqrt(maxPixels);
  const largest = { width: side, height: side, data: new Uint8Array(0) };
  // the look at VP8 and the one frame that there has to be; 20 billion a second of its 60
  const dearest = encodeBudget + 2 * frameCost("vp8", largest, 0);
  assert.ok(dearest < 30 * 20e9, `${dearest / 1e9} billion`);
});

test("any metadata give a plan within the settings, or a reason", async () => {
  const models = await openModels();
  const settings = readSettings({ ZIPPYNET_LATENTS_BUCKET: "b", ZIPPYNET_MODEL: "faces" });
  const name = fc
    .constantFrom("quality", "psnr", "max-bytes", "effort", "model", "tune")
    .chain((each) => fc.constantFrom(each, `zippynet-${each}`));
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom(
      "auto",
      "faces",
      "faces,products",
      "9",
      "45",
      "1e9",
      "0x10",
      "-1",
      " 5",
      "٣",
      "Infinity",
      "1".repeat(400),
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.dictionary(name, value, { maxKeys: 4 }), async (metadata) => {
      try {
        const plan = await planFor(models, settings, { etag: '"1"', size: 10, metadata });
        assert.ok(plan.effort <= settings.maxEffort);
        assert.ok(plan.models.length > 0);
      } catch (error) {
        assert.equal((error as { code?: string }).code, "bad-option", String(error));
        assert.ok(
          Object.keys(metadata).some((each) => each.startsWith("zippynet-")),
          String(error),
        );
      }
    }),
    { numRuns: 300 },
  );
});

test("no path makes the log of a request longer than what is reckoned with", async () => {
  const lambda = 450; // the lines of Lambda itself, START, END and REPORT
  for (const letter of ["x", "%01", "%22", "%C3%BC", "%F0%9F%98%80"]) {
    const longest = letter.repeat(Math.floor(9900 / letter.length)); // API Gateway takes 10,240 bytes of headers
    for (const query of ["", "?info", "?inline", "?w=0", `?w=${longest.slice(0, 300)}`]) {
      const { status } = await service.ask(`/images/${longest}${query}`);
      assert.ok(status === 404 || status === 400);
      const bytes = Buffer.byteLength(JSON.stringify(service.line));
      assert.ok(bytes + lambda < LONGEST_LOG, `${letter}${query.slice(0, 8)}: ${bytes} bytes`);
    }
  }
  const key = "ü".repeat(510); // one of the longest that can have a picture
  await service.image(key);
  assert.equal(service.line["path"], `/images/${key}`);
});

test("a secret that turns out blank is an error, not a public service", () => {
  for (const environment of [
    { ZIPPYNET_SIGNING_SECRET: " " },
    { ZIPPYNET_SIGNING_SECRET: "\n\t" },
    { ZIPPYNET_SIGNING_SECRET: "", ZIPPYNET_PRIVATE: "true" },
    { ZIPPYNET_PRIVATE: "true" },
  ]) {
    assert.throws(() => readSettings({ ZIPPYNET_LATENTS_BUCKET: "b", ...environment }), /expected a secret/);
  }
});
