import { isDeepStrictEqual } from "node:util";
import { Budget } from "../../codec/budget.ts";
import { ZippyNetError } from "../../codec/errors.ts";
import { MEDIA_TYPE } from "../../codec/format/latents-file.ts";
import { bareTag } from "../../http/etag.ts";
import { encodePicture } from "../../image/encode.ts";
import { readImage } from "../../image/read.ts";
import { isFolderMarker, latentsKey, MAX_KEY } from "../aws/keys.ts";
import type { ObjectHead, ObjectStore } from "../aws/s3.ts";
import type { ServiceContext } from "../context.ts";
import { isPermanent, ROUNDS } from "../retries.ts";
import type { ServiceSettings } from "../settings.ts";
import { withoutEncoding } from "./content-encoding.ts";
import { type Plan, planFor } from "./encode-settings.ts";
import { formatMetadata, isCurrent, parseMetadata, plannedMetadata } from "./latents-object.ts";

/** An upload's place, and the sequencer of the event that tells of it, for the record. */
export interface Upload {
  readonly bucket: string;
  readonly key: string;
  readonly sequencer?: string | undefined;
  /**
   * Encodes it even if there are latents of it that are as the settings want them: by an older model of the same name,
   * say.
   */
  readonly again?: boolean;
}

/** How much time there is. */
export interface Limits {
  /** When this process is ended, as `performance.now()` tells it; undefined where nobody ends it. */
  readonly deadline?: number | undefined;
}

/** How the latents of a key were brought in line with its upload. */
export type Outcome =
  | { readonly outcome: "encoded"; readonly metadata: Readonly<Record<string, string>> }
  /** They agreed already: a repeated or late event. */
  | { readonly outcome: "current" }
  /** There is no upload, and now no latents either. */
  | { readonly outcome: "removed" | "absent" }
  | Rejected;

/** The upload cannot be encoded, now or ever. It stays as it is, and there are no latents under its key. */
export interface Rejected {
  readonly outcome: "rejected";
  readonly reason: ZippyNetError;
  /** Of the upload, where it was looked at. */
  readonly etag?: string;
}

/**
 * Brings the latents of a key in line with what is uploaded under it *now*, whichever event asks, and how often: events
 * come more than once, late and out of order, so an event only says where to look. Latents are written or deleted only
 * if they are still those seen before the upload was looked at, and the upload is looked at again afterwards. So of two
 * rounds that overlap, the one that saw the older upload either fails to write or notices and goes on.
 *
 * Throws what may pass by itself (S3 out of reach, a model that does not load); what never will is `rejected`.
 */
export async function encodeObject(
  context: ServiceContext,
  upload: Upload,
  limits: Limits = {},
): Promise<Outcome> {
  const { store, settings } = context;
  const bucket = settings.latentsBucket;
  const key = latentsKey(upload.key);
  const refused = refuse(upload, bucket, key);
  if (refused) return rejected(refused);

  for (let round = 0; round < ROUNDS; round++) {
    const standing = await store.head(bucket, key);
    const source = await lookFor(store, upload);
    if (!source && standing) await store.assertBucket(upload.bucket); // before latents go for want of an upload
    const next = source && (await permanent(() => prepare(context, upload, source, standing, limits)));
    if (next === "changed") continue;
    if (next === "current") return { outcome: "current" };

    const done =
      next && "file" in next
        ? await store.put(bucket, key, standing?.etag, next.file, MEDIA_TYPE, next.metadata)
        : !standing || (await store.delete(bucket, key, standing.etag));
    if (!done) continue;
    const after = await lookFor(store, upload);
    if (!isSame(after, source)) continue;

    if (!next) return { outcome: standing ? "removed" : "absent" };
    return "file" in next ? { outcome: "encoded", metadata: next.metadata } : { ...next, etag: source!.etag };
  }
  throw new Error(`${upload.key}: the upload or its latents changed in each of ${ROUNDS} rounds`);
}

/** What is uploaded, and what it asks for; undefined if there is nothing, or a folder of S3's console. */
async function lookFor(store: ObjectStore, { bucket, key }: Upload): Promise<ObjectHead | undefined> {
  const head = await store.headTagged(bucket, key);
  return head && isFolderMarker(key, head.size) ? undefined : head;
}

/**
 * One body has one ETag, whatever its metadata ask for: an upload that came and went meanwhile may differ in them
 * alone.
 */
function isSame(a: ObjectHead | undefined, b: ObjectHead | undefined): boolean {
  return a?.etag === b?.etag && isDeepStrictEqual(a?.metadata, b?.metadata);
}

async function prepare(
  { store, models, settings }: ServiceContext,
  upload: Upload,
  source: ObjectHead,
  standing: ObjectHead | undefined,
  limits: Limits,
): Promise<Draft | "current" | "changed"> {
  if (source.archive !== undefined) {
    const own = standing && parseMetadata(standing.metadata).sourceEtag === bareTag(source.etag);
    if (own) return "current"; // they were made before the upload was archived
    throw new ZippyNetError(
      "archived",
      `expected an upload that can be read, got one in ${source.archive}: restore it (aws s3api restore-object), and it is encoded`,
    );
  }
  const plan = await planFor(models, settings, source);
  if (!upload.again && standing && isCurrent(standing.metadata, plan, source)) return "current";
  const fetched = await store.get(upload.bucket, upload.key, source.etag);
  if (!fetched) return "changed";
  return inTime(limits, () => makeDraft(plan, source, fetched, upload.sequencer, settings, limits));
}

/** Latents that are ready to be written. */
interface Draft {
  readonly file: Uint8Array;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Encodes an upload. Throws `bad-image`, `bad-option` and `too-large`. */
async function makeDraft(
  plan: Plan,
  upload: ObjectHead,
  bytes: Uint8Array,
  sequencer: string | undefined,
  { maxPixels, maxUploadBytes, encodeBudget }: ServiceSettings,
  { deadline = Number.POSITIVE_INFINITY }: Limits,
): Promise<Draft> {
  const { image, notes } = await readImage(await withoutEncoding(bytes, upload.encoding, maxUploadBytes), {
    maxPixels,
  });
  const budget = new Budget({ multiplications: encodeBudget, deadline: deadline - WRITING - LAST_STEP });
  const { target, effort } = plan;
  const made = await encodePicture(plan.models, image, { target, effort, budget });
  const { file, kind, model, quality, psnr } = made;
  const cut = made.cut ? "the search was cut short" : undefined;
  const name = plan.models.find(({ number }) => number === model)?.name;
  const metadata = formatMetadata({
    ...plannedMetadata(plan, upload),
    sourceSize: upload.size,
    sequencer,
    width: image.width,
    height: image.height,
    model: name ?? kind,
    ...(name !== undefined && { modelNumber: model, quality }),
    psnr,
    bytesBefore: upload.size,
    bytesAfter: file.length,
    budget: [plan.limited, cut].filter((part) => part !== undefined).join("; ") || undefined,
    notes: notes.length > 0 ? notes.join("; ") : undefined,
  });
  return { file, metadata };
}

/**
 * Milliseconds kept for writing the latents and looking at the upload again; and for a step of the search that has
 * begun.
 */
const [WRITING, LAST_STEP] = [5000, 15_000];

/**
 * Does the work, unless there is too little time for it to end. What takes longer than a whole invocation would be
 * killed, tried again, and killed again: so it is rejected, as too large. Where something else took the time before, it
 * is thrown, to be tried again.
 */
async function inTime<T>({ deadline }: Limits, work: () => Promise<T>): Promise<T> {
  if (deadline === undefined) return work();
  const milliseconds = deadline - WRITING - performance.now();
  if (milliseconds < LAST_STEP) throw new Error("too little time is left of this invocation");
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const seconds = Math.round(milliseconds / 1000);
    const message = `expected an upload that is encoded within ${seconds} s, got one that takes longer`;
    timer = setTimeout(() => reject(new ZippyNetError("too-large", message)), milliseconds);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}

function refuse(upload: Upload, latentsBucket: string, key: string): string | undefined {
  if (upload.bucket === latentsBucket) {
    return "expected an upload outside the bucket of the latents, which would encode its own output for ever";
  }
  const length = Buffer.byteLength(key);
  if (length <= MAX_KEY) return undefined;
  return `expected a key of at most ${MAX_KEY - 3} bytes, so that .zn fits, got ${length - 3}`;
}

/** Makes a result of an error that no repetition mends. */
async function permanent<T>(step: () => Promise<T>): Promise<T | Rejected> {
  try {
    return await step();
  } catch (error) {
    if (isPermanent(error)) return { outcome: "rejected", reason: error };
    throw error;
  }
}

function rejected(reason: string): Rejected {
  return { outcome: "rejected", reason: new ZippyNetError("bad-option", reason) };
}
