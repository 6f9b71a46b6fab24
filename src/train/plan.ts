import type { Architecture } from "../codec/network/architecture.ts";

/** How samples are cut: whole images, barely moved, or patches from anywhere. */
export type Cut = "aligned" | "patches";

/**
 * Which bits are minimised: those of latents with uniform noise, smooth but above what a file pays (by half, for faces of 100
 * bytes), or those of the rounded latents.
 */
export type Bits = "noisy" | "rounded";

/** What a run is about; it stays the same when the run is resumed. */
export interface RunPlan {
  readonly folders: readonly string[];
  readonly architecture: Architecture;
  readonly seed: number;
  readonly cut: Cut;
  /** Pixels a side of the samples, each as often; the usual mixture if not stated. */
  readonly sizes?: readonly number[];
  /** Share of the images that are held out. */
  readonly heldOut: number;
  /** Peak learning rate. */
  readonly rate?: number;
  /** What is trained, if not everything. */
  readonly only?: "prior";
  /** Which bits are minimised, of everything: noisy unless told. */
  readonly bits?: Bits;
  /** Name of the file the weights started from; without it they started from noise. */
  readonly init?: string;
}
