/**
 * `npm run report [-- [--limit N] [--efforts 0,4,9] [--peers LIST] [--out DIR] NAME=FOLDER@SIZE …]`: rates and
 * distortions of ZippyNet beside other codecs on sets of pictures, as `report.html`, `report.md` (with its plots) and
 * `report.json`. Without sets it takes the sample pictures of `test/images`. What was measured once is kept in
 * `.cache/evaluate`, so a run that was stopped goes on where it was.
 */

import { writeFile } from "node:fs/promises";
import { availableParallelism, constants, setPriority } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import sharp from "sharp";
import { MAX_EFFORT } from "../../codec/target.ts";
import { makeFolders } from "../../make-folders.ts";
import { openModels } from "../../model/folder.ts";
import { Pool } from "../../node/pool.ts";
import { ownVersion } from "../measure/cache.ts";
import type { OwnFile, OwnTask } from "../measure/own.ts";
import { type Picture, parseSets, readSet, type SetWish } from "../measure/sets.ts";
import { JPEG_2000 } from "../peers/jpeg-2000.ts";
import { JPEG_XL } from "../peers/jpeg-xl.ts";
import { PEERS, type Peer } from "../peers/peer.ts";
import { THUMBHASH } from "../peers/thumbhash.ts";
import { startProgress } from "../progress.ts";
import { runScript, wholeOf } from "../script.ts";
import { toHtml } from "./html.ts";
import { plotFile, toMarkdown } from "./markdown.ts";
import { psnrPlot, ssimPlot } from "./plot.ts";
import { type Report, reportSet, type SetReport } from "./set-report.ts";

/** All that ZippyNet is measured against: sharp's codecs, and what development alone installs. */
const REPORT_PEERS: readonly Peer[] = [...PEERS, JPEG_2000, ...JPEG_XL, THUMBHASH];

const USAGE = `usage: npm run report -- [--limit N] [--efforts 0,4,9] [--peers LIST] [--out DIR] [NAME=FOLDER[@SIZE|@SIZEtiles][:LEVELS] …]

  faces=photos@42              pictures of a folder, scaled to cover squares of 42 pixels and cropped
  natural=photos@64tiles       whole pictures cut into squares of 64 pixels
  signs=photos@42:29,30.5,32   compared at these PSNR in dB (27,28.5,30 unless told)
  --limit N                    of each set so many pictures, evenly from all
  --efforts LIST               of ZippyNet's encoder, each 0–9
  --peers LIST                 codecs beside it: ${REPORT_PEERS.map(({ name }) => name).join(", ")}
  --out DIR                    where to write (dist/report)`;

interface Wish {
  readonly sets: readonly SetWish[];
  readonly limit: number;
  readonly efforts: readonly number[];
  readonly peers: readonly Peer[];
  readonly out: string;
}

function parse(): Wish {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      limit: { type: "string" },
      efforts: { type: "string", default: "0,4,9" },
      peers: { type: "string" },
      out: { type: "string", default: fileURLToPath(new URL("../../../dist/report", import.meta.url)) },
    },
  });
  const limit = values.limit === undefined ? Infinity : wholeOf("limit", values.limit, 1);
  const listed = values.efforts.split(",").map((effort) => wholeOf("efforts", effort, 0, MAX_EFFORT));
  const efforts = [...new Set(listed)].sort((a, b) => a - b);
  const sets = parseSets(positionals);
  return { sets, limit, efforts, peers: parsePeers(values.peers), out: resolve(values.out) };
}

function parsePeers(list: string | undefined): readonly Peer[] {
  if (list === undefined) return REPORT_PEERS;
  return list.split(",").map((name) => {
    const peer = REPORT_PEERS.find((known) => known.name === name.trim());
    if (!peer) throw new RangeError(`expected peers from those that are listed below, got ${name}`);
    return peer;
  });
}

async function run({ sets, limit, efforts, peers, out }: Wish): Promise<void> {
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL); // this takes all cores for a while
  sharp.concurrency(1);
  const read = new Map<SetWish, Picture[]>(); // all of them first: a folder that is not there is told at once
  for (const set of sets) read.set(set, await readSet(set, limit));
  const models = await openModels();
  const version = await ownVersion();
  const progress = startProgress();
  const runner = new Pool<OwnTask, OwnFile>(
    (options) => new Worker(new URL("./own-thread.ts", import.meta.url), options),
    { size: availableParallelism() },
  );
  const reports: SetReport[] = [];
  try {
    for (const [set, pictures] of read) {
      reports.push(await reportSet(set, pictures, { models, runner, version, efforts, peers, progress }));
    }
  } finally {
    progress.end();
    await runner.close();
  }
  const report: Report = {
    date: new Date().toISOString().slice(0, 10),
    models: models.list().map(({ number, name }) => ({ number, name })),
    efforts,
    sets: reports,
  };
  await write(report, out);
}

async function write(report: Report, out: string): Promise<void> {
  const files = new Map([
    ["report.html", toHtml(report)],
    ["report.md", toMarkdown(report)],
    ["report.json", `${JSON.stringify(report, withoutPixels, 2)}\n`],
  ]);
  for (const set of report.sets) {
    files.set(plotFile(set, "psnr"), psnrPlot(set));
    files.set(plotFile(set, "ssim"), ssimPlot(set));
  }
  await makeFolders(out);
  for (const [name, text] of files) await writeFile(join(out, name), text);
  console.log(`${[...files.keys()].join(", ")} written to ${out}`);
}

/** Pictures are in the HTML; among figures they only take room. */
function withoutPixels(key: string, value: unknown): unknown {
  return key === "png" ? undefined : value;
}

await runScript(USAGE, parse, run);
