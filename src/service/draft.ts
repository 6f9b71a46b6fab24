import { MAX_SIDE } from "../codec/image.ts";
import { encodeTo } from "../codec/target.ts";
import { readImage } from "../image/read.ts";
import { type Plan, targetText } from "./plan.ts";
import type { ObjectHead } from "./store.ts";

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
): Promise<Draft> {
  // no more pixels than the models take: a small file may unpack to gigabytes
  const { image, notes } = await readImage(bytes, { maxPixels: MAX_SIDE * MAX_SIDE });
  const { file, quality, psnr } = encodeTo(plan.model, image, plan.target, plan.effort);
  return {
    file,
    metadata: {
      ...planned(plan),
      "source-etag": bare(upload.etag),
      "source-size": String(upload.size),
      ...(sequencer === undefined ? {} : { sequencer }),
      width: String(image.width),
      height: String(image.height),
      quality: String(quality),
      psnr: psnr.toFixed(2),
      "bytes-before": String(upload.size),
      "bytes-after": String(file.length),
      ...(notes.length > 0 ? { notes: notes.join("; ") } : {}),
    },
  };
}

function planned({ model, target, effort }: Plan): Record<string, string> {
  return {
    model: model.name,
    "model-number": String(model.number),
    target: targetText(target),
    effort: String(effort),
  };
}

function bare(etag: string): string {
  return etag.replaceAll('"', "");
}
