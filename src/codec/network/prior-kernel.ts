import type { IntegerConvolution } from "../integer/convolution.ts";
import { IntegerLayers } from "../integer/layers.ts";
import type { Architecture } from "./architecture.ts";
import {
  ACTIVATION_LIMIT,
  inputChannels,
  inputLimits,
  networkName,
  networks,
  PRIOR_SLOPE,
  type PriorEngine,
  type PriorWeights,
} from "./prior.ts";

/** The prior on the WebAssembly kernel. Throws `bad-model` if a sum could overflow. */
export class KernelPrior implements PriorEngine {
  readonly #architecture: Architecture;
  readonly #layers: IntegerLayers;

  constructor(architecture: Architecture, weights: PriorWeights) {
    this.#architecture = architecture;
    this.#layers = new IntegerLayers(priorConvolutions(architecture, weights));
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

/** Every layer by its name. What leaves a network is clipped to 16 bits, which hold more than means and scales need. */
export function priorConvolutions(
  architecture: Architecture,
  weights: PriorWeights,
): Map<string, IntegerConvolution> {
  const convolutions = new Map<string, IntegerConvolution>();
  for (const { slice, pass } of networks(architecture)) {
    weights[slice]![pass]!.forEach((layer, i) => {
      const name = `${networkName(slice, pass)}.conv${i}`;
      convolutions.set(name, {
        ...layer,
        name,
        inputLimits: i === 0 ? inputLimits(architecture, slice, pass) : ACTIVATION_LIMIT,
        sumsBelow: 2 ** 31,
        slope: PRIOR_SLOPE,
        limit: i === 2 ? 2 ** 15 - 1 : ACTIVATION_LIMIT,
        finer: false,
      });
    });
  }
  return convolutions;
}
