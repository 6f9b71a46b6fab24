import type { Architecture } from "../codec/network/architecture.ts";
import type { Manifest } from "../model/manifest.ts";

/**
 * What computes: TensorFlow in this process, or PyTorch in one of its own. Each goes on from the other's checkpoints.
 */
export const ENGINES = ["tfjs", "torch"] as const;
export type EngineName = (typeof ENGINES)[number];

/** How samples are cut: whole images, barely moved, or patches from anywhere. */
export type Cut = "aligned" | "patches";

/**
 * Which bits are minimised: those of latents with uniform noise, smooth but above what a file pays (by half, for faces
 * of 100 bytes), or those of the rounded latents.
 */
export type Bits = "noisy" | "rounded";

/** How samples are drawn from the images. */
export interface Sampling {
  /** One for all folders, or one for each. */
  readonly cut: Cut | readonly Cut[];
  /** Pixels a side of the samples, and the share of steps that take them; the usual mixture if not stated. */
  readonly sizes?: readonly (readonly [size: number, share: number])[];
  /** Images of 42×42, or as many pixels of other sizes, that make a step. */
  readonly batch?: number;
  /** Share of each folder's images among the samples; by their number if not stated. */
  readonly shares?: readonly number[];
  /** Share of whole images, where the cut is aligned; the others are patches. */
  readonly whole?: number;
  /** Share of the samples whose quality is drawn from 26 to 79 and not from 1 to 100. */
  readonly middle?: number;
  /** Each colour is scaled by up to this much more or less, and shifted by up to half as much of the whole range. */
  readonly colour?: number;
  /** Share of the samples that lose their colour. */
  readonly grey?: number;
}

/** How samples are cut from the images of a folder, by its place among them. */
export function cutOf({ cut }: Sampling, folder: number): Cut {
  return typeof cut === "string" ? cut : cut[folder]!;
}

/** The engine of plans that state none, as checkpoints from before engines could be chosen. */
export const ENGINE: EngineName = "tfjs";

/** What a run is about; it stays the same when the run is resumed, but for what may be asked for anew. */
export interface RunPlan {
  readonly folders: readonly string[];
  readonly architecture: Architecture;
  /** What trained last, and what goes on where nothing else is asked for; TensorFlow if not stated. */
  readonly engine?: EngineName;
  readonly seed: number;
  readonly sampling: Sampling;
  /** Share of the images that are held out. */
  readonly heldOut: number;
  /** Peak learning rate. */
  readonly rate: number;
  /** Share of the run at the peak, before the learning rate falls. */
  readonly flat?: number;
  /** What is trained, if not everything. */
  readonly only?: "prior";
  /** Which bits are minimised, of everything; noisy by default. */
  readonly bits?: Bits;
  /** Name of the file the weights started from; without it they started from noise. */
  readonly init?: string;
}

/** When a run is over: after minutes of training or after samples, whichever is given. */
export type Budget = { readonly minutes: number } | { readonly samples: number };

/** How much of a budget a run that is so far has used, as a share; 1 and above at its end. */
export function usedShare(
  budget: Budget,
  { seconds, samples }: { readonly seconds: number; readonly samples: number },
): number {
  if ("minutes" in budget) return seconds / (budget.minutes * 60);
  return budget.samples > 0 ? samples / budget.samples : 1;
}

/** The default licence of a model: SPDX's word for terms that nobody stated. */
export const NOT_STATED = "NOASSERTION";
/** The default peak learning rate. */
export const LEARNING_RATE = 1e-3;
/** The default learning rate of a look at the start. */
export const LOOK_RATE = 4e-4;
/** The default share of a run at the peak. */
export const FLAT = 0.4;
/** The default number of images of 42×42 in a step. */
export const BATCH = 32;

/** Images are kept at most at this shorter side: whole ones, and ones that patches are cut from. */
export const KEPT_SIDE: Readonly<Record<Cut, number>> = { aligned: 160, patches: 768 };
/** A face is worth mirroring, but not laying on its side. */
export const USUAL_ORIENTATIONS = { aligned: 2, patches: 8 } as const satisfies Record<
  Cut,
  Manifest["orientations"]
>;
/** As many as the tables of an export are counted on, and some to spare. */
export const IMAGES_TO_EXPORT = 300;
