import { encodeKeyOfManifest } from "../keys.ts";

/** Where manifests and reports of backfills lie in the latents bucket. Latents end in `.zn`, so they are in nobody's way. */
export const BACKFILL_FOLDER = "jobs";

/** The lines of a manifest of S3 Batch Operations: bucket and percent-encoded key, CSV. */
export function manifestOf(bucket: string, keys: readonly string[]): Uint8Array {
  return Buffer.from(keys.map((key) => `${bucket},${encodeKeyOfManifest(key)}\n`).join(""));
}
