import {
  add,
  cast,
  clipByValue,
  concat,
  customGrad,
  mul,
  reshape,
  round,
  slice,
  softplus,
  sub,
  type Tensor,
  type Tensor1D,
  type Tensor4D,
  tensor2d,
  tensor4d,
  tidy,
} from "@tensorflow/tfjs-core";
import { contextFeatures, passOf } from "../../codec/entropy/context-model.ts";
import { SCALES } from "../../codec/entropy/symbol-tables.ts";
import type { ConvOptions, Layers } from "../../codec/network/architecture.ts";
import { type Architecture, PASSES } from "../../codec/network/architecture.ts";
import {
  ACTIVATION_LIMIT,
  type CodingStep,
  codingSteps,
  FEATURES,
  LATENT_LIMIT,
  LATENT_UNIT,
  MEAN_LIMIT,
  PRIOR_SLOPE,
  prior,
  sliceChannels,
} from "../../codec/network/prior.ts";
import {
  inputGradientOf,
  kernelGradientOf,
  leaky,
  leakyGradient,
  linearForward,
  native,
  type Save,
} from "./kernels.ts";
import { SCALE_FLOOR, SCALE_START, SCALE_STEP } from "./quantise.ts";

/** [n, rows, columns, latentChannels] each. */
export interface QuantisedTensors {
  readonly yHat: Tensor4D;
  /** The prior's means in 32nds and scale indices, all integers. */
  readonly means: Tensor4D;
  readonly scales: Tensor4D;
}

/** Slice by slice, pass by pass: the walk of the codec's `walkLatents` with whole tensors, for gradients. */
export function quantise(
  architecture: Architecture,
  parameters: ReadonlyMap<string, Tensor>,
  y: Tensor4D,
  levels: Float32Array,
): QuantisedTensors {
  const [, rows, columns] = y.shape;
  const width = sliceChannels(architecture);
  const masks = checkerboard(rows, columns);
  const decoded: Tensor4D[] = []; // y_hat of the earlier slices, in clipped 32nds
  const slices: { yHat: Tensor4D; means: Tensor4D; scales: Tensor4D }[] = [];
  const layers = new PriorLayers(parameters);
  const features = Array.from({ length: PASSES }, (_, pass) => featuresOf(rows, columns, levels, pass));
  const ySlices = sliceLast(y, width);
  let first: { yHat: Tensor4D; means: Tensor4D; scales: Tensor4D } | undefined;
  for (const step of codingSteps(architecture)) {
    const { slice: index, pass } = step;
    const own = pass === 0 ? [] : [inUnits(first!.yHat)];
    const input = concat([...decoded, features[pass]!, ...own], 3) as Tensor4D;
    const { means, scales } = predict(layers, step, input, width);
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
      decoded.push(inUnits(both.yHat));
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

/** What a step's network says, clipped to what it means. */
function predict(layers: PriorLayers, step: CodingStep, input: Tensor4D, width: number) {
  const [means, scales] = sliceLast(prior(layers, step, input), width) as [Tensor4D, Tensor4D];
  return {
    means: clipped(means, -MEAN_LIMIT, MEAN_LIMIT),
    scales: clipped(scales, 0, SCALES - 1),
  };
}

/** The prior's convolutions with gradients; parameters by name. */
class PriorLayers implements Layers<Tensor4D> {
  readonly #parameters: ReadonlyMap<string, Tensor>;

  constructor(parameters: ReadonlyMap<string, Tensor>) {
    this.#parameters = parameters;
  }

  conv(x: Tensor4D, name: string, { activate = false }: ConvOptions<Tensor4D> = {}): Tensor4D {
    const kernel = this.#parameters.get(`${name}.kernel`) as Tensor4D;
    const bias = this.#parameters.get(`${name}.bias`) as Tensor1D;
    return integerLayer(x, kernel, bias, activate);
  }

  activate(x: Tensor4D): Tensor4D {
    return leaky(x, PRIOR_SLOPE);
  }

  up(_x: Tensor4D, name: string): never {
    throw new Error(`expected a prior without depth-to-space, got ${name}`);
  }
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
    const activated = hidden ? leaky(u, PRIOR_SLOPE) : u;
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
              PRIOR_SLOPE,
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
function inUnits(yHat: Tensor4D): Tensor4D {
  return clipByValue(mul(yHat, LATENT_UNIT), -LATENT_LIMIT, LATENT_LIMIT);
}

/** σ of scale indices. */
export function sigmas(scales: Tensor4D): Tensor4D {
  const raw = add(mul(scales, SCALE_STEP), SCALE_START);
  return add(softplus(raw), SCALE_FLOOR);
}

/** For each pass, 1 where it codes: [1, rows, columns, 1]. */
function checkerboard(rows: number, columns: number): Tensor4D[] {
  return Array.from({ length: PASSES }, (_, pass) => {
    const mask = Float32Array.from({ length: rows * columns }, (_, i) =>
      passOf(i, columns) === pass ? 1 : 0,
    );
    return tensor4d(mask, [1, rows, columns, 1]);
  });
}

/** Positions, level and mask of a pass: [n, rows, columns, 19] integers. */
function featuresOf(rows: number, columns: number, levels: Float32Array, pass: number): Tensor4D {
  const size = rows * columns * FEATURES;
  const features = new Float32Array(levels.length * size);
  levels.forEach((level, image) => {
    features.set(contextFeatures({ rows, columns }, Math.round(level * LATENT_UNIT), pass), image * size);
  });
  return tensor4d(features, [levels.length, rows, columns, FEATURES]);
}
