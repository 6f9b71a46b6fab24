import { basename, join } from "node:path";
import type { Command } from "commander";
import { isFolder } from "../../folders.ts";
import type { Licence } from "../../model/manifest.ts";
import { exportLook, type LookReport, lookCard, trainLook } from "../../train/look.ts";
import type { RunPlan } from "../../train/plan.ts";
import { findPython } from "../../train/python.ts";
import { imagesOf, type Watch } from "../../train/session.ts";
import { usage } from "../options.ts";
import { budgetOf } from "./checks.ts";
import type { TrainOptions } from "./options.ts";
import { reportStop } from "./show.ts";

/** `zippynet train --look`: a further decoder for the files of a model, which is added to the model's folder. */
export async function trainLookOf(
  plan: RunPlan,
  options: TrainOptions,
  command: Command,
  watch: Watch,
): Promise<void> {
  const { look, init, engine, runs, mse, identity, critic, carry, keep, strength, terms } = options;
  if (engine !== "torch") usage(command, "expected --look with --engine torch");
  if (!init || !(await isFolder(init))) usage(command, "expected --look with --init, the folder of a model");
  const budget = budgetOf(command, options);
  const python = await findPython();
  const folder = join(runs, `${basename(init)}-${look}`);
  const loss = { mse, identity, critic };
  const images = await imagesOf(plan, watch);
  watch.onImages?.(images);
  const trained = await trainLook({
    model: init,
    folder,
    plan,
    images,
    budget,
    loss,
    ...(carry !== undefined && { carried: carry }),
    keep,
    strength,
    python,
    checkpointMinutes: watch.checkpointMinutes,
    evaluateMinutes: watch.evaluateMinutes,
    ...(watch.signal && { signal: watch.signal }),
    onReport: show,
  });
  if (!trained) return reportStop(folder);
  const story = {
    ...{ look: look!, plan, loss, terms, budget, model: basename(init), keep, strength },
    ...(carry !== undefined && { carried: basename(carry) }),
  };
  const card = await lookCard(join(folder, "log.jsonl"), story);
  await exportLook(init, trained, { look: look!, licence: licenceGiven(options, command), card });
  console.error(`the look ${look} is in ${init}`);
}

/** The terms that the command line states; its defaults are for models. */
function licenceGiven({ licence, attribution, research }: TrainOptions, command: Command): Partial<Licence> {
  const isGiven = (name: keyof Licence): boolean => command.getOptionValueSource(name) === "cli";
  return {
    ...(isGiven("licence") && { licence }),
    ...(isGiven("attribution") && { attribution }),
    ...(isGiven("research") && { research }),
  };
}

function show({ done, samples, imagesPerSecond, heldOut }: LookReport): void {
  for (const { look, set, size, quality, bytes, psnr, lpips } of heldOut ?? []) {
    console.error(
      `held out, ${set}, ${size}×${size}, quality ${quality}, ${look}: ${bytes.toFixed(1)} bytes, ${psnr.toFixed(2)} dB, LPIPS ${lpips.toFixed(3)}`,
    );
  }
  const speed = imagesPerSecond === null ? "" : `  ${imagesPerSecond.toFixed(1)} images/s`;
  console.error(`${(done * 100).toFixed(1)} %  ${samples} samples${speed}`);
}
