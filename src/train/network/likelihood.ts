import {
  abs,
  customGrad,
  div,
  exp,
  log,
  maximum,
  mul,
  round,
  sign,
  square,
  sub,
  type Tensor,
  type Tensor4D,
} from "@tensorflow/tfjs-core";
import { native, type Save } from "./kernels.ts";

/** Smallest probability: bounds the bits of an outlier. */
const LEAST = 1e-9;

/**
 * −log₂ of a zero-mean Gaussian's probability in [residual − ½, residual + ½], elementwise.
 *
 * With v = |residual|, P = Φ(a) − Φ(b) for a = (½ − v)/σ and b = (−½ − v)/σ: in the lower tail the difference keeps its
 * digits.
 */
export function gaussianBits(residual: Tensor4D, sigma: Tensor4D): Tensor4D {
  return customGrad((z, s, save) => {
    const { probability } = bins(z as Tensor, s as Tensor);
    (save as Save)([z as Tensor, s as Tensor, probability]);
    return {
      value: inBits(probability),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [z, s, probability] = saved as [Tensor, Tensor, Tensor];
        const { byResidual, bySigma } = slopes(z, s, probability);
        return [mul(dy, byResidual), mul(dy, bySigma)];
      },
    };
  })(residual, sigma) as Tensor4D;
}

/**
 * The same of the rounded residual: what a file pays. σ's gradient is that of these bits; the residual's, for which
 * they have none, is taken before rounding.
 */
export function roundedBits(residual: Tensor4D, sigma: Tensor4D): Tensor4D {
  return customGrad((z, s, save) => {
    const symbol = round(z as Tensor);
    const { probability } = bins(symbol, s as Tensor);
    (save as Save)([z as Tensor, symbol, s as Tensor, probability]);
    return {
      value: inBits(probability),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [z, symbol, s, probability] = saved as [Tensor, Tensor, Tensor, Tensor];
        const { byResidual } = slopes(z, s, bins(z, s).probability);
        return [mul(dy, byResidual), mul(dy, slopes(symbol, s, probability).bySigma)];
      },
    };
  })(residual, sigma) as Tensor4D;
}

function inBits(probability: Tensor): Tensor {
  return mul(log(probability), -1 / Math.LN2);
}

/** Derivatives of the bits, −dP/(P ln 2). */
function slopes(z: Tensor, s: Tensor, probability: Tensor) {
  const { a, b } = bounds(z, s);
  const [atA, atB] = [density(a), density(b)];
  const outer = div(1 / Math.LN2, mul(probability, s));
  return {
    byResidual: mul(mul(outer, sign(z)), sub(atA, atB)),
    bySigma: mul(outer, sub(mul(atA, a), mul(atB, b))),
  };
}

function bins(z: Tensor, s: Tensor) {
  const { a, b } = bounds(z, s);
  return { probability: maximum(sub(cumulative(a), cumulative(b)), LEAST) };
}

function bounds(z: Tensor, s: Tensor) {
  const v = abs(z);
  return { a: div(sub(0.5, v), s), b: div(sub(-0.5, v), s) };
}

/** Φ(x) = ½ erfc(−x/√2). */
function cumulative(x: Tensor): Tensor {
  return mul(native("Erfc", [mul(x, -Math.SQRT1_2)]), 0.5);
}

function density(x: Tensor): Tensor {
  return mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
}
