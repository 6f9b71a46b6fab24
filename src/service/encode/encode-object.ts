import { isDeepStrictEqual } from "node:util";
import { Budget } from "../../codec/budget.ts";
import { ZippyNetError } from "../../codec/errors.ts";
import { MEDIA_TYPE } from "../../codec/format/latents-file.ts";
import { bareTag } from "../../http/etag.ts";
import { encodePicture } from "../../image/encode.ts";
import { readImage } from "../../image/read.ts";
import { isFolderMarker, latentsKey, MAX_KEY } from "../aws/keys.ts";
import type { ObjectHead, ObjectStore } from "../aws/s3.ts";
import { isPermanent, ROUNDS } from "../retries.ts";
import type { ServiceSettings } from "../settings.ts";
import type { ServiceContext } from "./context.ts";
import { type Plan, planFor } from "./encode-settings.ts";
import { formatMetadata, isCurrent, parseMetadata, plannedMetadata } from "./latents-object.ts";

/** The bucket and key of an upload. The sequencer of its event is only recorded. */
export interface Upload {
  readonly bucket: string;
  readonly key: string;
  readonly sequencer?: string | undefined;
  /**
   * Encodes the upload even if its latents are up to date, for instance because a model of the same name has changed.
   */
  readonly again?: boolean;
}

/** How much time is left. */
export interface Limits {
  /** When this process will be killed, on the clock of `performance.now()`. Undefined if it will not be. */
  readonly deadline?: number | undefined;
}

/** The result of bringing the latents of a key up to date. */
export type Outcome =
  | { readonly outcome: "encoded"; readonly metadata: Readonly<Record<string, string>> }
  /** The latents were up to date: the event was late, or came twice. */
  | { readonly outcome: "current" }
  /** There is no upload, and now there are no latents either. */
  | { readonly outcome: "removed" | "absent" }
  | Rejected;

/** The upload can never be encoded as it is. It stays in the bucket, and there are no latents under its key. */
export interface Rejected {
  readonly outcome: "rejected";
  readonly reason: ZippyNetError;
  /** ETag of the upload, if it was read. */
  readonly etag?: string;
}

/**
 * Brings the latents of a key up to date with the object that is uploaded under it *now*. Events may come more than
 * once, late, and in any order, so an event only says which key to look at.
 *
 * Latents are written or deleted only if they are still the same as before the upload was read, and the upload is
 * checked again afterwards. So if two runs overlap, the one that read the older upload either fails to write, or
 * notices the change and starts again.
 *
 * Throws what may succeed later (S3 cannot be reached, a model does not load). What never can succeed is `rejected`.
 */
export async function encodeObject(
  context: ServiceContext,
  upload: Upload,
  limits: Limits = {},
): Promise<Outcome> {
  const { store, settings } = context;
  const bucket = settings.latentsBucket;
  const key = latentsKey(upload.key);
  if (upload.bucket === bucket) {
    return rejected(
      "expected an upload outside the bucket of the latents, which would encode its own output for ever",
    );
  }
  const length = Buffer.byteLength(key);
  if (length > MAX_KEY) {
    if (!(await lookFor(store, upload))) return { outcome: "absent" }; // it was deleted, and never had latents
    return rejected(`expected a key of at most ${MAX_KEY - 3} bytes, so that .zn fits, got ${length - 3}`);
  }

  for (let round = 0; round < ROUNDS; round++) {
    const standing = await store.head(bucket, key);
    const source = await lookFor(store, upload);
    // checked before the latents are deleted because there is no upload
    if (!source && standing) await store.assertBucket(upload.bucket);
    const next = source && (await permanent(() => prepare(context, upload, source, standing, limits)));
    if (next === "changed") continue;
    if (next === "current") return { outcome: "current" };

    const done =
      next && "file" in next
        ? await store.put(bucket, key, standing?.etag, {
            bytes: next.file,
            type: MEDIA_TYPE,
            metadata: next.metadata,
          })
        : !standing || (await store.delete(bucket, key, standing.etag));
    if (!done) continue;
    const after = await lookFor(store, upload);
    if (!isSame(after, source)) continue;

    if (!next) return { outcome: standing ? "removed" : "absent" };
    return "file" in next ? { outcome: "encoded", metadata: next.metadata } : { ...next, etag: source!.etag };
  }
  throw new Error(`${upload.key}: the upload or its latents changed in each of ${ROUNDS} rounds`);
}

/**
 * The head of the upload with its metadata and tags; undefined if there is none, or only a folder of the S3 console.
 */
async function lookFor(store: ObjectStore, { bucket, key }: Upload): Promise<ObjectHead | undefined> {
  const head = await store.headTagged(bucket, key);
  return head && isFolderMarker(key, head.size) ? undefined : head;
}

/**
 * Compares the metadata too: the ETag depends on the body alone, and another upload of the same body may ask for
 * something else.
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
    if (own) return "current"; // the latents were made before the upload was archived
    throw new ZippyNetError(
      "archived",
      `expected an upload that can be read, got one in ${source.archive}: restore it (aws s3api restore-object), and it is encoded`,
    );
  }
  const plan = await planFor(models, settings, source);
  if (!upload.again && standing && isCurrent(standing.metadata, plan, source)) return "current";
  const fetched = await store.get(upload.bucket, upload.key, source.etag);
  if (!fetched) return "changed";
  return inTime(limits, () =>
    makeDraft(plan, { head: source, bytes: fetched, sequencer: upload.sequencer }, settings, limits),
  );
}

/** Latents that are ready to be written, or a classical file in their place. */
interface Draft {
  readonly file: Uint8Array;
  readonly metadata: Readonly<Record<string, string>>;
}

/** An upload that was fetched. */
interface Fetched {
  readonly head: ObjectHead;
  readonly bytes: Uint8Array;
  readonly sequencer: string | undefined;
}

/** Encodes an upload. Throws `bad-image`, `bad-option` and `too-large`. */
async function makeDraft(
  plan: Plan,
  { head, bytes, sequencer }: Fetched,
  { maxPixels, maxUploadBytes, encodeBudget }: ServiceSettings,
  { deadline = Number.POSITIVE_INFINITY }: Limits,
): Promise<Draft> {
  const plain = await plainUpload(bytes, head.encoding, maxUploadBytes);
  const { image, notes } = await readImage(plain, { maxPixels });
  const budget = new Budget({ multiplications: encodeBudget, deadline: deadline - WRITING - LAST_STEP });
  const { target, effort } = plan;
  const made = await encodePicture(plan.models, image, { target, effort, budget });
  const { file, kind, model, quality, psnr } = made;
  const cut = made.cut ? "the search was cut short" : undefined;
  const name = plan.models.find(({ number }) => number === model)?.name;
  const metadata = formatMetadata({
    ...plannedMetadata(plan, head),
    sourceSize: head.size,
    sequencer,
    width: image.width,
    height: image.height,
    model: name ?? kind,
    ...(name !== undefined && { modelNumber: model, quality }),
    psnr,
    bytesBefore: head.size,
    bytesAfter: file.length,
    budget: [plan.limited, cut].filter((part) => part !== undefined).join("; ") || undefined,
    notes: notes.length > 0 ? notes.join("; ") : undefined,
  });
  return { file, metadata };
}

async function plainUpload(
  bytes: Uint8Array,
  encoding: string | undefined,
  most: number,
): Promise<Uint8Array> {
  if (encoding === undefined) return bytes;
  const contentEncoding = await import("./content-encoding.ts"); // few uploads are packed
  return contentEncoding.withoutEncoding(bytes, encoding, most);
}

/**
 * Milliseconds reserved for writing the latents and checking the upload again; and for a step of the search that has
 * begun.
 */
const [WRITING, LAST_STEP] = [5000, 15_000];

/**
 * Does the work, unless too little time is left for it. Work that takes longer than a whole invocation would be killed,
 * tried again, and killed again. So it is rejected as too large. If something else has used up the time before, the
 * error is thrown, so that the upload is tried again.
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

/** Turns an error that another try cannot correct into a result. */
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
