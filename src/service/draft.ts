import { decodeImages, encodeImages, type Model } from "../codec/codec.ts";
import { ZippyNetError } from "../codec/errors.ts";
import { MAX_SIDE } from "../codec/image.ts";
import { psnr } from "../image/psnr.ts";
import { readImage } from "../image/read.ts";
import type { Models } from "../model/folder.ts";
import { encodingModel } from "./context.ts";
import type { ServiceSettings } from "./settings.ts";
import type { ObjectHead } from "./store.ts";

/** How an upload is to be encoded. */
export interface Plan {
  readonly model: Model;
  /** 1–100. */
  readonly quality: number;
}

/** Latents that are ready to be written. */
export interface Draft {
  readonly file: Uint8Array;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Model and quality for an upload: the quality of its own metadata, else the settings'. Throws `too-large` and `bad-option`,
 * before a byte of the upload is fetched.
 */
export async function planFor(models: Models, settings: ServiceSettings, upload: ObjectHead): Promise<Plan> {
  if (upload.size > settings.maxUploadBytes) {
    throw new ZippyNetError(
      "too-large",
      `expected an upload of at most ${settings.maxUploadBytes} bytes, got ${upload.size}`,
    );
  }
  const asked = upload.metadata["quality"];
  if (asked !== undefined && !/^([1-9]\d?|100)$/.test(asked)) {
    throw new ZippyNetError("bad-option", `expected the metadata "quality" to be 1–100, got "${asked}"`);
  }
  const model = await encodingModel(models, settings);
  return { model, quality: asked === undefined ? settings.quality : Number(asked) };
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
  const { file } = encodeImages(plan.model, [image], plan.quality)[0]!;
  const decoded = decodeImages(plan.model, [file])[0]!;
  return {
    file,
    metadata: {
      ...planned(plan),
      "source-etag": bare(upload.etag),
      "source-size": String(upload.size),
      ...(sequencer === undefined ? {} : { sequencer }),
      width: String(image.width),
      height: String(image.height),
      psnr: psnr(image, decoded).toFixed(2),
      "bytes-before": String(upload.size),
      "bytes-after": String(file.length),
      ...(notes.length > 0 ? { notes: notes.join("; ") } : {}),
    },
  };
}

function planned({ model, quality }: Plan): Record<string, string> {
  return {
    model: model.name,
    "model-number": String(model.number),
    quality: String(quality),
    effort: "0",
  };
}

function bare(etag: string): string {
  return etag.replaceAll('"', "");
}
