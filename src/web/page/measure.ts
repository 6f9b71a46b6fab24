/** What the page measures, and how it writes numbers. */
import { decibels } from "../../codec/rate-distortion.ts";

/** PSNR in dB over red, green and blue of two opaque pictures of one size. */
export function psnrOf(a: ImageData, b: ImageData): number {
  let sse = 0;
  for (let i = 0; i < a.data.length; i++) if (i % 4 !== 3) sse += (a.data[i]! - b.data[i]!) ** 2;
  return decibels(sse, a.width * a.height * 3);
}

export function inDecibels(psnr: number): string {
  return Number.isFinite(psnr) ? `${psnr.toFixed(1)} dB` : "no loss";
}

/** Bytes with the separators of the reader's language. */
export function inBytes(bytes: number): string {
  return `${bytes.toLocaleString()} ${bytes === 1 ? "byte" : "bytes"}`;
}

/** Bytes in megabytes of a million bytes. */
export function inMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
