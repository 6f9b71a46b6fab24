import type { ModelInfo } from "../api/models.ts";
import { assertKnown } from "../api/options.ts";
import { told } from "../api/picture.ts";
import { ZippyNetError } from "../codec/errors.ts";
import { assertWithin } from "../codec/validate.ts";
import { findModels, modelsIn } from "../model/installed.ts";
import { locationOfPackage, type ModelLocation } from "../model/location.ts";
import { parseManifest } from "../model/manifest.ts";
import type { ModelPackage } from "../model/package.ts";
import { Engine } from "./engine.ts";
import { Pool, usualThreads } from "./pool.ts";

export interface Settings {
  /**
   * The models to use: what packages `@zippynet/model-NAME` export, or the path of a folder with one sub-folder each. Unless told: the
   * folder that ZIPPYNET_MODELS names, else all packages that are installed.
   */
  readonly models?: readonly ModelPackage[] | string | undefined;
  /** Threads that encode, 0–64; 0 encodes in the caller's own. One less than there are cores, at most four, unless told. */
  readonly threads?: number | undefined;
  /** Of a page: where the files of the package are. Nothing here. */
  readonly base?: string | { readonly href: string } | undefined;
}

/** What does the work, made when first asked for and whenever settings change. */
export interface Runtime {
  readonly locations: readonly ModelLocation[];
  readonly engine: Engine;
  /** None where the caller's thread does all. */
  readonly pool: Pool | undefined;
  readonly threads: number;
}

let models: Settings["models"];
let threads = usualThreads();
let current: Promise<Runtime> | undefined;

/** Changes settings for all calls that follow; what is not named stays. Throws `bad-option`. */
export function configure(settings: Settings): void {
  assertKnown(settings, ["models", "threads", "base"]);
  if (settings.threads !== undefined) {
    assertWithin("threads", settings.threads, 0, 64);
    threads = settings.threads;
  }
  if (settings.models !== undefined) {
    if (typeof settings.models !== "string" && !Array.isArray(settings.models)) {
      const wanted = "expected models as packages or the path of a folder";
      throw new ZippyNetError("bad-option", `${wanted}, got ${told(settings.models)}`);
    }
    models = settings.models;
  }
  current = undefined;
}

/** The models that are here, by number. Throws `bad-model` if there are none. */
export async function listModels(): Promise<ModelInfo[]> {
  const { locations } = await runtime();
  return locations
    .map(({ manifest }) => {
      const { number, name, description, licence, released, blobs } = parseManifest(manifest);
      const bytes = Object.values(blobs).reduce((sum, blob) => sum + blob.bytes, 0);
      return { number, name, description, licence, released, bytes };
    })
    .sort((a, b) => a.number - b.number);
}

export function runtime(): Promise<Runtime> {
  current ??= start().catch((error: unknown) => {
    current = undefined; // a failed start is tried again
    throw error;
  });
  return current;
}

async function start(): Promise<Runtime> {
  const size = threads;
  const locations =
    models === undefined
      ? await findModels()
      : typeof models === "string"
        ? await modelsIn(models)
        : models.map(locationOfPackage);
  const pool = size === 0 ? undefined : new Pool(locations, size);
  return { locations, engine: new Engine(locations), pool, threads: Math.max(1, size) };
}
