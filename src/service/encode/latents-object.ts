import { encodePicture } from "../../image/encode.ts";
import { readImage } from "../../image/read.ts";
import type { ObjectHead } from "../aws/s3.ts";
import { type Plan, targetText } from "./encode-settings.ts";

/** What metadata say instead of an infinite PSNR. */
export const LOSSLESS = "lossless";

/** Latents that are ready to be written. */
export interface Draft {
  readonly file: Uint8Array;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Whether latents of this metadata are what the plan would make of the upload. */
export function isCurrent(metadata: ObjectHead["metadata"], plan: Plan, upload: ObjectHead): boolean {
  const expected = { ...planned(plan), "source-etag": bare(upload.etag) };
  return Object.entries(expected).every(([name, value]) => metadata[name] === value);
}

/** Encodes an upload, and decodes it again to say how good it is. Throws `bad-image` and `too-large`. */
export async function makeDraft(
  plan: Plan,
  upload: ObjectHead,
  bytes: Uint8Array,
  sequencer: string | undefined,
  maxPixels: number,
): Promise<Draft> {
  const { image, notes } = await readImage(bytes, { maxPixels });
  const { file, kind, model, quality, psnr } = await encodePicture(plan.models, image, plan);
  const name = plan.models.find(({ number }) => number === model)?.name;
  return {
    file,
    metadata: {
      ...planned(plan),
      "source-etag": bare(upload.etag),
      "source-size": String(upload.size),
      ...(sequencer === undefined ? {} : { sequencer }),
      width: String(image.width),
      height: String(image.height),
      model: name ?? kind,
      ...(name !== undefined && { "model-number": String(model), quality: String(quality) }),
      psnr: Number.isFinite(psnr) ? psnr.toFixed(2) : LOSSLESS,
      "bytes-before": String(upload.size),
      "bytes-after": String(file.length),
      ...(notes.length > 0 ? { notes: notes.join("; ") } : {}),
    },
  };
}

function planned({ model, target, effort }: Plan): Record<string, string> {
  return {
    "models-tried": model,
    target: targetText(target),
    effort: String(effort),
  };
}

function bare(etag: string): string {
  return etag.replaceAll('"', "");
}
