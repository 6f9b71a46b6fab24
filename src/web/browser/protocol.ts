import type { Wish } from "../../api/options.ts";
import type { Picture } from "../../api/picture.ts";
import type { ErrorCode } from "../../codec/errors.ts";
import type { Image } from "../../codec/image.ts";
import type { Look } from "../../codec/network/architecture.ts";
import type { ModelPackage } from "../../model/package.ts";

/** Messages of the page to a worker. */
export type Request =
  /** The first message. */
  | { readonly type: "start"; readonly models: readonly LocatedModel[] }
  /** Loads a model ahead of the first picture; the first model if none is named. */
  | { readonly type: "load"; readonly id: number; readonly model: string | number | undefined }
  | { readonly type: "decode"; readonly jobs: readonly DecodeJob[] }
  /** Nobody waits for this job any more. Its turn passes, unless it has begun. */
  | { readonly type: "cancel"; readonly id: number }
  /** A draft is encoded without a search, whatever the effort. */
  | {
      readonly type: "encode";
      readonly id: number;
      readonly image: Image;
      readonly wish: Wish;
      readonly draft: boolean;
    }
  /** The reply to `missing`: the file, if the page has it. */
  | { readonly type: "weights"; readonly id: number; readonly bytes: Uint8Array | undefined };

export interface DecodeJob {
  readonly id: number;
  readonly file: Uint8Array;
  readonly look: Look;
}

/** Messages of a worker to the page. */
export type Answer =
  | { readonly type: "loaded"; readonly id: number }
  | { readonly type: "decoded"; readonly id: number; readonly picture: Picture }
  | { readonly type: "encoded"; readonly id: number; readonly file: Uint8Array<ArrayBuffer> }
  | { readonly type: "failed"; readonly id: number; readonly code: ErrorCode; readonly message: string }
  /** Asks for a file that could not be loaded. The worker chooses the `id`. */
  | { readonly type: "missing"; readonly id: number; readonly model: number; readonly file: string }
  | ({ readonly type: "progress" } & Loading)
  /** How far the search of an encoding has come. */
  | { readonly type: "search"; readonly id: number; readonly done: number; readonly total: number };

/** A model, and where its weights are. */
export interface LocatedModel {
  /** manifest.json. */
  readonly manifest: string;
  /** Absolute URLs or bytes, by name. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
}

/** How many bytes of a model's weights are loaded. */
export interface Loading {
  readonly model: number;
  readonly loaded: number;
  readonly total: number;
}

/**
 * Where a worker and its weights are. There is one place for decoding and one for encoding, so that a page that only
 * decodes contains neither `g_a` nor the search.
 */
export interface RolePlace {
  readonly role: "decoder" | "encoder";
  /** Starts the worker, which has to come from the page's own origin. @param base the folder that `configure` names */
  start(base: URL | undefined): Worker;
  /** The models that a page has if it names none. */
  models(base: URL | undefined): Promise<readonly ModelPackage[]>;
  /** Loads code that does the worker's work in the page itself, for pages in which no worker starts. */
  readonly here?: () => Promise<Serve>;
}

/** Given where answers go, gives a function that takes requests. */
export type Serve = (
  answer: (message: Answer, ...transfer: Transferable[]) => void,
) => (request: Request) => void;
