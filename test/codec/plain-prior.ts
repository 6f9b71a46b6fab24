import type { Architecture } from "../../src/codec/network/architecture.ts";
import {
  inputChannels,
  networkName,
  type PriorEngine,
  type PriorWeights,
} from "../../src/codec/network/prior.ts";
import { priorConvolutions } from "../../src/codec/network/prior-kernel.ts";
import { PlainLayers, type PlainMap } from "./plain-layers.ts";

/** The prior in plain numbers: slow, and what the kernel is held against. */
export class PlainPrior implements PriorEngine {
  readonly #architecture: Architecture;
  readonly #layers: PlainLayers;

  constructor(architecture: Architecture, weights: PriorWeights) {
    this.#architecture = architecture;
    this.#layers = new PlainLayers(priorConvolutions(architecture, weights));
  }

  run(slice: number, pass: number, input: Int16Array, rows: number, columns: number): readonly number[] {
    const channels = inputChannels(this.#architecture, slice, pass);
    const x: PlainMap = { rows, columns, channels, values: [...input] };
    const name = networkName(slice, pass);
    const a = this.#layers.conv(x, `${name}.conv0`, { activate: true });
    const b = this.#layers.conv(a, `${name}.conv1`, { activate: true });
    return this.#layers.conv(b, `${name}.conv2`).values;
  }

  dispose(): void {}
}
