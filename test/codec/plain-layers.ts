import { type IntegerConvolution, quartersOf } from "../../src/codec/integer/convolution.ts";
import type { ConvOptions, Engine, Layers, MapSize, Network } from "../../src/codec/network/architecture.ts";
import { TRANSFORM_SLOPE } from "../../src/codec/network/transforms.ts";

export interface PlainMap {
  readonly rows: number;
  readonly columns: number;
  readonly channels: number;
  readonly values: readonly number[];
}

/**
 * Integer convolutions straight from their definition in `integer/convolution.ts`, in plain numbers: what the kernel is
 * held against.
 */
export class PlainLayers implements Engine, Layers<PlainMap> {
  readonly #convolutions: ReadonlyMap<string, IntegerConvolution>;
  readonly #smooth: boolean;

  /** @param smooth to neither round nor clip, so that there are derivatives */
  constructor(convolutions: ReadonlyMap<string, IntegerConvolution>, smooth = false) {
    this.#convolutions = convolutions;
    this.#smooth = smooth;
  }

  run(input: Int16Array, size: MapSize, network: Network): Int16Array {
    return Int16Array.from(network(this, { ...size, values: [...input] }).values);
  }

  conv(x: PlainMap, name: string, { stride = 1, activate = false, plus }: ConvOptions<PlainMap> = {}) {
    const convolution = this.#convolutions.get(name)!;
    const { limit } = convolution;
    const out = convolve(x, convolution, stride, activate, this.#smooth);
    if (!plus) return out;
    const values = out.values.map((value, at) => {
      const sum = value + plus.values[at]!;
      return this.#smooth ? sum : clip(sum, limit);
    });
    return { ...out, values };
  }

  activate(x: PlainMap): PlainMap {
    if (this.#smooth)
      return { ...x, values: x.values.map((value) => Math.max(value, TRANSFORM_SLOPE * value)) };
    return { ...x, values: x.values.map((value) => Math.max(value, (3277 * value + 2 ** 14) >> 15)) };
  }

  up(x: PlainMap, name: string): PlainMap {
    const quarters = quartersOf(this.#convolutions.get(name)!).map((part) =>
      convolve(x, part, 1, false, this.#smooth),
    );
    const [rows, columns, channels] = [x.rows * 2, x.columns * 2, quarters[0]!.channels];
    const values = Array.from({ length: rows * columns * channels }, (_, at) => {
      const [row, column] = [Math.floor(at / channels / columns), Math.floor(at / channels) % columns];
      const quarter = quarters[(row % 2) * 2 + (column % 2)]!;
      return quarter.values[((row >> 1) * x.columns + (column >> 1)) * channels + (at % channels)]!;
    });
    return { rows, columns, channels, values };
  }
}

function convolve(
  x: PlainMap,
  { shape: [height, width, depth, channels], kernel, bias, multiplier, slope, limit }: IntegerConvolution,
  stride: number,
  activate: boolean,
  smooth: boolean,
): PlainMap {
  const [rows, columns] = [x.rows / stride, x.columns / stride];
  const values: number[] = [];
  for (let at = 0; at < rows * columns * channels; at++) {
    const [row, column, o] = [
      Math.floor(at / channels / columns),
      Math.floor(at / channels) % columns,
      at % channels,
    ];
    let sum = bias[o]!;
    for (let tap = 0; tap < height * width; tap++) {
      const r = row * stride + Math.floor(tap / width) - (height - 1) / 2;
      const c = column * stride + (tap % width) - (width - 1) / 2;
      if (r < 0 || c < 0 || r >= x.rows || c >= x.columns) continue;
      for (let d = 0; d < depth; d++) {
        sum += kernel[(tap * depth + d) * channels + o]! * x.values[(r * x.columns + c) * depth + d]!;
      }
    }
    if (smooth) {
      const value = sum * multiplier[o]!;
      values.push(activate ? Math.max(value, value * slope) : value);
      continue;
    }
    let value = Math.fround(Math.fround(sum) * multiplier[o]!);
    if (activate && value < 0) value = Math.fround(value * Math.fround(slope));
    values.push(nearest(clip(value, limit)) + 0); // no −0
  }
  return { rows, columns, channels, values };
}

function clip(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, value));
}

/** Ties to the even one. */
function nearest(value: number): number {
  const down = Math.floor(value);
  const rest = value - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 !== 0) ? down + 1 : down;
}
