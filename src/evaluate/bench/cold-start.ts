import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { bundleFunctions } from "../../../layers/bundle.ts";
import { type Row, rowOf } from "./rows.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

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
    {
      cwd: ROOT,
      env: {
        ...process.env,
        ZIPPYNET_SHARP: ROOT,
        ZIPPYNET_MODELS: `${ROOT}/models`,
        ZIPPYNET_LATENTS_BUCKET: "latents",
        AWS_REGION: "eu-central-1",
      },
    },
  );
  const found = Number(stdout.trim().split("\n").at(-1));
  if (!(found > 0)) throw new Error(`expected a time, got ${stdout}`);
  return found;
}
