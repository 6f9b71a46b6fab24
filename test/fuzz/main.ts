/**
 * Feeds image files and `.zn` files, altered at random, to what reads them, and keeps those that crash, hang or break
 * a promise:
 * `npm run fuzz -- [images] [zn] [--seconds N] [--seed N]`, an hour in all by default.
 * `npm run fuzz -- images --replay FILE…` feeds files that were kept before.
 */
import { fork, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describe } from "./target.ts";
import { TARGETS } from "./targets.ts";
import type { Report } from "./worker.ts";

const FOUND = fileURLToPath(new URL("../../fuzz-crashes/", import.meta.url));
/**
 * Seconds after which one small file seems to hang. It is fed again, alone, before that is said of it: machines have
 * other work, too.
 */
const HANGS = 30;
const PATIENCE = 5;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: "string" }, seed: { type: "string" }, replay: { type: "boolean" } },
});
const names = positionals.filter((name) => Object.hasOwn(TARGETS, name));
const files = positionals.filter((name) => !names.includes(name));
const seconds = Number(values.seconds ?? 3600);
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
const known = Object.keys(TARGETS).join(", ");
if (!(seconds > 0) || !Number.isInteger(seed) || (values.replay ? names.length !== 1 : files.length > 0)) {
  console.error(
    `expected fuzz [${known}] [--seconds N] [--seed N], or fuzz NAME --replay FILE…; got ${process.argv.slice(2).join(" ")}`,
  );
  process.exit(2);
}

if (values.replay) {
  const target = await TARGETS[names[0]!]!();
  let failed = false;
  for (const path of files) {
    const said = await target.run(readFileSync(path)).then(() => "as it should be", describe);
    failed ||= said !== "as it should be";
    console.log(`${path}: ${said}`);
  }
  process.exit(failed ? 1 : 0);
}

const chosen = names.length > 0 ? names : Object.keys(TARGETS);
let found = 0;
for (const name of chosen) found += await fuzz(name, seconds / chosen.length);
process.exit(found > 0 ? 1 : 0);

/** How many files were kept. */
async function fuzz(name: string, seconds: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "zippynet-fuzz-"));
  const current = join(folder, "current");
  const deadline = Date.now() + seconds * 1000;
  const kept = new Set<string>();
  let runs = 0;
  console.log(`${name}: ${Math.round(seconds)} s, --seed ${seed}`);
  for (let start = 0; Date.now() < deadline; start++) {
    const rest = Math.ceil((deadline - Date.now()) / 1000);
    const end = await work(name, seed + 1_000_003 * start, rest, current, (bytes, why) =>
      keep(name, bytes, why, kept),
    );
    runs += end.runs;
    if (end.why === undefined) break;
    if (end.hangs && feed(name, current)) continue;
    keep(name, readFileSync(current), end.why, kept);
  }
  rmSync(folder, { recursive: true });
  console.log(`${name}: ${runs} files, ${kept.size} kept${kept.size > 0 ? ` in ${FOUND}` : ""}`);
  return kept.size;
}

/** Whether a file is fed without harm by a process of its own. */
function feed(name: string, file: string): boolean {
  const { status } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), name, "--replay", file], {
    timeout: PATIENCE * HANGS * 1000,
  });
  return status === 0;
}

interface End {
  readonly runs: number;
  readonly hangs?: boolean;
  /** Why the process ended before its time. */
  readonly why?: string;
}

function work(
  name: string,
  seed: number,
  seconds: number,
  current: string,
  keep: (bytes: Uint8Array, why: string) => void,
): Promise<End> {
  const worker = fork(
    fileURLToPath(new URL("worker.ts", import.meta.url)),
    [name, String(seed), String(seconds), current],
    {
      stdio: ["ignore", "inherit", "pipe", "ipc"],
    },
  );
  let runs = 0;
  // loading models takes a while
  let heard = Date.now() + PATIENCE * HANGS * 1000;
  let hangs = false;
  let said = "";
  worker.stderr?.on("data", (data: Buffer) => {
    said = (said + data.toString()).slice(-2000);
  });
  worker.on("message", (report: Report) => {
    if (report.kind === "found") return keep(Buffer.from(report.bytes, "base64"), report.why);
    runs = report.runs;
    heard = report.since;
  });
  const watch = setInterval(() => {
    if (Date.now() - heard < HANGS * 1000) return;
    hangs = true;
    worker.kill("SIGKILL");
  }, 1000);
  return new Promise((resolve) => {
    worker.on("exit", (code, signal) => {
      clearInterval(watch);
      if (code === 0) resolve({ runs });
      else
        resolve({
          runs,
          hangs,
          why: hangs ? `no end after ${HANGS} s` : `the process ended: ${signal ?? code}\n${said}`,
        });
    });
  });
}

function keep(name: string, bytes: Uint8Array, why: string, kept: Set<string>): void {
  const file = `${name}-${createHash("sha256").update(bytes).digest("hex").slice(0, 12)}`;
  if (kept.has(file)) return;
  kept.add(file);
  mkdirSync(FOUND, { recursive: true });
  writeFileSync(join(FOUND, file), bytes);
  writeFileSync(join(FOUND, `${file}.txt`), `${why}\n`);
  console.log(`${name}: kept ${file} (${bytes.length} bytes): ${why.split("\n")[0]}`);
}
