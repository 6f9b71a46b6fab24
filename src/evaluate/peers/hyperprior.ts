import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { ZippyNetError } from "../../codec/errors.ts";
import { findPython, TORCH_FOLDER } from "../../train/python.ts";
import type { Peer } from "./peer.ts";

/** A learned peer, which a Python process codes until it is closed. */
export interface LearnedPeer extends Peer {
  /** Multiplications of a picture of 64×64 pixels. */
  readonly multiplications: { readonly encode: number; readonly decode: number };
  readonly close: () => void;
}

/** The first line of `zippynet_torch.peer.serve`. */
interface Hello {
  readonly compressai: string;
  readonly lambdas: readonly number[];
  readonly multiplications: LearnedPeer["multiplications"];
}

/**
 * CompressAI's mean-scale hyperprior with the weights of a folder that `python -m zippynet_torch.peer.train` has
 * written. Its qualities are 1 for the first λ, and so on. Throws `bad-option` where Python has no CompressAI.
 */
export async function openHyperprior(folder: string): Promise<LearnedPeer> {
  const names = (await readdir(folder)).filter((name) => /^hyperprior-\d+\.pt$/.test(name)).sort();
  const hash = createHash("sha256");
  for (const name of names) hash.update(await readFile(join(folder, name)));
  const child = spawn(await findPython(), ["-W", "ignore", "-m", "zippynet_torch.peer.serve", folder], {
    env: { ...process.env, PYTHONPATH: TORCH_FOLDER },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ask = talk(child);
  const { compressai, lambdas, multiplications } = (await ask()) as unknown as Hello;
  const weights = hash.digest("hex").slice(0, 8);
  return {
    name: "hyperprior",
    settings: `CompressAI ${compressai}, mean-scale hyperprior, λ ${lambdas.join(", ")}, weights ${weights}`,
    qualities: lambdas.map((_, i) => i + 1),
    multiplications,
    async encode({ width, height, data }, quality) {
      const request = { encode: Buffer.from(data).toString("base64"), width, height, index: quality - 1 };
      return new Uint8Array(Buffer.from((await ask(request))["file"] as string, "base64"));
    },
    async decode(file, { width, height }) {
      const pixels = (await ask({ decode: Buffer.from(file).toString("base64") }))["pixels"] as string;
      return { width, height, data: new Uint8Array(Buffer.from(pixels, "base64")) };
    },
    close: () => child.stdin.end(),
  };
}

/**
 * Lines of JSON to a program and from it, an answer to each in their order. Without a request: its next line. Throws
 * `bad-option` with what the program says that it cannot do, or if it ends.
 */
function talk(
  child: ChildProcessByStdio<Writable, Readable, null>,
): (request?: object) => Promise<Record<string, unknown>> {
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let last: Promise<unknown> = Promise.resolve();
  const failed = new Promise<never>((_, reject) => child.once("error", reject));
  failed.catch(() => undefined); // whoever asks gets it
  return (request) => {
    if (request) child.stdin.write(`${JSON.stringify(request)}\n`);
    const answer = Promise.race([last.then(() => lines.next()), failed]).then(({ done, value }) => {
      if (done) throw new ZippyNetError("bad-option", "the learned peer ended; see above");
      const reply = JSON.parse(value) as Record<string, unknown>;
      if (typeof reply["error"] === "string") throw new ZippyNetError("bad-option", reply["error"]);
      return reply;
    });
    last = answer.catch(() => undefined);
    return answer;
  };
}
