import {
  add,
  cast,
  clipByValue,
  concat,
  customGrad,
  depthToSpace,
  exp,
  matMul,
  mul,
  reshape,
  round,
  slice,
  softplus,
  square,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
  tensor2d,
  tensor4d,
  tidy,
} from "@tensorflow/tfjs-core";
import { type Architecture, latentSize, PASSES } from "../codec/architecture.ts";
import { padding } from "../codec/pixels.ts";
import { POSITION_FEATURES, positionFeatures } from "../codec/positions.ts";
import {
  ACTIVATION_LIMIT,
  LATENT_LIMIT,
  LATENT_UNIT,
  LEVEL_UNIT,
  MEAN_LIMIT,
  networkName,
  networks,
  POSITION_UNIT,
  PRIOR_SLOPE_SHIFT,
  sliceChannels,
} from "../codec/prior.ts";
import { SCALES } from "../codec/symbols.ts";
import { analysis, type Layers, synthesis, TRANSFORM_SLOPE } from "../codec/transforms.ts";
import {
  convolution,
  inputGradientOf,
  kernelGradientOf,
  leaky,
  leakyGradient,
  linearForward,
  native,
  type Save,
} from "./kernels.ts";
import { gaussianBits } from "./likelihood.ts";
import { GAIN_TERMS, type Slot } from "./parameters.ts";
import { SCALE_FLOOR, SCALE_START, SCALE_STEP } from "./quantise.ts";

/** Images of one size, as the networks take them. */
export interface Batch {
  readonly width: number;
  readonly height: number;
  /** [n, rows/2, columns/2, 12] blocks, −½ to ½; see `pixels.ts`. */
  readonly blocks: Float32Array;
  /** Training level of each image. */
  readonly levels: Float32Array;
}

/** Weight of the distortion, MSE of 8-bit pixels, against bits per pixel. */
export function distortionWeight(level: number): number {
  return 0.0006 * 250 ** level;
}

/** Tensors of the parameters by name. */
export type Parameters = ReadonlyMap<string, Tensor>;

export function byName(slots: readonly Slot[], leaves: readonly Tensor[]): Parameters {
  return new Map(slots.map(({ name }, i) => [name, leaves[i]!]));
}

/** What the graph computes of a batch; tensors by image are [n]. */
export interface Outcome {
  /** Bits of each image. */
  readonly bits: Tensor1D;
  /** Mean squared error over the pixels of each image, of 8-bit levels. */
  readonly mse: Tensor1D;
  /** [n, rows, columns, latentChannels]: after gain, and as quantised. */
  readonly y: Tensor4D;
  readonly yHat: Tensor4D;
  /** The prior's means in eighths and scale indices, all integers. */
  readonly means: Tensor4D;
  readonly scales: Tensor4D;
  /** [n, rows/2, columns/2, 12] blocks of the reconstruction. */
  readonly xHat: Tensor4D;
}

/**
 * The codec as a differentiable graph: `y` quantised around the prior's means, straight-through, for context and
 * distortion; the rate at `y` + noise.
 * @param noise uniform in ±½, one a latent; without it the rate is that of the quantised latents
 */
export function run(
  architecture: Architecture,
  parameters: Parameters,
  batch: Batch,
  noise?: Float32Array,
): Outcome {
  const { width, height, blocks, levels } = batch;
  const n = levels.length;
  const { rows, columns } = latentSize(width, height);
  const shape = [n, rows, columns, architecture.latentChannels] as const;
  const x = tensor4d(blocks, [n, rows * 4, columns * 4, 12]);
  const layers = new TrainingLayers(parameters);
  const powers = tensor2d(
    Float32Array.from(
      { length: n * GAIN_TERMS },
      (_, i) => levels[Math.floor(i / GAIN_TERMS)]! ** (i % GAIN_TERMS),
    ),
    [n, GAIN_TERMS],
  );
  const y = mul(analysis(architecture, layers, x), gain(parameters, "gain", powers)) as Tensor4D;
  const { yHat, means, scales } = quantise(architecture, parameters, y, levels);
  const latents = noise ? add(y, tensor4d(noise, [...shape])) : yHat;
  const residual = sub(latents, mul(means, 1 / LATENT_UNIT)) as Tensor4D;
  const bits = sum(reshape(gaussianBits(residual, sigmas(scales)), [n, -1]), 1) as Tensor1D;
  const xHat = synthesis(
    architecture,
    layers,
    mul(yHat, gain(parameters, "inverse_gain", powers)) as Tensor4D,
  );
  const error = mul(square(sub(xHat, x)), pixelMask(width, height));
  const mse = mul(sum(reshape(error, [n, -1]), 1), 255 ** 2 / (width * height * 3)) as Tensor1D;
  return { bits, mse, y, yHat, means, scales, xHat };
}

/** Mean over the batch of (bits per pixel + w·MSE)/√w, so that no level outweighs the others. */
export function lossOf({ bits, mse }: Outcome, { width, height, levels }: Batch): Tensor {
  const weights = levels.map(distortionWeight);
  const rate = weights.map((w) => 1 / (Math.sqrt(w) * width * height * levels.length));
  const distortion = weights.map((w) => Math.sqrt(w) / levels.length);
  return add(sum(mul(bits, [...rate])), sum(mul(mse, [...distortion])));
}

/** Convolutions with gradients; parameters by name. */
class TrainingLayers implements Layers {
  readonly #parameters: Parameters;

  constructor(parameters: Parameters) {
    this.#parameters = parameters;
  }

  conv(
    x: Tensor4D,
    name: string,
    { stride = 1, activate = false }: { stride?: 1 | 2; activate?: boolean } = {},
  ): Tensor4D {
    const kernel = this.#parameters.get(`${name}.kernel`) as Tensor4D;
    const bias = this.#parameters.get(`${name}.bias`) as Tensor1D;
    return convolution(x, kernel, bias, {
      stride,
      slope: activate ? TRANSFORM_SLOPE : 1,
      inputGradient: name !== "g_a.conv0", // nothing needs the gradient of pixels
    });
  }

  depthToSpace(x: Tensor4D): Tensor4D {
    return depthToSpace(x, 2);
  }
}

/** exp(g₀ + g₁·l + g₂·l²), [n, 1, 1, latentChannels]. */
function gain(parameters: Parameters, name: string, powers: Tensor2D): Tensor4D {
  const logarithm = matMul(powers, parameters.get(name) as Tensor2D);
  return reshape(exp(logarithm), [powers.shape[0], 1, 1, -1]);
}

/** 1 for image, 0 for padding: [1, rows/2, columns/2, 12]. */
function pixelMask(width: number, height: number): Tensor4D {
  const { rows, columns } = latentSize(width, height);
  const { left, top } = padding(width, height);
  const mask = new Float32Array(rows * columns * 64 * 3);
  for (let y = top; y < top + height; y++) {
    for (let x = left; x < left + width; x++) {
      const at = ((y >> 1) * columns * 4 + (x >> 1)) * 12 + ((y & 1) * 2 + (x & 1)) * 3;
      mask.fill(1, at, at + 3);
    }
  }
  return tensor4d(mask, [1, rows * 4, columns * 4, 12]);
}

/** Slice by slice, pass by pass; see `latents.ts` of the codec, which this repeats with gradients. */
function quantise(
  architecture: Architecture,
  parameters: Parameters,
  y: Tensor4D,
  levels: Float32Array,
): Pick<Outcome, "yHat" | "means" | "scales"> {
  const [, rows, columns] = y.shape;
  const width = sliceChannels(architecture);
  const masks = checkerboard(rows, columns);
  const decoded: Tensor4D[] = []; // y_hat of the earlier slices, in clipped eighths
  const slices: { yHat: Tensor4D; means: Tensor4D; scales: Tensor4D }[] = [];
  const features = Array.from({ length: PASSES }, (_, pass) => contextFeatures(rows, columns, levels, pass));
  const ySlices = sliceLast(y, width);
  let first: { yHat: Tensor4D; means: Tensor4D; scales: Tensor4D } | undefined;
  for (const { slice: index, pass } of networks(architecture)) {
    const own = pass === 0 ? [] : [inEighths(first!.yHat)];
    const input = concat([...decoded, features[pass]!, ...own], 3) as Tensor4D;
    const { means, scales } = predict(parameters, networkName(index, pass), input, width);
    const yHat = mul(quantiseAround(ySlices[index]!, means), masks[pass]!) as Tensor4D;
    const masked = {
      yHat,
      means: mul(means, masks[pass]!) as Tensor4D,
      scales: mul(scales, masks[pass]!) as Tensor4D,
    };
    if (pass === 0) first = masked;
    else {
      const both = {
        yHat: add(first!.yHat, masked.yHat) as Tensor4D,
        means: add(first!.means, masked.means) as Tensor4D,
        scales: add(first!.scales, masked.scales) as Tensor4D,
      };
      slices.push(both);
      decoded.push(inEighths(both.yHat));
    }
  }
  const join = (key: "yHat" | "means" | "scales") =>
    concat(
      slices.map((each) => each[key]),
      3,
    ) as Tensor4D;
  return { yHat: join("yHat"), means: join("means"), scales: join("scales") };
}

/** The last axis in pieces of one width; one operation forward, one back. */
function sliceLast(x: Tensor4D, width: number): Tensor4D[] {
  const count = x.shape[3] / width;
  return Array.from({ length: count }, (_, i) => slice(x, [0, 0, 0, i * width], [-1, -1, -1, width]));
}

/** One network of the prior. */
function predict(parameters: Parameters, name: string, input: Tensor4D, width: number) {
  const layer = (x: Tensor4D, index: number) =>
    integerLayer(
      x,
      parameters.get(`${name}.conv${index}.kernel`) as Tensor4D,
      parameters.get(`${name}.conv${index}.bias`) as Tensor1D,
      index < 2,
    );
  const out = layer(layer(layer(input, 0), 1), 2);
  const [means, scales] = sliceLast(out, width) as [Tensor4D, Tensor4D];
  return {
    means: clipped(means, -MEAN_LIMIT, MEAN_LIMIT),
    scales: clipped(scales, 0, SCALES - 1),
  };
}

/**
 * A layer of the prior: convolution of integers, leaky ReLU and clip between layers, rounded to nearest, ties to even;
 * the gradient takes rounding for the identity.
 */
function integerLayer(x: Tensor4D, kernel: Tensor4D, bias: Tensor1D, hidden: boolean): Tensor4D {
  return customGrad((input, weights, offsets, save) => {
    const u = native("BiasAdd", [
      linearForward(input as Tensor4D, weights as Tensor4D, 1, "SAME"),
      offsets as Tensor,
    ]) as Tensor4D;
    const activated = hidden ? leaky(u, 2 ** -PRIOR_SLOPE_SHIFT) : u;
    const rounded = round(activated);
    (save as Save)([input as Tensor, weights as Tensor, ...(hidden ? [activated] : [])]);
    return {
      value: hidden ? clipByValue(rounded, -ACTIVATION_LIMIT, ACTIVATION_LIMIT) : rounded,
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [from, through, a] = saved as [Tensor4D, Tensor4D, Tensor4D | undefined];
        const du = a
          ? leakyGradient(
              insideGradient(dy, a, -ACTIVATION_LIMIT, ACTIVATION_LIMIT) as Tensor4D,
              a,
              2 ** -PRIOR_SLOPE_SHIFT,
            )
          : (dy as Tensor4D);
        return [
          inputGradientOf(du, from.shape, through, 1, "SAME"),
          kernelGradientOf(du, from, through.shape, 1, "SAME"),
          native("BiasAddGrad", [du]),
        ];
      },
    };
  })(x, kernel, bias) as Tensor4D;
}

/** Clips; the gradient also passes outside where it leads back inside. */
function clipped(x: Tensor4D, low: number, high: number): Tensor4D {
  return customGrad((value, save) => {
    (save as Save)([value as Tensor]);
    return {
      value: clipByValue(value as Tensor4D, low, high),
      gradFunc: (dy: Tensor, [saved]: Tensor[]) => insideGradient(dy, saved!, low, high),
    };
  })(x) as Tensor4D;
}

/** dy where low ≤ x ≤ high, or where a step against dy leads there. */
function insideGradient(dy: Tensor, x: Tensor, low: number, high: number): Tensor {
  return tidy(() => {
    const above = mul(native("Maximum", [sub(x, high), zero()]), dy); // < 0 if it leads further out
    const below = mul(native("Minimum", [sub(x, low), zero()]), dy);
    const bad = native("Less", [native("Minimum", [above, below]), zero()]);
    return mul(dy, sub(1, cast(bad, "float32")));
  });
}

function zero(): Tensor {
  return reshape(tensor2d([0], [1, 1]), []);
}

/** round(y − mean) + mean; to the gradient it is y. */
function quantiseAround(y: Tensor4D, means: Tensor4D): Tensor4D {
  const mean = mul(means, 1 / LATENT_UNIT);
  return customGrad((value) => ({
    value: add(round(sub(value as Tensor, mean)), mean),
    gradFunc: (dy: Tensor) => dy,
  }))(y) as Tensor4D;
}

/** Latents as the prior takes them. */
function inEighths(yHat: Tensor4D): Tensor4D {
  return clipByValue(mul(yHat, LATENT_UNIT), -LATENT_LIMIT, LATENT_LIMIT);
}

/** σ of scale indices. */
function sigmas(scales: Tensor4D): Tensor4D {
  const raw = add(mul(scales, SCALE_STEP), SCALE_START);
  return add(softplus(raw), SCALE_FLOOR);
}

/** For each pass, 1 where it codes: [1, rows, columns, 1]. */
function checkerboard(rows: number, columns: number): Tensor4D[] {
  return Array.from({ length: PASSES }, (_, pass) => {
    const mask = Float32Array.from({ length: rows * columns }, (_, i) =>
      (Math.floor(i / columns) + (i % columns)) % PASSES === pass ? 1 : 0,
    );
    return tensor4d(mask, [1, rows, columns, 1]);
  });
}

/** Positions, level and mask: [n, rows, columns, 19] integers. */
function contextFeatures(rows: number, columns: number, levels: Float32Array, pass: number): Tensor4D {
  const positions = positionFeatures(rows, columns);
  const depth = POSITION_FEATURES + 2;
  const area = rows * columns;
  const features = new Float32Array(levels.length * area * depth);
  let to = 0;
  for (const level of levels) {
    for (let i = 0; i < area; i++) {
      for (let f = 0; f < POSITION_FEATURES; f++) features[to++] = positions[i * POSITION_FEATURES + f]!;
      features[to++] = Math.round(level * LEVEL_UNIT);
      features[to++] = (Math.floor(i / columns) + (i % columns)) % PASSES === pass ? POSITION_UNIT : 0;
    }
  }
  return tensor4d(features, [levels.length, rows, columns, depth]);
}
