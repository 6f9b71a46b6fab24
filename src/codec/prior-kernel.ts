import type { Architecture } from "./architecture.ts";
import type { IntegerConvolution } from "./integer/convolution.ts";
import { IntegerLayers } from "./integer/layers.ts";
import {
  ACTIVATION_LIMIT,
  EXACT_LIMIT,
  inputLimits as firstLimits,
  inputChannels,
  networkName,
  networks,
  PRIOR_SLOPE_SHIFT,
  type PriorEngine,
  type PriorLayer,
  type PriorWeights,
} from "./prior.ts";

/** The prior on the WebAssembly kernel, which proves it exact as `proveExact` does. What follows a shift is clipped to 16 bits, which hold more than means and scales need. */
export class KernelPrior implements PriorEngine {
  readonly #architecture: Architecture;
  readonly #layers: IntegerLayers;

  constructor(architecture: Architecture, weights: PriorWeights) {
    this.#architecture = architecture;
    const convolutions = new Map<string, IntegerConvolution>();
    for (const { slice, pass } of networks(architecture)) {
      weights[slice]![pass]!.forEach((layer, i) => {
        const name = `${networkName(slice, pass)}.conv${i}`;
        const inputLimits = i === 0 ? firstLimits(architecture, slice, pass) : ACTIVATION_LIMIT;
        const limit = i === 2 ? 2 ** 15 - 1 : ACTIVATION_LIMIT;
        convolutions.set(name, asIntegers(layer, { name, inputLimits, limit }));
      });
    }
    this.#layers = new IntegerLayers(convolutions);
  }

  run(slice: number, pass: number, input: Int16Array, rows: number, columns: number): Int16Array {
    const name = networkName(slice, pass);
    const channels = inputChannels(this.#architecture, slice, pass);
    return this.#layers.run(input, { rows, columns, channels }, (x) => {
      const a = this.#layers.conv(x, `${name}.conv0`, { activate: true });
      const b = this.#layers.conv(a, `${name}.conv1`, { activate: true, parity: pass });
      return this.#layers.conv(b, `${name}.conv2`, { parity: pass });
    });
  }

  dispose(): void {
    this.#layers.dispose();
  }
}

function asIntegers(
  { shape, kernel, bias, shift }: PriorLayer,
  rest: Pick<IntegerConvolution, "name" | "inputLimits" | "limit">,
): IntegerConvolution {
  const multiplier = Float32Array.from(shift, (by) => 2 ** -by);
  const slope = 2 ** -PRIOR_SLOPE_SHIFT;
  return { ...rest, shape, kernel, bias, sumsBelow: EXACT_LIMIT, multiplier, slope, finer: false };
}
