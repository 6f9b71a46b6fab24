import { ZippyNetError } from "../../codec/errors.ts";
import { describeFile, readZn } from "../../codec/format/zn-file.ts";
import { LOOKS } from "../../codec/network/architecture.ts";
import { psnr } from "../../codec/rate-distortion.ts";
import { bareTag } from "../../http/etag.ts";
import { decodePicture } from "../../image/decode.ts";
import { readImage } from "../../image/read.ts";
import { latentsKey } from "../aws/keys.ts";
import { withoutEncoding } from "../encode/content-encoding.ts";
import type { ServiceContext } from "../encode/context.ts";
import { parseMetadata } from "../encode/latents-object.ts";

/** The result of checking one object against its metadata. */
export interface Verified {
  /**
   * - `verified`: compared with the upload;
   * - `decoded`: it decodes; the upload is gone, is in an archive, or was not to be compared;
   * - `outdated`: the upload is another one by now, which a backfill corrects;
   * - `absent`: the latents have been deleted since they were listed.
   */
  readonly outcome: "verified" | "decoded" | "outdated" | "absent";
  /** The name of the model that decodes it, or the classical codec. */
  readonly model?: string;
  /** In dB; infinite without loss. Undefined if it was not measured. */
  readonly psnr?: number;
}

/**
 * How much the PSNR may differ from its metadata, in dB. Metadata are rounded to 0.01, and another version of a library
 * may read an upload a level differently.
 */
const TOLERANCE = 0.1;

/**
 * Decodes the latents of a key. If the upload that they were made of still exists, compares their PSNR with the one in
 * their metadata. Throws `bad-file`, `unknown-model` or `bad-image` if something is wrong, and the errors of S3.
 */
export async function verifyObject(
  { store, models, settings }: ServiceContext,
  key: string,
  uploadsBucket: string | undefined,
): Promise<Verified> {
  const latents = await store.read(settings.latentsBucket, latentsKey(key));
  if (!latents) return { outcome: "absent" };
  const promises = parseMetadata(latents.metadata);
  const look = LOOKS.find((each) => each === promises.tune); // their PSNR is that of the look that was tuned for
  const image = await decodePicture(models, latents.bytes, look);
  const file = describeFile(readZn(latents.bytes));
  const model = models.list().find(({ number }) => number === file.model)?.name ?? file.kind;
  const upload = uploadsBucket === undefined ? undefined : await store.head(uploadsBucket, key);
  if (uploadsBucket === undefined || !upload) return { outcome: "decoded", model };
  if (bareTag(upload.etag) !== promises.sourceEtag) return { outcome: "outdated", model };
  if (upload.archive !== undefined) return { outcome: "decoded", model };
  const bytes = await store.get(uploadsBucket, key, upload.etag);
  if (!bytes) return { outcome: "outdated", model };
  const plain = await withoutEncoding(bytes, upload.encoding, settings.maxUploadBytes);
  const original = await readImage(plain, { maxPixels: settings.maxPixels });
  const measured = psnr(original.image, image);
  const promised = promises.psnr ?? Number.NaN;
  if (measured === promised || Math.abs(measured - promised) <= TOLERANCE) {
    return { outcome: "verified", model, psnr: measured };
  }
  throw new ZippyNetError(
    "bad-file",
    `expected ${promises.psnr?.toFixed(2) ?? "no"} dB, as its metadata say, got ${measured.toFixed(2)}`,
  );
}
