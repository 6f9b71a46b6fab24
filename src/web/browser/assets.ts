/** What lies beside the scripts in dist/web; the build fills it in. Paths are relative, names carry a hash of the content. */
export interface Assets {
  readonly workers: { readonly decoder: string; readonly encoder: string };
  readonly models: readonly ModelAsset[];
}

export interface ModelAsset {
  /** Number in the file, 0–255. */
  readonly number: number;
  readonly name: string;
  /** `models/NUMBER-HASH`, the hash that of the manifest, which names those of the rest. */
  readonly folder: string;
  /** By name. */
  readonly files: Readonly<Record<string, FileAsset>>;
}

export interface FileAsset {
  readonly bytes: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

/** Set by esbuild. */
declare const ZIPPYNET_ASSETS: Assets;

export function builtAssets(): Assets {
  return ZIPPYNET_ASSETS;
}
