import type { Wish } from "../../api/options.ts";
import type { Picture } from "../../api/picture.ts";
import type { ErrorCode } from "../../codec/errors.ts";
import type { Image } from "../../codec/image.ts";
import type { Look } from "../../codec/network/architecture.ts";
import type { ModelPackage } from "../../model/package.ts";

/** What page and worker say to each other. */
export type Request =
  /** The first. */
  | { readonly type: "start"; readonly models: readonly LocatedModel[] }
  /** Loads a model ahead of the first picture; the first of all unless told. */
  | { readonly type: "load"; readonly id: number; readonly model: string | number | undefined }
  | { readonly type: "decode"; readonly jobs: readonly DecodeJob[] }
  /** A draft takes single passes, whatever the effort. */
  | {
      readonly type: "encode";
      readonly id: number;
      readonly image: Image;
      readonly wish: Wish;
      readonly draft: boolean;
    }
  /** The answer to `missing`: the file, if the page has it. */
  | { readonly type: "weights"; readonly id: number; readonly bytes: Uint8Array | undefined };

export interface DecodeJob {
  readonly id: number;
  readonly file: Uint8Array;
  readonly look: Look;
}

export type Answer =
  | { readonly type: "loaded"; readonly id: number }
  | { readonly type: "decoded"; readonly id: number; readonly picture: Picture }
  | { readonly type: "encoded"; readonly id: number; readonly file: Uint8Array }
  | { readonly type: "failed"; readonly id: number; readonly code: ErrorCode; readonly message: string }
  /** A file is not where it should be. `id` is the worker's. */
  | { readonly type: "missing"; readonly id: number; readonly model: number; readonly file: string }
  | ({ readonly type: "progress" } & Loading)
  /** What is done of the search of an encoding, of how much. */
  | { readonly type: "search"; readonly id: number; readonly done: number; readonly total: number };

/** A model, and where its weights are. */
export interface LocatedModel {
  /** manifest.json. */
  readonly manifest: string;
  /** Absolute URLs or bytes, by name. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
}

/** Bytes of a model's weights that have come, of how many. */
export interface Loading {
  readonly model: number;
  readonly loaded: number;
  readonly total: number;
}

/**
 * Where a worker is, and the weights that it needs. One for decoding and one for encoding: who only decodes ships
 * neither `g_a` nor the search.
 */
export interface RolePlace {
  readonly role: "decoder" | "encoder";
  /** Its worker, which has to come from the page's own origin. @param base folder that `configure` names, if it does */
  start(base: URL | undefined): Worker;
  /** The models that a page has without being told. */
  models(base: URL | undefined): Promise<readonly ModelPackage[]>;
  /** Does the worker's work in the page itself, for where no worker starts. */
  readonly here?: () => Promise<Serve>;
}

/** Takes requests, and answers them by what it is given. */
export type Serve = (
  answer: (message: Answer, ...transfer: Transferable[]) => void,
) => (request: Request) => void;
