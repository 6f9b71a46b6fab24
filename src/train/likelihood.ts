import {
  abs,
  customGrad,
  div,
  exp,
  log,
  maximum,
  mul,
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
      value: mul(log(probability), -1 / Math.LN2),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [z, s, probability] = saved as [Tensor, Tensor, Tensor];
        const { a, b } = bounds(z, s);
        const [atA, atB] = [density(a), density(b)];
        // d bits = −dP/(P ln 2)
        const outer = div(mul(dy, 1 / Math.LN2), mul(probability, s));
        const dz = mul(mul(outer, sign(z)), sub(atA, atB));
        const ds = mul(outer, sub(mul(atA, a), mul(atB, b)));
        return [dz, ds];
      },
    };
  })(residual, sigma) as Tensor4D;
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
