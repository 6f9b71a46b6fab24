import type { ErrorCode } from "../../codec/errors.ts";
import type { Target } from "../../codec/target.ts";
import type { ModelAsset } from "./assets.ts";

/** What page and worker say to each other. Buffers are handed over, not copied. */
export type Request =
  /** The first: where things are, as absolute URLs. */
  | { readonly type: "start"; readonly models: readonly LocatedModel[] }
  /** To the decoder alone: loads a model ahead of the first file. */
  | { readonly type: "load"; readonly id: number; readonly model: number }
  | { readonly type: "decode"; readonly jobs: readonly { readonly id: number; readonly file: Uint8Array }[] }
  | { readonly type: "encode"; readonly id: number; readonly picture: Rgba; readonly wish: Wish };

export type Answer =
  | { readonly type: "loaded"; readonly id: number }
  | { readonly type: "decoded"; readonly id: number; readonly picture: Rgba }
  | { readonly type: "encoded"; readonly id: number; readonly file: Uint8Array }
  | { readonly type: "failed"; readonly id: number; readonly code: ErrorCode; readonly message: string }
  | ({ readonly type: "progress" } & Progress);

/** A model and the URL of its folder. */
export interface LocatedModel extends Omit<ModelAsset, "folder"> {
  readonly url: string;
}

/** Bytes of a model's weights that have come, of how many. */
export interface Progress {
  readonly model: number;
  readonly loaded: number;
  readonly total: number;
}

/** Pixels as ImageData has them: red, green, blue, opacity; 8 bits each. */
export interface Rgba {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray<ArrayBuffer>;
}

export interface Wish {
  readonly model?: number | "auto";
  readonly target: Target;
  /** 0–9. */
  readonly effort: number;
}
