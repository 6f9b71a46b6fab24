/** What the functions take as they are deployed, in new processes. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { bundle, bundleFunctions } from "../../../layers/bundle.ts";
import { decodePicture } from "../../image/decode.ts";
import { writeImage } from "../../image/write.ts";
import { encode } from "../../index.ts";
import { LocalS3 } from "../../local/s3/server.ts";
import { openDecoders } from "../../model/folder.ts";
import { type Row, rowOf } from "./rows.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
/** What the functions are told. */
const ENVIRONMENT = {
  ZIPPYNET_SHARP: ROOT,
  ZIPPYNET_MODELS: join(ROOT, "models"),
  ZIPPYNET_LATENTS_BUCKET: "latents",
  AWS_REGION: "eu-central-1",
} as const;

/** What a new process does, and reports the milliseconds of: a handler's module as it is deployed, with its model … */
const OURS = {
  encode: 'await import("./dist/functions/encode.mjs")',
  decode: 'await import("./dist/functions/decode.mjs")',
};

/** … and what a handler around AVIF would: sharp, and one picture. */
const PIXELS = "{ raw: { width: 42, height: 42, channels: 3 } }";
const SHARP = 'const { default: sharp } = await import("sharp"); sharp.concurrency(1);';
const ENCODED = `await sharp(new Uint8Array(42 * 42 * 3).map((_, i) => i * i), ${PIXELS}).avif({ effort: 9, quality: 35 }).toBuffer()`;
const THEIRS = {
  encode: `${SHARP} ${ENCODED}`,
  decode: `${SHARP} await sharp(Buffer.from(process.argv[1], "base64")).raw().toBuffer()`,
};

/** Cold starts of both handlers, in turns, medians of some rounds. */
export async function coldStarts(rounds: number): Promise<Row[]> {
  await bundleFunctions({ clean: false });
  const { default: sharp } = await import("sharp");
  const raw = { width: 42, height: 42, channels: 3 } as const;
  const pixels = new Uint8Array(42 * 42 * 3).map((_, i) => i * i);
  const avif = (await sharp(pixels, { raw }).avif({ effort: 9, quality: 35 }).toBuffer()).toString("base64");
  const rows: Row[] = [];
  for (const name of ["encode", "decode"] as const) {
    const [ours, theirs]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      ours.push(await timeInProcess(OURS[name], avif));
      theirs.push(await timeInProcess(THEIRS[name], avif));
    }
    rows.push(rowOf(`cold start of ${name}`, ours, theirs));
  }
  return rows;
}

/** Milliseconds of a script in a new process, without Node's own start. */
async function timeInProcess(script: string, argument: string): Promise<number> {
  const timed = `const began = performance.now(); ${script}; console.log(performance.now() - began); process.exit()`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "--eval", timed, argument],
    { cwd: ROOT, env: { ...process.env, ...ENVIRONMENT } },
  );
  const found = Number(stdout.trim().split("\n").at(-1));
  if (!(found > 0)) throw new Error(`expected a time, got ${stdout}`);
  return found;
}

const SIDE = 42;
/** Answers before a function counts as warm, and those that are timed. */
const [WARM, TIMED] = [60, 60];

/** A new process that loads a handler and lets it answer, once or `count` times; prints milliseconds. */
const SCRIPT = `
  const [, url, key, count] = process.argv;
  const event = {
    rawPath: "/images/" + key, rawQueryString: "format=png", headers: {}, pathParameters: { key }, routeKey: "",
    requestContext: { http: { method: "GET" }, requestId: "" },
  };
  process.stdout.write = () => true;
  const ask = async () => {
    const began = performance.now();
    const answer = await handler(event);
    if (answer.statusCode !== 200 || !(answer.body.length > 100)) throw new Error(JSON.stringify(answer));
    return performance.now() - began;
  };
  const began = performance.now();
  const { handler } = await import(url);
  await ask();
  const times = [performance.now() - began];
  for (let i = 1; i < count; i++) times.push(await ask());
  process.stderr.write(JSON.stringify(times));
  process.exit();
`;

/**
 * The decode function as it is deployed, from S3 on this machine: its cold start beside that of a handler with only
 * sharp and client-s3 (module load to first answer), and its warm answer beside what the codec itself takes for the
 * same picture.
 */
export async function handlerRows(rounds: number): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), "zippynet-bench-"));
  const s3 = await LocalS3.start({ folder, buckets: ["latents"], port: 0, onChange: () => undefined });
  try {
    await bundleFunctions({ clean: false });
    await bundle(["src/evaluate/bench/plain-handler.ts"], join(ROOT, "dist/bench"));
    const data = await faces();
    const zn = await encode({ width: SIDE, height: SIDE, data }, { quality: 50 });
    await put(s3, "face.zn", zn);
    await put(
      s3,
      "face.avif",
      await writeImage({ width: SIDE, height: SIDE, data }, "avif", { quality: 35 }),
    );
    const decode = join(ROOT, "dist/functions/decode.mjs");
    const plain = join(ROOT, "dist/bench/plain-handler.mjs");
    const [cold, least]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      cold.push((await run(s3, decode, "face", 1))[0]!);
      least.push((await run(s3, plain, "face.avif", 1))[0]!);
    }
    const warm: number[] = [];
    const own: number[] = [];
    const models = await openDecoders();
    for (let round = 0; round < 3; round++) {
      warm.push(...(await run(s3, decode, "face", WARM + TIMED)).slice(WARM));
      for (let i = 0; i < WARM + TIMED; i++) {
        const began = performance.now();
        await writeImage(await decodePicture(models, zn), "png");
        if (i >= WARM) own.push(performance.now() - began);
      }
    }
    return [
      rowOf("cold decode function, to sharp and S3", cold, least),
      rowOf("warm decode function, to the codec", warm, own),
    ];
  } finally {
    await s3.stop();
    await rm(folder, { recursive: true });
  }
}

async function faces(): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp");
  const file = await readFile(join(ROOT, "test/images/face-pearls-64.png"));
  return new Uint8Array(await sharp(file).resize(SIDE, SIDE).removeAlpha().raw().toBuffer());
}

async function put(s3: LocalS3, key: string, body: Uint8Array): Promise<void> {
  const { ok, status } = await fetch(`${s3.endpoint}/latents/${key}`, {
    method: "PUT",
    body: Buffer.from(body),
  });
  if (!ok) throw new Error(`local S3: ${status}`);
}

async function run(s3: LocalS3, url: string, key: string, count: number): Promise<number[]> {
  const args = ["--input-type=module", "--eval", SCRIPT, url, key, String(count)];
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: {
      ...process.env,
      ...ENVIRONMENT,
      AWS_ACCESS_KEY_ID: "a",
      AWS_SECRET_ACCESS_KEY: "b",
      AWS_ENDPOINT_URL_S3: s3.endpoint,
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  await once(child, "close");
  if (!said.startsWith("[")) throw new Error(`expected times, got ${said}`);
  return JSON.parse(said) as number[];
}
