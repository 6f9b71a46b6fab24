import { dirname, resolve } from "node:path";
import { modelsFolder } from "../../model/folder.ts";
import type { Manifest } from "../../model/manifest.ts";
import { type ImageSets, SMALLEST_SIDE } from "../../train/data/images.ts";
import type { RunReport } from "../../train/run.ts";
import { EXIT_FAILED } from "../options.ts";
import { spanText } from "../progress.ts";

/** Says what is trained on: a model of few images, or of which none is held out, is one that nobody has measured. */
export function showImages({ counts: { train, heldOut }, tooSmall }: ImageSets): void {
  const left = tooSmall > 0 ? `, ${tooSmall} left out, of fewer than ${SMALLEST_SIDE} pixels a side` : "";
  const raise = heldOut === 0 ? "; to see rate and PSNR, hold out more: --holdout 10%" : "";
  write(`images: ${train} to train on, ${heldOut} held out${left}${raise}`, true);
}

/** @returns what is to be called with how many of all images are decoded */
export function showDecoding(): (done: number, total: number) => void {
  let shown = 0;
  return (done, total) => {
    if (done < total && Date.now() - shown < 1000) return;
    shown = Date.now();
    write(`decoding images: ${done} of ${total}`, done === total);
  };
}

/** Where a model was exported to, and how other commands find it. */
export function showModel({ number, name }: Manifest, out: string): void {
  const folder = dirname(resolve(out));
  const isFound = folder === resolve(modelsFolder());
  const how = isFound ? "" : `; other commands find it with ZIPPYNET_MODELS=${folder}`;
  say(`model ${number} (${name}) is in ${out}${how}`);
}

/** A report of a run. */
export function show(report: RunReport): void {
  const { done, samples, loss, imagesPerSecond, secondsLeft, rate, heldOut } = report;
  if (heldOut) {
    for (const { set, size, quality, bytes, psnr } of heldOut) {
      write(
        `held out, ${set}, ${size}×${size}, quality ${String(quality).padStart(3)}: ${bytes.toFixed(1)} bytes, ${psnr.toFixed(2)} dB`,
        true,
      );
    }
  }
  if (!Number.isFinite(loss)) return;
  const left = Number.isFinite(secondsLeft) ? `${spanText(secondsLeft)} left` : "";
  write(
    `${(done * 100).toFixed(1)} %  ${samples} samples  loss ${loss.toFixed(3)}  rate ${rate.toExponential(1)}  ${imagesPerSecond.toFixed(0)} images/s  ${left}`,
    false,
  );
}

/** Writes a line that stays, in place of one that does not. */
export function say(line: string): void {
  write(line, true);
}

/** Ends a line that does not stay: what others write, such as an error, begins a line of its own. */
export function endLine(): void {
  if (isOpen) process.stderr.write("\n");
  isOpen = false;
}

/** Whether the cursor stands behind a line that the next one replaces. */
let isOpen = false;

/** Writes a line. On a terminal, the next line replaces it unless it is to stay. */
function write(line: string, stays: boolean): void {
  if (!process.stderr.isTTY) process.stderr.write(`${line}\n`);
  else {
    process.stderr.write(`\r\x1b[K${line}${stays ? "\n" : ""}`);
    isOpen = !stays;
  }
}

/** Says where a run that a signal stopped goes on from. There is no model: a script must not go on as if there were. */
export function reportStop(folder: string): void {
  say(`stopped; what was learnt is in ${folder}`);
  process.exitCode = EXIT_FAILED;
}

/** As `reportStop`, where the signal came while images were decoded. */
export function reportEarlyStop(): void {
  say("stopped before any training");
  process.exitCode = EXIT_FAILED;
}
