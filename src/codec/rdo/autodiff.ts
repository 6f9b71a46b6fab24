import { type IntegerConvolution, quartersOf } from "../integer/convolution.ts";
import { doubled, QUARTERS } from "../integer/integer-layers.ts";
import { Kernel, type Stored } from "../integer/kernel.ts";
import {
  bytesOf,
  cellCount,
  cellOf,
  type Feature,
  type Grid,
  SAME,
  Workspace,
} from "../integer/workspace.ts";
import type { ConvOptions, Layers, Network } from "../network/architecture.ts";

/** The largest gradient that enters the way back is scaled to this integer. */
const LARGEST = 2 ** 9;

/** A feature map of a recorded run. */
export interface Traced extends Feature {
  readonly gradient: Gradient;
  /** Address of the values after a leaky ReLU, if these are such; else 0. */
  readonly mask: number;
}

/** The gradient of a map. Maps that a residual block adds to share one. */
interface Gradient {
  readonly at: number;
  /** Units of 1; 0 while there is no gradient yet. */
  unit: number;
}

/** The output of a network, [rows, columns, channels], and the way back through it. */
export interface Recording {
  readonly output: Int16Array;
  /** From the gradient with respect to the output's integers, that with respect to the input's. Call it once only. */
  back(gradient: Float32Array): Float32Array;
}

/**
 * The memory of a network's maps and gradients, in the order in which a run allocates them; and the steps of the way
 * back.
 */
interface Run {
  readonly addresses: number[];
  next: number;
  readonly steps: (() => void)[];
}

/**
 * Reverse-mode automatic differentiation of networks of integer convolutions, on the WebAssembly kernel, for maps of
 * one size. Forward it computes what a decoder does, and records the steps. Back it computes gradients as 16-bit
 * integers, with a scale for each map.
 */
export class Tape implements Layers<Traced> {
  readonly rows: number;
  readonly columns: number;
  readonly #convolutions: ReadonlyMap<string, IntegerConvolution>;
  readonly #slope: number;
  readonly #kernel = new Kernel();
  readonly #workspace: Workspace;
  readonly #forward: ReadonlyMap<string, readonly Stored[]>;
  readonly #transposed = new Map<string, { readonly stored: Stored; readonly gain: number }>();
  readonly #runs = new Map<string, Run>();
  readonly #pad: number;
  #run!: Run;

  /** @param slope of the leaky ReLU of all */
  constructor(
    convolutions: ReadonlyMap<string, IntegerConvolution>,
    slope: number,
    { rows, columns }: { readonly rows: number; readonly columns: number },
  ) {
    this.rows = rows;
    this.columns = columns;
    this.#convolutions = convolutions;
    this.#slope = slope;
    this.#forward = new Map(
      [...convolutions].map(([name, convolution]) => {
        const parts = convolution.finer ? quartersOf(convolution) : [convolution];
        return [name, parts.map((part) => this.#kernel.store(part))];
      }),
    );
    this.#workspace = new Workspace(this.#kernel, rows, columns);
    this.#pad = Math.max(0, ...Array.from(convolutions.values(), ({ shape }) => (shape[0] - 1) / 2));
  }

  /**
   * Runs a network. What it recorded before under the same name is overwritten.
   * @param input [rows, columns, channels]
   */
  record(name: string, input: Int16Array, network: Network): Recording {
    const run = { addresses: this.#runs.get(name)?.addresses ?? [], next: 0, steps: [] };
    this.#runs.set(name, run);
    this.#run = run;
    const grid = { rows: this.rows, columns: this.columns, pad: this.#pad };
    const x = this.#map(grid, input.length / (grid.rows * grid.columns), false);
    this.#workspace.write(x, input);
    const y = network(this, x);
    return { output: this.#workspace.read(y), back: (gradient) => this.#back(run, x, y, gradient) };
  }

  /** Cells of the other parity are 0. */
  conv(x: Traced, name: string, { activate = false, plus, parity }: ConvOptions<Traced> = {}): Traced {
    const [stored] = this.#forward.get(name)!;
    const { shape } = stored!.convolution;
    const out: Traced = plus
      ? { ...plus, activated: this.#take(x.grid, shape[3]) }
      : this.#map(x.grid, shape[3], activate);
    const [from, to] = [
      { x, relation: SAME },
      { x: out, relation: SAME },
    ];
    this.#workspace.convolve(stored!, x.grid, from, to, { activate, accumulate: plus !== undefined, parity });
    this.#run.steps.push(() => this.#backThrough(name, out, x, shape[0] === 1 ? parity : undefined));
    return out;
  }

  activate(x: Traced): Traced {
    return { ...x, at: x.activated, mask: x.activated };
  }

  up(x: Traced, name: string): Traced {
    const quarters = this.#forward.get(name)!;
    const channels = quarters[0]!.convolution.shape[3];
    const out = this.#map(doubled(x.grid), channels, false);
    quarters.forEach((stored, i) => {
      this.#workspace.convolve(stored, x.grid, { x, relation: SAME }, { x: out, relation: QUARTERS[i]! });
    });
    const deep = this.#map(x.grid, 4 * channels, false);
    this.#run.steps.push(() => {
      this.#gather(out, deep);
      this.#backThrough(name, deep, x);
    });
    return out;
  }

  #map(grid: Grid, channels: number, activate: boolean): Traced {
    const at = this.#take(grid, channels);
    const gradient = { at: this.#take(grid, channels), unit: 0 };
    const activated = activate ? 0 : this.#take(grid, channels);
    return { grid, channels, at, memory: at, activated, gradient, mask: activate ? at : 0 };
  }

  #take(grid: Grid, channels: number): number {
    const run = this.#run;
    run.addresses[run.next] ??= this.#workspace.allocate(grid, channels);
    return run.addresses[run.next++]!;
  }

  #back({ steps }: Run, x: Traced, y: Traced, gradient: Float32Array): Float32Array {
    let largest = 0;
    for (const value of gradient) largest = Math.max(largest, Math.abs(value));
    if (largest === 0) return new Float32Array(x.grid.rows * x.grid.columns * x.channels);
    y.gradient.unit = LARGEST / largest;
    const integers = new Int16Array(gradient.length);
    for (let i = 0; i < integers.length; i++) integers[i] = Math.round(gradient[i]! * y.gradient.unit);
    this.#workspace.write(gradientOf(y), integers);
    for (const step of steps.reverse()) step();
    const result = new Float32Array(this.#workspace.read(gradientOf(x)));
    for (let i = 0; i < result.length; i++) result[i]! /= x.gradient.unit;
    return result;
  }

  /** Adds to the gradient of `x` the part that comes from `out`. */
  #backThrough(name: string, out: Traced, x: Traced, parity?: number): void {
    const accumulate = x.gradient.unit !== 0;
    let transposed = this.#transposed.get(name);
    if (!transposed) {
      const wanted = accumulate ? x.gradient.unit / out.gradient.unit : undefined;
      const { convolution, gain } = transposedOf(this.#convolutions.get(name)!, wanted);
      transposed = { stored: this.#kernel.store(convolution), gain };
      this.#transposed.set(name, transposed);
    }
    if (!accumulate) x.gradient.unit = out.gradient.unit * transposed.gain;
    const from = { x: gradientOf(out), relation: SAME };
    const to = { x: gradientOf(x), relation: SAME };
    const mask = x.mask ? { at: x.mask, slope: this.#slope } : undefined;
    this.#workspace.convolve(transposed.stored, x.grid, from, to, { accumulate, mask, parity });
  }

  /** The way back through depth-to-space: space-to-depth. */
  #gather(fine: Traced, deep: Traced): void {
    const { grid, channels } = fine;
    const [cell, deepCell] = [bytesOf(channels) / 2, bytesOf(deep.channels) / 2];
    const from = this.#kernel.viewOf(fine.gradient.at, cellCount(grid) * cell);
    const to = this.#kernel.viewOf(deep.gradient.at, cellCount(deep.grid) * deepCell);
    for (let row = 0; row < grid.rows; row++) {
      for (let column = 0; column < grid.columns; column++) {
        const at = cellOf(grid, row, column) * cell;
        const quarter = 2 * (row & 1) + (column & 1);
        to.set(
          from.subarray(at, at + channels),
          cellOf(deep.grid, row >> 1, column >> 1) * deepCell + quarter * channels,
        );
      }
    }
    deep.gradient.unit = fine.gradient.unit;
  }
}

function gradientOf({ grid, channels, gradient: { at } }: Traced): Feature {
  return { grid, channels, at, memory: at, activated: 0 };
}

/** Gradients are clipped to ±this, or what the sums allow. */
const GRADIENT_LIMIT = 2 ** 13 - 1;

/** The convolution that computes the gradient of the input. */
interface Transposed {
  readonly convolution: IntegerConvolution;
  /** Its output is the gradient of the input times this. */
  readonly gain: number;
}

/**
 * The transposed convolution: it leads the gradient of a convolution's output back to its input. It is a convolution
 * with the kernel rotated by 180° and input and output channels swapped. The kernel is rounded anew to 8 bits, with one
 * scale for each of its output channels. That is an error of some tenths of a per cent; the noise of a search is a
 * hundred per cent.
 * @param gain factor of what comes out; the default leaves gradients about as large as they were
 */
function transposedOf({ name, shape, kernel, multiplier }: IntegerConvolution, gain?: number): Transposed {
  const [height, width, depth, out] = shape;
  const taps = height * width;
  const values = new Float32Array(kernel.length);
  const largest = new Float32Array(depth);
  let squares = 0;
  for (let tap = 0, from = 0; tap < taps; tap++) {
    const opposite = (taps - 1 - tap) * out * depth;
    for (let d = 0; d < depth; d++) {
      for (let o = 0; o < out; o++) {
        const value = kernel[from++]! * multiplier[o]!;
        values[opposite + o * depth + d] = value;
        squares += value * value;
        largest[d] = Math.max(largest[d]!, Math.abs(value));
      }
    }
  }
  const steps = largest.map((value) => value / 127 || 1);
  const sums = new Float64Array(depth);
  const integers = new Int8Array(values.length);
  for (let at = 0; at < values.length; ) {
    for (let d = 0; d < depth; d++, at++) {
      integers[at] = Math.round(values[at]! / steps[d]!);
      sums[d]! += Math.abs(integers[at]!);
    }
  }
  const factor = gain ?? Math.sqrt(depth / (squares || depth));
  return {
    gain: factor,
    convolution: {
      name: `${name}, transposed`,
      shape: [height, width, out, depth],
      kernel: integers,
      bias: new Int32Array(depth),
      inputLimits: GRADIENT_LIMIT,
      multiplier: steps.map((step) => step * factor),
      slope: 1,
      limit: Math.min(GRADIENT_LIMIT, Math.floor((2 ** 31 - 1) / Math.max(1, ...sums))),
      finer: false,
    },
  };
}
