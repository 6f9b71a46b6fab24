import type { ConvOptions, Engine, Layers, MapSize, Network } from "../network/architecture.ts";
import { type IntegerConvolution, quartersOf } from "./convolution.ts";
import { Kernel, type Stored } from "./kernel.ts";
import { type Feature, type Grid, type Relation, SAME, Workspace } from "./workspace.ts";

export type { Feature } from "./workspace.ts";

/** Bytes above which the memory of a kernel is released after use, since it cannot shrink. */
const LARGEST_KEPT = 64 * 2 ** 20;
const TWICE: Relation = { step: 2, down: 0, right: 0 };
/** Where depth-to-space puts each quarter of the channels, in TensorFlow's order. */
export const QUARTERS: readonly Relation[] = [
  TWICE,
  { step: 2, down: 0, right: 1 },
  { step: 2, down: 1, right: 0 },
  { step: 2, down: 1, right: 1 },
];

/**
 * The engine of integers: convolutions on the WebAssembly kernel, one feature map at a time. Memory and tables for maps
 * of one size are kept until another size comes.
 */
export class IntegerLayers implements Engine, Layers<Feature> {
  readonly #convolutions: ReadonlyMap<string, IntegerConvolution>;
  /** The padding of the widest convolution. */
  readonly #pad: number;
  #weights: Weights | undefined;
  #workspace: Workspace | undefined;

  /** Throws `bad-model` if a sum could be too large. */
  constructor(convolutions: ReadonlyMap<string, IntegerConvolution>) {
    this.#convolutions = convolutions;
    this.#weights = store(convolutions);
    this.#pad = Math.max(0, ...Array.from(convolutions.values(), ({ shape }) => (shape[0] - 1) / 2));
  }

  run(input: Int16Array, { rows, columns, channels }: MapSize, network: Network): Int16Array {
    const workspace = this.#prepare(rows, columns);
    const x = workspace.feature({ rows, columns, pad: this.#pad }, channels, false);
    workspace.write(x, input);
    const out = workspace.read(network(this, x));
    if (this.#weights!.kernel.size > LARGEST_KEPT) this.dispose();
    return out;
  }

  /** Cells of the other parity keep what they had. */
  conv(
    x: Feature,
    name: string,
    { stride = 1, activate = false, plus, parity }: ConvOptions<Feature> = {},
  ): Feature {
    const [stored] = this.#weights!.stored.get(name)!;
    const workspace = this.#workspace!;
    const grid = stride === 1 ? x.grid : halved(x.grid);
    const out = plus ?? workspace.feature(grid, stored!.convolution.shape[3], !activate, x);
    const relation = stride === 1 ? SAME : TWICE;
    const options = { activate, accumulate: plus !== undefined, parity };
    workspace.convolve(stored!, grid, { x, relation }, { x: out, relation: SAME }, options);
    return out;
  }

  activate(x: Feature): Feature {
    return { ...x, at: x.activated };
  }

  up(x: Feature, name: string): Feature {
    const workspace = this.#workspace!;
    const quarters = this.#weights!.stored.get(name)!;
    const out = workspace.feature(doubled(x.grid), quarters[0]!.convolution.shape[3], true, x);
    quarters.forEach((stored, i) => {
      workspace.convolve(stored, x.grid, { x, relation: SAME }, { x: out, relation: QUARTERS[i]! });
    });
    return out;
  }

  /** Releases the memory. It is allocated again when needed. */
  dispose(): void {
    this.#weights = undefined;
    this.#workspace = undefined;
  }

  #prepare(rows: number, columns: number): Workspace {
    this.#weights ??= store(this.#convolutions);
    if (this.#workspace?.rows !== rows || this.#workspace.columns !== columns) {
      this.#weights.kernel.freeTo(this.#weights.size);
      this.#workspace = new Workspace(this.#weights.kernel, rows, columns);
    }
    return this.#workspace;
  }
}

interface Weights {
  readonly kernel: Kernel;
  /** By name: the convolution, or four quarters of one that is followed by depth-to-space. */
  readonly stored: ReadonlyMap<string, readonly Stored[]>;
  readonly size: number;
}

function store(convolutions: ReadonlyMap<string, IntegerConvolution>): Weights {
  const kernel = new Kernel();
  const stored = new Map(
    [...convolutions].map(([name, convolution]) => {
      const parts = convolution.finer ? quartersOf(convolution) : [convolution];
      return [name, parts.map((part) => kernel.store(part))];
    }),
  );
  return { kernel, stored, size: kernel.size };
}

function halved(grid: Grid): Grid {
  return { ...grid, rows: grid.rows / 2, columns: grid.columns / 2 };
}

export function doubled(grid: Grid): Grid {
  return { ...grid, rows: grid.rows * 2, columns: grid.columns * 2 };
}
