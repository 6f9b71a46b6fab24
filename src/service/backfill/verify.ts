import { ZippyNetError } from "../../codec/errors.ts";
import { psnr } from "../../codec/rate-distortion.ts";
import { bareTag } from "../../http/etag.ts";
import { decodePicture } from "../../image/decode.ts";
import { readImage } from "../../image/read.ts";
import { latentsKey } from "../aws/keys.ts";
import type { ServiceContext } from "../context.ts";
import { withoutEncoding } from "../encode/content-encoding.ts";
import { parseMetadata } from "../encode/latents-object.ts";

/** Whether an object is what its metadata promise. */
export interface Verified {
  /**
   * `verified` against the upload; `decoded` where the upload is gone or not asked for; `outdated` where it is another
   * by now, which a backfill mends; `absent` where the latents have gone since they were listed.
   */
  readonly outcome: "verified" | "decoded" | "outdated" | "absent";
  /** In dB; infinite without loss, and only where it was measured. */
  readonly psnr?: number;
}

/**
 * dB that PSNR may differ from its metadata: there it is rounded to 0.01, and libraries may read an upload a level
 * differently.
 */
const TOLERANCE = 0.1;

/**
 * Decodes the latents of a key and, where the upload that they are of still exists, compares their PSNR with what their
 * metadata promise. Throws what is wrong: `bad-file`, `unknown-model`, `bad-image`; and what S3 throws.
 */
export async function verifyObject(
  { store, models, settings }: ServiceContext,
  key: string,
  uploadsBucket: string | undefined,
): Promise<Verified> {
  const latents = await store.read(settings.latentsBucket, latentsKey(key));
  if (!latents) return { outcome: "absent" };
  const promises = parseMetadata(latents.metadata);
  const image = await decodePicture(models, latents.bytes);
  const source = uploadsBucket === undefined ? undefined : await store.read(uploadsBucket, key);
  if (!source) return { outcome: "decoded" };
  if (bareTag(source.etag) !== promises.sourceEtag) return { outcome: "outdated" };
  const plain = await withoutEncoding(source.bytes, source.encoding, settings.maxUploadBytes);
  const original = await readImage(plain, { maxPixels: settings.maxPixels });
  const measured = psnr(original.image, image);
  const promised = promises.psnr ?? Number.NaN;
  if (measured === promised || Math.abs(measured - promised) <= TOLERANCE) {
    return { outcome: "verified", psnr: measured };
  }
  throw new ZippyNetError(
    "bad-file",
    `expected ${promises.psnr?.toFixed(2) ?? "no"} dB, as its metadata say, got ${measured.toFixed(2)}`,
  );
}
