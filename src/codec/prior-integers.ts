import {
  ACTIVATION_LIMIT,
  PRIOR_SLOPE_SHIFT,
  type PriorEngine,
  type PriorLayer,
  type PriorWeights,
} from "./prior.ts";

/**
 * The prior in plain integers, straight from its definition: slow, and the oracle that the fast engine is tested
 * against. It needs neither TensorFlow.js nor floating point.
 */
export class IntegerPrior implements PriorEngine {
  readonly #weights: PriorWeights;

  constructor(weights: PriorWeights) {
    this.#weights = weights;
  }

  run(slice: number, pass: number, input: Int16Array, rows: number, columns: number): Int32Array {
    const [conv0, conv1, conv2] = this.#weights[slice]![pass]!;
    const a = convolve(conv0, Int32Array.from(input), rows, columns).map(activate(conv0));
    const b = convolve(conv1, a, rows, columns).map(activate(conv1));
    return convolve(conv2, b, rows, columns).map((acc, at) =>
      roundedShift(acc, conv2.shift[at % conv2.shape[3]]!),
    );
  }

  dispose(): void {}
}

function activate({ shape, shift }: PriorLayer) {
  return (acc: number, at: number): number => {
    const by = shift[at % shape[3]]!;
    const value = roundedShift(acc, acc < 0 ? by + PRIOR_SLOPE_SHIFT : by);
    return Math.max(-ACTIVATION_LIMIT, Math.min(ACTIVATION_LIMIT, value));
  };
}

/** acc / 2^by to the nearest integer, ties to the even one. */
export function roundedShift(acc: number, by: number): number {
  if (by === 0) return acc;
  const down = acc >> by;
  const twiceRest = (acc - (down << by)) * 2;
  const one = 1 << by;
  return twiceRest > one || (twiceRest === one && (down & 1) === 1) ? down + 1 : down;
}

/** Zero-padded convolution and bias of [rows, columns, in] integers. */
function convolve(
  { shape, kernel, bias }: PriorLayer,
  x: Int32Array,
  rows: number,
  columns: number,
): Int32Array {
  const [height, width, depth, out] = shape;
  const [above, before] = [(height - 1) / 2, (width - 1) / 2];
  const y = new Int32Array(rows * columns * out);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const to = (row * columns + column) * out;
      y.set(bias, to);
      for (let i = 0; i < height; i++) {
        for (let j = 0; j < width; j++) {
          const [r, c] = [row + i - above, column + j - before];
          if (r < 0 || r >= rows || c < 0 || c >= columns) continue;
          for (let d = 0; d < depth; d++) {
            const value = x[(r * columns + c) * depth + d]!;
            if (value === 0) continue;
            const at = ((i * width + j) * depth + d) * out;
            for (let o = 0; o < out; o++) y[to + o]! += value * kernel[at + o]!;
          }
        }
      }
    }
  }
  return y;
}
