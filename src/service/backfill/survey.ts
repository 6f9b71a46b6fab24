import { ZippyNetError } from "../../codec/errors.ts";
import { inParallel } from "../../concurrency.ts";
import { isFolderMarker, latentsKey } from "../aws/keys.ts";
import type { ServiceContext } from "../context.ts";
import { planFor } from "../encode/encode-settings.ts";
import { isCurrent } from "../encode/latents-object.ts";
import { type Pair, pairUp } from "./join-listings.ts";

/** Objects to look at. */
export interface Scope {
  readonly uploadsBucket: string;
  /** Of the uploads' keys; empty for all. */
  readonly prefix: string;
  /** Latents written before this are made again, whatever their metadata say. */
  readonly before?: Date | undefined;
}

/**
 * How the latents of a key stand to its upload: `missing`, `outdated` (of an older upload, other settings, or too
 * early), `current`; or there is no upload any more, or a folder of S3's console in its place (`orphan`); or it is not
 * in question (`foreign`: such a folder).
 */
export type State = "missing" | "outdated" | "current" | "orphan" | "foreign";

export interface Finding {
  /** The upload's. */
  readonly key: string;
  readonly state: State;
  /** Bytes of the upload and of what latents there are. */
  readonly size: number;
  readonly latentsSize: number;
  /** Whether that took a request of its own. */
  readonly asked: boolean;
  /** Whether the latents are too early, whatever their metadata say. */
  readonly early: boolean;
}

/**
 * Latents whose metadata are asked for at a time: S3 answers in tens of milliseconds, one's own processor is idle
 * meanwhile.
 */
const QUESTIONS = 24;

/**
 * Looks at every upload and its latents. Two listings tell most: what has no latents, or latents older than itself. The
 * metadata of the others are asked for, one HEAD each. The findings come in no particular order.
 */
export async function* survey(
  context: ServiceContext,
  scope: Scope,
): AsyncGenerator<Finding, void, undefined> {
  const { store, settings } = context;
  const uploads = store.list(scope.uploadsBucket, scope.prefix);
  const latents = store.list(settings.latentsBucket, scope.prefix);
  yield* inParallel(pairUp(uploads, latents), QUESTIONS, (pair) => find(context, scope, pair));
}

async function find(context: ServiceContext, { before, prefix }: Scope, pair: Pair): Promise<Finding> {
  const { key, upload, latents } = pair;
  const early = latents !== undefined && before !== undefined && latents.modified < before;
  const found = (state: State, asked = false): Finding => ({
    key,
    state,
    size: upload?.size ?? 0,
    latentsSize: latents?.size ?? 0,
    asked,
    early,
  });
  // latents of the key `a`, listed for the prefix `a.z`: not in question
  if (!upload) return found(key.startsWith(prefix) ? "orphan" : "foreign");
  if (isFolderMarker(key, upload.size)) return found(latents ? "orphan" : "foreign");
  if (!latents) return found("missing");
  if (early || latents.modified < upload.modified) return found("outdated");
  return found((await isAsPlanned(context, pair)) ? "current" : "outdated", true);
}

/**
 * Whether the latents are what the settings make of the upload. An upload that asks for something else itself seems
 * outdated here; `encodeObject` then looks at it too, and finds that all is well.
 */
async function isAsPlanned(
  { store, models, settings }: ServiceContext,
  { key, upload }: Pair,
): Promise<boolean> {
  const head = await store.head(settings.latentsBucket, latentsKey(key));
  const source = { etag: upload!.etag, size: upload!.size, metadata: {} };
  try {
    return head !== undefined && isCurrent(head.metadata, await planFor(models, settings, source), source);
  } catch (error) {
    if (error instanceof ZippyNetError && error.code === "too-large") return false; // `encodeObject` says so
    throw error;
  }
}
