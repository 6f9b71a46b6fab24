import type { ModelPackage } from "../../model/package.ts";

/**
 * What lies beside the scripts of a site that `npm run build:web` makes. Paths are relative, names carry a hash of the
 * content.
 */
export interface Site {
  readonly workers: Readonly<Record<"decoder" | "encoder", string>>;
  readonly models: readonly SiteModel[];
}

export interface SiteModel {
  readonly manifest: ModelPackage["manifest"];
  /** `models/NUMBER-HASH`, the hash that of the manifest, which names those of the weights. */
  readonly folder: string;
  /** Names of its weights. */
  readonly files: readonly string[];
}
