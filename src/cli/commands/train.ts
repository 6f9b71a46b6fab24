import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { Command } from "commander";
import { ZippyNetError } from "../../codec/errors.ts";
import { type Architecture, DEFAULT_ARCHITECTURE } from "../../codec/network/architecture.ts";
import { modelsFolder } from "../../model/folder.ts";
import { parseManifest } from "../../model/manifest.ts";
import { type Checkpoint, readCheckpoint } from "../../train/checkpoint.ts";
import { type ImageSets, loadImages } from "../../train/data/images.ts";
import { modelCard } from "../../train/export/card.ts";
import { numberAt } from "../../train/export/destination.ts";
import { release } from "../../train/export/release.ts";
import { isFolder } from "../../train/export/replace-folder.ts";
import type { Cut, RunPlan } from "../../train/plan.ts";
import { type Budget, checkpointPath, type RunReport, train } from "../../train/run.ts";
import { refuseEarlierRun, startingWeights } from "../../train/start.ts";
import { HOW_TO_GET_TFJS_NODE, loadTfjsNode } from "../../train/tfjs-node.ts";
import { LEARNING_RATE, refuseIgnored, type TrainOptions, withTrainOptions } from "../train-options.ts";
import { usage } from "../usage.ts";

/** Images are kept at most at this shorter side: whole ones, and ones that patches are cut from. */
const KEPT_SIDE: Readonly<Record<Cut, number>> = { aligned: 160, patches: 768 };

/** A face is worth mirroring, but not laying on its side. */
const USUAL_ORIENTATIONS = { aligned: 2, patches: 8 } as const satisfies Record<Cut, number>;
/** As many as the tables of an export are counted on, and some to spare. */
const IMAGES_TO_EXPORT = 300;

/** `zippynet train`. */
export function trainCommand(): Command {
  const command = new Command("train")
    .description("train a model for a kind of image, and export it")
    .argument("[folders...]", "folders of images, of at least 32 pixels a side (not with --resume)");
  return withTrainOptions(command).action(act);
}

async function act(folders: readonly string[], options: TrainOptions, command: Command): Promise<void> {
  const run = join(options.runs, options.domain);
  if (!options.exportOnly && (options.minutes === undefined) === (options.samples === undefined)) {
    usage(command, "expected --minutes or --samples");
  }
  if ((options.exportOnly || options.resume) && folders.length > 0) {
    usage(command, "--resume and --export-only take the folders from the checkpoint");
  }
  refuseIgnored(command, options);
  const from = options.resume || options.exportOnly ? await readCheckpoint(checkpointPath(run)) : undefined;
  if (!from && folders.length === 0) usage(command, "expected folders of images");
  if (!from) await refuseEarlierRun(run, budgetOf(options));
  await numberAt(outOf(options), options.domain, options.number); // throws now, not after hours of training
  if (!(await loadTfjsNode())) throw new ZippyNetError("bad-option", HOW_TO_GET_TFJS_NODE);
  const plan: RunPlan = from
    ? { ...from.plan, ...(options.bits && { bits: options.bits }), ...(options.lr && { rate: options.lr }) }
    : {
        folders: folders.map((folder) => resolve(folder)),
        architecture: await architectureOf(options),
        seed: options.seed,
        cut: options.cut,
        heldOut: options.holdout,
        rate: options.lr ?? LEARNING_RATE,
        ...(options.sizes && { sizes: options.sizes }),
        ...(options.only && { only: options.only }),
        ...(options.bits && { bits: options.bits }),
        ...(options.init && { init: basename(options.init) }),
      };
  const images = await loadWithProgress(plan, options.exportOnly ? IMAGES_TO_EXPORT : undefined);
  if (from && options.exportOnly) return exported(from, images, options);
  const stop = new AbortController();
  const onSignal = () => {
    console.error("stopping after this step; --resume goes on");
    stop.abort();
  };
  process.once("SIGINT", onSignal);
  process.once("SIGTERM", onSignal);
  const last = await train({
    plan,
    images,
    folder: run,
    budget: budgetOf(options),
    rate: plan.rate ?? LEARNING_RATE,
    from: from ?? (await startingWeights(plan, options.init)),
    checkpointMinutes: options.checkpointMinutes,
    evaluateMinutes: options.evaluateMinutes,
    signal: stop.signal,
    onReport: show,
  });
  if (last.finished) await exported(last, images, options);
}

function budgetOf({ minutes, samples }: TrainOptions): Budget {
  return minutes === undefined ? { samples: samples! } : { minutes };
}

/** Where every command looks for models, unless told. */
function outOf({ out, domain }: TrainOptions): string {
  return out ?? join(modelsFolder(), domain);
}

/** That of `--architecture`, else of the model that is started from. */
async function architectureOf({ architecture, init }: TrainOptions): Promise<Architecture> {
  const path = architecture ?? (init && (await isFolder(init)) ? join(init, "manifest.json") : undefined);
  if (!path) return DEFAULT_ARCHITECTURE;
  const json = await readFile(path, "utf8").catch((cause: unknown) => {
    const option = architecture ? "--architecture" : "--init";
    throw new ZippyNetError("bad-option", `${option}: expected a manifest at ${path}`, { cause });
  });
  return parseManifest(json).architecture;
}

async function loadWithProgress({ folders, heldOut, cut }: RunPlan, most?: number): Promise<ImageSets> {
  let shown = 0;
  return loadImages(folders, {
    heldOutShare: heldOut,
    side: KEPT_SIDE[cut],
    ...(most && { most }),
    onProgress: (done, total) => {
      if (done < total && Date.now() - shown < 1000) return;
      shown = Date.now();
      write(`decoding images: ${done} of ${total}`, done === total);
    },
  });
}

async function exported(checkpoint: Checkpoint, images: ImageSets, options: TrainOptions): Promise<void> {
  const out = outOf(options);
  const run = join(options.runs, options.domain);
  const orientations = options.orientations ?? USUAL_ORIENTATIONS[checkpoint.plan.cut];
  const manifest = await release(out, checkpoint, images.train, {
    number: await numberAt(out, options.domain, options.number),
    name: options.domain,
    orientations,
    description: options.description ?? `Images of the domain "${options.domain}"`,
    card: await modelCard(checkpoint, join(run, "log.jsonl"), {
      name: options.domain,
      orientations,
      counts: images.counts,
      ...(options.terms && { terms: options.terms }),
    }),
  });
  console.error(`model ${manifest.number} (${manifest.name}) is in ${out}`);
}

function show(report: RunReport): void {
  const { done, samples, loss, imagesPerSecond, secondsLeft, rate, heldOut } = report;
  if (heldOut) {
    for (const { size, quality, bytes, psnr } of heldOut) {
      write(
        `held out, ${size}×${size}, quality ${String(quality).padStart(3)}: ${bytes.toFixed(1)} bytes, ${psnr.toFixed(2)} dB`,
        true,
      );
    }
  }
  if (!Number.isFinite(loss)) return;
  const left = Number.isFinite(secondsLeft) ? `${Math.ceil(secondsLeft / 60)} min left` : "";
  write(
    `${(done * 100).toFixed(1)} %  ${samples} samples  loss ${loss.toFixed(3)}  rate ${rate.toExponential(1)}  ${imagesPerSecond.toFixed(0)} images/s  ${left}`,
    false,
  );
}

/** A line that the next one replaces on a terminal, unless it is to stay. */
function write(line: string, stays: boolean): void {
  if (!process.stderr.isTTY) process.stderr.write(`${line}\n`);
  else process.stderr.write(`\r\x1b[K${line}${stays ? "\n" : ""}`);
}
