import type { Image } from "../image.ts";
import { type Orientation, turned } from "../image.ts";
import type { Model } from "../model.ts";
import { analyse, withGain } from "../network/autoencoder.ts";
import { lambdaOf } from "../rate-distortion.ts";
import { QUALITIES } from "../target.ts";
import { lossOf, type Trial, tryLatents } from "./objective.ts";

/** A picture in one orientation, and what `g_a` makes of it. */
export interface Analysed {
  readonly orientation: Orientation;
  /** The picture, turned as it is coded. */
  readonly image: Image;
  /** [rows, columns, latentChannels] before gain. */
  readonly y: Float32Array;
}

/** A way to code a picture. */
export interface Start extends Analysed {
  readonly trial: Trial;
}

export interface WeighedStart extends Start {
  /** Bits that a squared error of one 8-bit level in one sample is worth to the picture. */
  readonly lambda: number;
}

/** The gains between which λ of a picture is measured, as offsets from its quality. */
const LAMBDA_OFFSETS = [-6, 6] as const;
/**
 * The other gains that are tried, as offsets too. Each rounds all latents anew, so more of them find better files: see
 * docs/experiments.md.
 */
const OTHER_OFFSETS = [-5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 7, 8, 9, 10] as const;
/** The largest factor between a picture's λ and that of its quality. */
const FARTHEST = 4;

/**
 * Shares of the error that are added to the picture, for another pass each. More shares gain little, larger ones
 * nothing.
 */
const CORRECTIONS = [0.05, 0.1, 0.15] as const;

/** Turns a picture and analyses it: the half of a pass that no quality changes. */
export function analysed(model: Model, picture: Image, orientation: Orientation): Analysed {
  const image = turned(picture, orientation);
  return { orientation, image, y: analyse(model, image) };
}

/** One pass at the gain of a quality. */
export function startAt(model: Model, picture: Analysed, quality: number): Start {
  return { ...picture, trial: tryGain(model, picture, quality) };
}

/** The best of starts of one quality, by the quality's λ. */
export function bestStart(starts: readonly Start[], quality: number): Start {
  return best(starts, lambdaOf(quality));
}

/**
 * The start, and further passes at its quality, each over the picture plus a share of the error that the start's file
 * has.
 */
export function corrections(model: Model, start: Start): Start[] {
  const { image, trial } = start;
  const { quality, decoded } = trial;
  const others = CORRECTIONS.flatMap((share) => {
    if (model.budget?.isSpent()) return [];
    const data = image.data.map((value, at) => {
      const wanted = value + share * (value - decoded.data[at]!);
      return Math.max(0, Math.min(255, Math.round(wanted)));
    });
    const y = analyse(model, { ...image, data });
    return [{ ...start, y, trial: tryGain(model, { image, y }, quality) }];
  });
  return [start, ...others];
}

/**
 * The gain that suits a picture best, of those near a start's, and what an error is worth to it.
 *
 * Loss is bits + λ · SSE. The gain that is best by the quality's λ would make easy pictures worse and hard ones
 * better than the quality asks for. So λ is the picture's own: what it pays for a squared error between two gains
 * around the quality's.
 */
export function fittingGain(model: Model, start: Start): WeighedStart {
  const { quality } = start.trial;
  const gains = (offsets: readonly number[]): Start[] =>
    offsets
      .map((offset) => quality + offset)
      .filter((other) => other >= 1 && other <= QUALITIES)
      .flatMap((other) =>
        model.budget?.isSpent() ? [] : [{ ...start, trial: tryGain(model, start, other) }],
      );
  const around = [start, ...gains(LAMBDA_OFFSETS)];
  const lambda = ownLambda(around, lambdaOf(quality));
  return { ...best([...around, ...gains(OTHER_OFFSETS)], lambda), lambda };
}

/** λ of a picture from trials at several gains. @param usual λ of its quality, to which it is kept near */
function ownLambda(starts: readonly Start[], usual: number): number {
  const trials = starts.map(({ trial }) => trial).sort((a, b) => a.quality - b.quality);
  const [coarse, fine] = [trials[0]!, trials.at(-1)!];
  const lambda = (fine.bits - coarse.bits) / (coarse.sse - fine.sse);
  if (!(lambda > 0 && lambda < Number.POSITIVE_INFINITY)) return usual; // a picture of one colour
  return Math.max(usual / FARTHEST, Math.min(usual * FARTHEST, lambda));
}

function best(starts: readonly Start[], lambda: number): Start {
  return starts.reduce((a, b) => (lossOf(b.trial, lambda) < lossOf(a.trial, lambda) ? b : a));
}

function tryGain(model: Model, { image, y }: Pick<Start, "image" | "y">, quality: number): Trial {
  return tryLatents(model, image, withGain(model, y, quality), quality);
}
