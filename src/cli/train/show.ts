import type { Manifest } from "../../model/manifest.ts";
import { type ImageSets, SMALLEST_SIDE } from "../../train/data/images.ts";
import type { RunReport } from "../../train/run.ts";
import { EXIT_FAILED } from "../options.ts";

/** Says what is trained on: a folder of few images, or none that is held out, makes a model that nobody has measured. */
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

/** Where a model was exported to. */
export function showModel({ number, name }: Manifest, out: string): void {
  console.error(`model ${number} (${name}) is in ${out}`);
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
  const left = Number.isFinite(secondsLeft) ? `${Math.ceil(secondsLeft / 60)} min left` : "";
  write(
    `${(done * 100).toFixed(1)} %  ${samples} samples  loss ${loss.toFixed(3)}  rate ${rate.toExponential(1)}  ${imagesPerSecond.toFixed(0)} images/s  ${left}`,
    false,
  );
}

/** Writes a line. On a terminal, the next line replaces it unless it is to stay. */
function write(line: string, stays: boolean): void {
  if (!process.stderr.isTTY) process.stderr.write(`${line}\n`);
  else process.stderr.write(`\r\x1b[K${line}${stays ? "\n" : ""}`);
}

/** Says where a run that a signal stopped goes on from. There is no model: a script must not go on as if there were. */
export function reportStop(folder: string): void {
  console.error(`stopped; what was learnt is in ${folder}`);
  process.exitCode = EXIT_FAILED;
}
