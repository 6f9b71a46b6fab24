import type { Kind } from "../../codec/format/zn-file.ts";
import type { Image } from "../../codec/image.ts";
import type { Model } from "../../codec/model.ts";
import { psnr } from "../../codec/rate-distortion.ts";
import { decodePicture, type ModelSource } from "../../image/decode.ts";
import { encodePictures } from "../../image/encode.ts";
import { finite } from "../curve.ts";
import { SSIM } from "./ssim.ts";

/** How good one of our files is. */
export interface OwnRow {
  readonly bytes: number;
  readonly psnr: number;
  readonly ssim: number;
  readonly kind: Kind;
}

/** A file of ours, decoded and compared with what it was made from. */
export interface OwnFile {
  readonly file: Uint8Array;
  readonly row: OwnRow;
}

export interface OwnTask {
  /** Of one size. */
  readonly images: readonly Image[];
  /** 0–9. */
  readonly effort: number;
  /** 1–100. */
  readonly quality: number;
}

/** Encodes as users would, whatever model or classical codec that takes; one file an image, in their order. */
export async function ownFiles(
  source: ModelSource,
  models: readonly Model[],
  { images, effort, quality }: OwnTask,
): Promise<OwnFile[]> {
  const encoded = await encodePictures(models, images, { target: { kind: "quality", quality }, effort });
  const files: OwnFile[] = [];
  for (const [i, made] of encoded.entries()) {
    if (made instanceof Error) throw made;
    const { file, kind } = made;
    const decoded = await decodePicture(source, file);
    const row = {
      bytes: file.length,
      psnr: finite(psnr(images[i]!, decoded)),
      ssim: SSIM.of(images[i]!, decoded),
      kind,
    };
    files.push({ file, row });
  }
  return files;
}
