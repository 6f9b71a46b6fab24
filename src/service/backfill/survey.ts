import { ZippyNetError } from "../../codec/errors.ts";
import { inParallel } from "../../concurrency.ts";
import { isFolderMarker, latentsKey } from "../aws/keys.ts";
import type { ServiceContext } from "../encode/context.ts";
import { planFor } from "../encode/encode-settings.ts";
import { isCurrent } from "../encode/latents-object.ts";
import { type Pair, pairUp } from "./join-listings.ts";

/** Objects to look at. */
export interface Scope {
  readonly uploadsBucket: string;
  /** Prefix of the keys of uploads; empty for all. */
  readonly prefix: string;
  /** Latents written before this time are made again, whatever their metadata say. */
  readonly before?: Date | undefined;
}

/**
 * How the latents of a key relate to its upload:
 * - `missing`: there are none;
 * - `outdated`: of an older upload, of other settings, or written too early;
 * - `current`: up to date;
 * - `orphan`: there is no upload any more, or a folder of the S3 console in its place;
 * - `foreign`: not concerned, such as a folder.
 */
export type State = "missing" | "outdated" | "current" | "orphan" | "foreign";

export interface Finding {
  /** The upload's key. */
  readonly key: string;
  readonly state: State;
  /** Bytes of the upload, and of its latents if there are any. */
  readonly size: number;
  readonly latentsSize: number;
  /** Whether this took a request of its own. */
  readonly asked: boolean;
  /** Whether the latents were written too early, whatever their metadata say. */
  readonly early: boolean;
}

/** How many HEADs run at once. S3 answers in tens of milliseconds, during which this processor is idle. */
const QUESTIONS = 24;

/**
 * Compares every upload with its latents. The two listings show most: which latents are missing, and which are older
 * than their upload. For the others one HEAD reads the metadata. Results come in no particular order.
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
  // the latents of the key `a`, which the prefix `a.z` also lists: not concerned
  if (!upload) return found(key.startsWith(prefix) ? "orphan" : "foreign");
  if (isFolderMarker(key, upload.size)) return found(latents ? "orphan" : "foreign");
  if (!latents) return found("missing");
  if (early || latents.modified < upload.modified) return found("outdated");
  return found((await isAsPlanned(context, pair)) ? "current" : "outdated", true);
}

/**
 * Whether the latents are what the settings would make of the upload. An upload that itself asks for something else
 * seems outdated here. `encodeObject` then reads its metadata and finds it up to date.
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
    if (error instanceof ZippyNetError && error.code === "too-large") return false; // `encodeObject` reports it
    throw error;
  }
}
