/**
 * `npm run report [-- OPTION … NAME=FOLDER@SIZE …]`: rates and distortions of ZippyNet beside other codecs on sets of
 * pictures, as `report.html`, `report.md` (with its plots) and `report.json`. Without sets it takes the sample pictures
 * of `test/images`. What was measured once is kept in `.cache/evaluate`, so a run that was stopped goes on where it
 * was.
 */

import { writeFile } from "node:fs/promises";
import { availableParallelism, constants, setPriority } from "node:os";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import sharp from "sharp";
import { MAX_EFFORT } from "../../codec/target.ts";
import { makeFolders } from "../../folders.ts";
import { openModels } from "../../model/folder.ts";
import { Pool } from "../../node/pool.ts";
import { ownVersion } from "../measure/cache.ts";
import { openRecogniser } from "../measure/faces.ts";
import { assertJudges } from "../measure/judges.ts";
import type { OwnFile, OwnTask } from "../measure/own.ts";
import { type Picture, parseSets, readSet, type SetWish } from "../measure/sets.ts";
import { openHyperprior } from "../peers/hyperprior.ts";
import { JPEG_2000 } from "../peers/jpeg-2000.ts";
import { JPEG_XL } from "../peers/jpeg-xl.ts";
import { PEERS, type Peer } from "../peers/peer.ts";
import { THUMBHASH } from "../peers/thumbhash.ts";
import { startProgress } from "../progress.ts";
import { runScript, wholeOf } from "../script.ts";
import { toHtml } from "./html.ts";
import { plotFile, toMarkdown } from "./markdown.ts";
import { plotOf, plotsOf } from "./plots.ts";
import { type Report, reportSet, type SetReport } from "./report.ts";

/** All that ZippyNet is measured against: sharp's codecs, and what development alone installs. */
const REPORT_PEERS: readonly Peer[] = [...PEERS, JPEG_2000, ...JPEG_XL, THUMBHASH];

const USAGE = `usage: npm run report -- [OPTION …] [NAME=FOLDER[@SIZE|@SIZEtiles][:LEVELS] …]

  faces=photos                 pictures of a folder as they are; of JPEG files the study's table comes first
  faces=photos@42              … scaled to cover squares of 42 pixels and cropped
  natural=photos@64tiles       whole pictures cut into squares of 64 pixels
  signs=photos@42:29,30.5,32   compared at these PSNR in dB (27,28.5,30 by default)
  --limit N                    of each set so many pictures, evenly from all
  --efforts LIST               of ZippyNet's encoder, each 0–9
  --model LIST                 models to choose from, or auto: those that are free to use (auto)
  --peers LIST                 codecs beside it: ${REPORT_PEERS.map(({ name }) => name).join(", ")}
  --hyperprior FOLDER          a learned codec beside it, trained as tools/torch/README.md says
  --recognition LIST           sets of faces, by their names: at how many bytes are they recognised?
  --lpips LIST                 sets, by their names: how different do their pictures look to people? Needs PyTorch,
                               and tools/torch/losses.sh once
  --out DIR                    where to write (dist/report)
  --help                       this text

for example, in a few minutes: npm run report -- --limit 30 --efforts 0 --recognition faces faces=photos@42`;

interface Wish {
  readonly sets: readonly SetWish[];
  readonly limit: number;
  readonly efforts: readonly number[];
  readonly model: string;
  readonly peers: readonly Peer[];
  /** Folder of the weights of a learned peer. */
  readonly hyperprior: string | undefined;
  /** Names of sets. */
  readonly recognition: readonly string[];
  readonly lpips: readonly string[];
  /** For people: without the folders of this machine. */
  readonly command: string;
  readonly out: string;
}

function parse(): Wish {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      limit: { type: "string" },
      efforts: { type: "string", default: "0,4,9" },
      model: { type: "string", default: "auto" },
      peers: { type: "string" },
      hyperprior: { type: "string" },
      recognition: { type: "string" },
      lpips: { type: "string" },
      out: { type: "string", default: fileURLToPath(new URL("../../../dist/report", import.meta.url)) },
    },
  });
  const limit = values.limit === undefined ? Infinity : wholeOf("limit", values.limit, 1);
  const listed = values.efforts.split(",").map((effort) => wholeOf("efforts", effort, 0, MAX_EFFORT));
  const efforts = [...new Set(listed)].sort((a, b) => a - b);
  const sets = parseSets(positionals);
  return {
    sets,
    limit,
    efforts,
    model: values.model,
    peers: parsePeers(values.peers),
    hyperprior: values.hyperprior,
    recognition: parseNames("recognition", values.recognition, sets),
    lpips: parseNames("lpips", values.lpips, sets),
    command: commandOf(process.argv.slice(2)),
    out: resolve(values.out),
  };
}

/** What was typed, with folders by their last name, and without where it was written to. */
function commandOf(typed: readonly string[]): string {
  const kept = typed.filter((word, i) => !word.startsWith("--out") && typed[i - 1] !== "--out");
  const plain = kept.map((word) => word.replace(/(?<==)[^@:]*/, (folder) => basename(folder)));
  return ["npm run report --", ...plain].join(" ");
}

function parseNames(option: string, list: string | undefined, sets: readonly SetWish[]): readonly string[] {
  const names = list?.split(",").map((name) => name.trim()) ?? [];
  const unknown = names.find((name) => !sets.some((set) => set.name === name));
  if (unknown === undefined) return names;
  const known = sets.map(({ name }) => name).join(", ");
  throw new RangeError(`expected --${option} with names of sets (${known}), got "${unknown}"`);
}

function parsePeers(list: string | undefined): readonly Peer[] {
  if (list === undefined) return REPORT_PEERS;
  return list.split(",").map((name) => {
    const peer = REPORT_PEERS.find((known) => known.name === name.trim());
    if (!peer) throw new RangeError(`expected peers from those that are listed below, got ${name}`);
    return peer;
  });
}

async function run(wish: Wish): Promise<void> {
  const { sets, limit, efforts, model, hyperprior, recognition, lpips } = wish;
  if (lpips.length > 0) assertJudges();
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL); // this takes all cores for a while
  sharp.concurrency(1);
  const read = new Map<SetWish, Picture[]>(); // all of them first: a folder that is not there is reported at once
  for (const set of sets) read.set(set, await readSet(set, limit));
  const models = await openModels();
  const chosen = await models.choose(model);
  const recogniser = recognition.length > 0 ? await openRecogniser() : undefined;
  const learned = hyperprior === undefined ? undefined : await openHyperprior(hyperprior);
  const peers = learned ? [...wish.peers, learned] : wish.peers;
  const version = `${await ownVersion()} ${model}`;
  const progress = startProgress();
  const runner = new Pool<OwnTask, OwnFile>(
    (options) => new Worker(new URL("./own-thread.ts", import.meta.url), options),
    { size: availableParallelism(), data: model },
  );
  const reports: SetReport[] = [];
  try {
    for (const [set, pictures] of read) {
      const settings = { models, runner, version, efforts, peers, progress };
      const faces = recogniser && recognition.includes(set.name) ? { recogniser } : {};
      const judges = { ...faces, lpips: lpips.includes(set.name) };
      reports.push(await reportSet(set, pictures, { ...settings, ...judges }));
    }
  } finally {
    progress.end();
    await runner.close();
    learned?.close();
  }
  const report: Report = {
    date: new Date().toISOString().slice(0, 10),
    command: wish.command,
    models: chosen.map(({ number, name }) => ({ number, name })),
    efforts,
    sets: reports,
  };
  await write(report, wish.out);
}

async function write(report: Report, out: string): Promise<void> {
  const files = new Map([
    ["report.html", toHtml(report)],
    ["report.md", toMarkdown(report)],
    ["report.json", `${JSON.stringify(report, withoutPixels, 2)}\n`],
  ]);
  for (const set of report.sets) {
    for (const kind of plotsOf(set)) files.set(plotFile(set, kind), plotOf(set, kind));
  }
  await makeFolders(out);
  for (const [name, text] of files) await writeFile(join(out, name), text);
  console.log(`${[...files.keys()].join(", ")} written to ${out}`);
}

/** JSON without the pixels of pictures, which are in the HTML. */
function withoutPixels(key: string, value: unknown): unknown {
  return key === "png" ? undefined : value;
}

await runScript(USAGE, parse, run);
