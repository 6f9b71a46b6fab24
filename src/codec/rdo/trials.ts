import { type Predict, priorOn, quantiseLatents, stepNumber } from "../entropy/context-model.ts";
import { type Image, isGrey, type Orientation, turned, withAlphaOf } from "../image.ts";
import type { Model } from "../model.ts";
import { latentSize } from "../network/architecture.ts";
import { analyse, reconstruct, withGain } from "../network/autoencoder.ts";
import { LATENT_UNIT } from "../network/prior.ts";
import { lambdaOf, sseOf } from "../rate-distortion.ts";
import { QUALITIES } from "../target.ts";
import { lossOf, type Outcome } from "./objective.ts";

/** A picture in one orientation, and what `g_a` makes of it: the half of a run that no quality changes. */
export interface Analysis {
  readonly orientation: Orientation;
  /** The picture, turned as it is coded. */
  readonly image: Image;
  /** [rows, columns, latentChannels] before gain: of the picture, or of it plus a share of an error (`corrections`). */
  readonly y: Float32Array;
}

/** Latents of an analysis at one quality, as a file would hold them, and how good that file would be. */
export interface Trial extends Outcome {
  readonly analysis: Analysis;
  /** The quality whose gain they have. */
  readonly quality: number;
  /** [rows, columns, latentChannels], in 32nds. */
  readonly yHat: Int16Array;
  /** Where each latent is in `yHat`, in coding order, and the prior's scale of it. */
  readonly places: Int32Array;
  readonly scales: Uint8Array;
  readonly symbols: Int16Array;
  readonly priorOutputs: PriorOutputs;
  /** Reading it decodes. */
  readonly sse: number;
  /** Decoded when first read: many trials are compared by their bytes alone, and `g_s` is most of a trial's cost. */
  readonly decoded: Image;
}

/** Outputs of the prior's networks, by the number of their step (`stepNumber`). */
type PriorOutputs = readonly ArrayLike<number>[];

/** Turns a picture and analyses it. */
export function analysisOf(model: Model, picture: Image, orientation: Orientation): Analysis {
  const image = turned(picture, orientation);
  return { orientation, image, y: analyse(model, image) };
}

/** One run: an analysis at the gain of a quality. */
export function trialOf(model: Model, analysis: Analysis, quality: number): Trial {
  return tryLatents(model, analysis, withGain(model, analysis.y, quality), quality);
}

/**
 * Quantises latents of a picture; what they decode to is found when it is asked for.
 * @param y [rows, columns, latentChannels] after the gain of the quality: the analysis' own, or what a search made of
 *   it
 * @param known the prior's outputs in the first steps, from other latents that begin alike
 */
export function tryLatents(
  model: Model,
  analysis: Analysis,
  y: Float32Array,
  quality: number,
  known: PriorOutputs = [],
): Trial {
  const { image } = analysis;
  const shape = latentSize(image.width, image.height);
  const run = priorOn(model.prior, model.architecture, shape);
  const priorOutputs = [...known];
  const predict: Predict = (step, input) => {
    priorOutputs[stepNumber(step)] ??= run(step, input);
    return priorOutputs[stepNumber(step)]!;
  };
  const places = new Int32Array(y.length);
  const scales = new Uint8Array(y.length);
  const symbols = new Int16Array(y.length);
  let [at, bits] = [0, 0];
  const yHat = quantiseLatents(model, { y, shape, quality }, predict, (scale, symbol, place) => {
    places[at] = place;
    scales[at] = scale;
    symbols[at++] = symbol;
    bits += model.tables.cost(scale, symbol);
  });
  let decoded: Image | undefined;
  let sse: number | undefined;
  return {
    analysis,
    quality,
    yHat,
    places,
    scales,
    symbols,
    priorOutputs,
    bits,
    get decoded() {
      decoded ??= withAlphaOf(image, reconstruct(model, { ...image, quality, grey: isGrey(image) }, yHat));
      return decoded;
    },
    get sse() {
      sse ??= sseOf(image, this.decoded);
      return sse;
    },
  };
}

/** `y_hat` in quantisation steps. */
export function inSteps({ yHat }: Pick<Trial, "yHat">): Float32Array {
  const steps = new Float32Array(yHat.length); // Float32Array.from with a function takes forty times as long
  for (let i = 0; i < steps.length; i++) steps[i] = yHat[i]! / LATENT_UNIT;
  return steps;
}

/** The trial of the least bits + λ · SSE. */
export function bestOf(trials: readonly Trial[], lambda: number): Trial {
  return trials.reduce((a, b) => (lossOf(b, lambda) < lossOf(a, lambda) ? b : a));
}

/**
 * Shares of the error that are added to the picture, for another run each. More shares gain little, larger ones
 * nothing.
 */
const CORRECTIONS = [0.05, 0.1, 0.15] as const;

/** Further runs at a trial's quality, each over the picture plus a share of the error that the trial has. */
export function corrections(model: Model, { analysis, quality, decoded }: Trial): Trial[] {
  const { image } = analysis;
  return CORRECTIONS.flatMap((share) => {
    if (model.budget?.isSpent()) return [];
    const data = image.data.map((value, at) => {
      const wanted = value + share * (value - decoded.data[at]!);
      return Math.max(0, Math.min(255, Math.round(wanted)));
    });
    return [trialOf(model, { ...analysis, y: analyse(model, { ...image, data }) }, quality)];
  });
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

/** A trial, and λ of its picture. */
export interface Fitted {
  readonly trial: Trial;
  /** Bits that a squared error of one 8-bit level in one sample is worth to the picture. */
  readonly lambda: number;
}

/**
 * The gain that suits a picture best, of those near a trial's, and what an error is worth to it.
 *
 * Loss is bits + λ · SSE. The gain that is best by the quality's λ would make easy pictures worse and hard ones
 * better than the quality asks for. So λ is the picture's own: what it pays for a squared error between two gains
 * around the quality's.
 */
export function fittedGain(model: Model, trial: Trial): Fitted {
  const { analysis, quality } = trial;
  const atOffsets = (offsets: readonly number[]): Trial[] =>
    offsets
      .map((offset) => quality + offset)
      .filter((other) => other >= 1 && other <= QUALITIES)
      .flatMap((other) => (model.budget?.isSpent() ? [] : [trialOf(model, analysis, other)]));
  const around = [trial, ...atOffsets(LAMBDA_OFFSETS)];
  const lambda = ownLambda(around, lambdaOf(quality));
  return { trial: bestOf([...around, ...atOffsets(OTHER_OFFSETS)], lambda), lambda };
}

/** λ of a picture from trials at several gains. @param usual λ of its quality, to which it is kept near */
function ownLambda(trials: readonly Trial[], usual: number): number {
  const rising = trials.toSorted((a, b) => a.quality - b.quality);
  const [coarse, fine] = [rising[0]!, rising.at(-1)!];
  const lambda = (fine.bits - coarse.bits) / (coarse.sse - fine.sse);
  if (!(lambda > 0 && lambda < Number.POSITIVE_INFINITY)) return usual; // a picture of one colour
  return Math.max(usual / FARTHEST, Math.min(usual * FARTHEST, lambda));
}
