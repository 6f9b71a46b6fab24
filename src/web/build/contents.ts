/** What the build writes and the browser reads. It is a file of its own because the two have different globals. */
import type { ModelPackage } from "../../model/package.ts";

/**
 * What is beside the scripts of a site that `npm run build:web` makes. Paths are relative. Names have a hash of the
 * content.
 */
export interface Site {
  readonly workers: Readonly<Record<"decoder" | "encoder", string>>;
  readonly models: readonly SiteModel[];
}

export interface SiteModel {
  readonly manifest: ModelPackage["manifest"];
  /** `models/NUMBER-HASH`, with the hash of the manifest, which in turn has the hashes of the weights. */
  readonly folder: string;
  /** Names of its weights. */
  readonly files: readonly string[];
}
