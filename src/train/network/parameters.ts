import { ZippyNetError } from "../../codec/errors.ts";
import type { Architecture } from "../../codec/network/architecture.ts";
import { priorShapes } from "../../codec/network/prior.ts";
import { analysisShapes, synthesisShapes } from "../../codec/network/transforms.ts";
import type { SafeTensors } from "../../model/safetensors.ts";
import { Random } from "../data/random.ts";

/** Coefficients of 1, l and l² in the logarithm of a gain. */
export const GAIN_TERMS = 3;
/**
 * Share of its usual size that the last convolution of a residual block starts with, so that blocks start near
 * identity.
 */
const RESIDUAL_START = 0.1;

/** A float tensor of a model in training, by the names of `transforms.ts` and `prior.ts`. */
export interface FloatTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export type FloatWeights = ReadonlyMap<string, FloatTensor>;

/**
 * The same of what the prior and `g_s` say last: at first they say little, and not what the noise of their weights
 * does.
 */
const OUTPUT_START = 0.1;
/**
 * Coefficient of the level in the logarithm of a gain at first; theory has ½ ln 250 = 2.8 for fine steps, coarse ones
 * want less.
 */
const GAIN_START = 2;

/** A parameter's place in the vector of all. */
export interface Slot {
  readonly name: string;
  readonly shape: readonly number[];
  readonly size: number;
}

/**
 * All parameters of a model in training, in one vector: the transforms and gains, then the kernels of the prior, then
 * its biases. One vector makes optimiser, norm and average one operation each.
 */
export interface Layout {
  readonly slots: readonly Slot[];
  /** Slots of the transforms and gains, of the prior's kernels, of the prior's biases: [from, to). */
  readonly parts: readonly [Part, Part, Part];
  readonly size: number;
}

export interface Part {
  readonly slots: readonly Slot[];
  readonly size: number;
  /** Where it starts in the vector. */
  readonly from: number;
}

export function layoutOf(architecture: Architecture): Layout {
  const transforms = [...analysisShapes(architecture), ...synthesisShapes(architecture)].flatMap(
    ({ name, kernel }) => [slot(`${name}.kernel`, kernel), slot(`${name}.bias`, [kernel[3]])],
  );
  const gains = ["gain", "inverse_gain"].map((name) => slot(name, [GAIN_TERMS, architecture.latentChannels]));
  const kernels: Slot[] = [];
  const biases: Slot[] = [];
  for (const { name, kernel } of priorShapes(architecture)) {
    kernels.push(slot(`${name}.kernel`, kernel));
    biases.push(slot(`${name}.bias`, [kernel[3]]));
  }
  let from = 0;
  const part = (slots: readonly Slot[]): Part => {
    const size = slots.reduce((sum, each) => sum + each.size, 0);
    from += size;
    return { slots, size, from: from - size };
  };
  const parts = [part([...transforms, ...gains]), part(kernels), part(biases)] as const;
  return { slots: parts.flatMap(({ slots }) => slots), parts, size: from };
}

function slot(name: string, shape: readonly number[]): Slot {
  return { name, shape, size: shape.reduce((a, b) => a * b, 1) };
}

/**
 * Starting values: He's normal for kernels (slope of the leaky ReLU neglected), smaller where it says above; gains that
 * rise with the level; zero for the rest.
 */
export function initialise(architecture: Architecture, seed: number): Float32Array {
  const random = new Random(seed);
  const { slots, size } = layoutOf(architecture);
  const vector = new Float32Array(size);
  let at = 0;
  for (const { name, shape, size } of slots) {
    if (name.endsWith(".kernel")) {
      const [height, width, depth] = shape as [number, number, number];
      const deviation = Math.sqrt(2 / (height * width * depth)) * startOf(name);
      for (let i = 0; i < size; i++) vector[at + i] = deviation * random.normal();
    } else if (/gain$/.test(name)) {
      const channels = size / GAIN_TERMS;
      vector.fill(name === "gain" ? GAIN_START : -GAIN_START, at + channels, at + 2 * channels);
    }
    at += size;
  }
  return vector;
}

function startOf(kernel: string): number {
  if (/\.res\d+\.c\.kernel$/.test(kernel)) return RESIDUAL_START;
  return /^g_s\.out\.kernel$|^prior\..*\.conv2\.kernel$/.test(kernel) ? OUTPUT_START : 1;
}

/** The vector of tensors by name; throws `bad-model` if one is missing or has another shape. */
export function packParameters(architecture: Architecture, tensors: SafeTensors): Float32Array {
  const { slots, size } = layoutOf(architecture);
  const vector = new Float32Array(size);
  let at = 0;
  for (const { name, shape, size } of slots) {
    const tensor = tensors.get(name);
    if (!tensor || String(tensor.shape) !== String(shape)) {
      throw new ZippyNetError(
        "bad-model",
        `${name}: expected a tensor of [${shape}], got ${tensor ? `[${tensor.shape}]` : "none"}`,
      );
    }
    vector.set(tensor.data, at);
    at += size;
  }
  return vector;
}

/** The tensors of a vector, by name; they share its memory. */
export function unpackParameters(architecture: Architecture, vector: Float32Array): Map<string, FloatTensor> {
  const tensors = new Map<string, FloatTensor>();
  let at = 0;
  for (const { name, shape, size } of layoutOf(architecture).slots) {
    tensors.set(name, { shape, data: vector.subarray(at, at + size) });
    at += size;
  }
  return tensors;
}
