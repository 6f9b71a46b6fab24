import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle, bundleFunctions } from "../../../layers/bundle.ts";
import { decodePicture } from "../../image/decode.ts";
import { writeImage } from "../../image/write.ts";
import { encode } from "../../index.ts";
import { LocalS3 } from "../../local/s3/server.ts";
import { openDecoders } from "../../model/folder.ts";
import { type Row, rowOf } from "./rows.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
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
      ZIPPYNET_SHARP: ROOT,
      ZIPPYNET_MODELS: join(ROOT, "models"),
      ZIPPYNET_LATENTS_BUCKET: "latents",
      AWS_REGION: "eu-central-1",
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
