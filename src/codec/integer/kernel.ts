import { badOption, typeOf, ZippyNetError } from "../errors.ts";
import { assertFits, type IntegerConvolution } from "./convolution.ts";
import { KERNEL } from "./kernel.wasm.ts";

/** Addresses are multiples of this, the bytes of a vector. */
const ALIGNMENT = 16;
const PAGE = 65_536;
/** A memory grows by at least this many pages, since growing takes time. */
const PAGES = 16;
/** Output channels of a tile. */
const BLOCK = 8;
/** Cells of a tile. */
export const TILE = 4;

/** A convolution in the kernel's memory. */
export interface Stored {
  readonly convolution: IntegerConvolution;
  /** Address of the packed kernel, and of biases and multipliers. */
  readonly kernel: number;
  readonly constants: number;
  /** Blocks of output channels, and groups of four input channels. */
  readonly blocks: number;
  readonly quads: number;
}

/** Cells that are read or written, a multiple of `TILE`, in the kernel's memory. */
export interface Cells {
  readonly at: number;
  readonly count: number;
}

/** One run of the kernel. */
export interface Call {
  readonly stored: Stored;
  /** Addresses of first cells, and bytes of a cell. */
  readonly from: { readonly at: number; readonly bytes: number; readonly cells: Cells };
  readonly to: { readonly at: number; readonly bytes: number; readonly cells: Cells };
  /** Address of the byte offsets of the taps. */
  readonly taps: number;
  readonly activate: boolean;
  /** Adds to what is there. */
  readonly accumulate: boolean;
  /** Bytes from an output to its copy after activation; 0 for none. */
  readonly activated: number;
  /** Bytes from an output, a gradient, to what a leaky ReLU of this slope gave; 0 for none. See `rdo/autodiff.ts`. */
  readonly mask: number;
  readonly maskSlope: number;
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  convolve(...values: number[]): void;
  pack(...values: number[]): void;
}

/** The part of WebAssembly's interface that is used here. The types of Node do not have it. */
interface WebAssemblyInterface {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { readonly exports: unknown };
}

/**
 * The WebAssembly kernel with a memory of its own, which only grows. Throws `unavailable` where there is no WebAssembly
 * with SIMD.
 */
export class Kernel {
  readonly #exports: Exports;
  #top = ALIGNMENT; // address 0 is none

  constructor() {
    this.#exports = instantiated();
  }

  /** Bytes in use. */
  get size(): number {
    return this.#top;
  }

  /** Allocates memory, filled with zeros. */
  allocate(bytes: number): number {
    const at = this.#top;
    this.#top = Math.ceil((at + bytes) / ALIGNMENT) * ALIGNMENT;
    const { memory } = this.#exports;
    const missing = this.#top - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.max(PAGES, Math.ceil(missing / PAGE)));
    new Uint8Array(memory.buffer, at, bytes).fill(0);
    return at;
  }

  /** Frees everything that was allocated after `size` had this value. */
  freeTo(size: number): void {
    this.#top = size;
  }

  /** The 16-bit integers that begin at an address. Valid until the memory grows. */
  viewOf(at: number, length: number): Int16Array {
    return new Int16Array(this.#exports.memory.buffer, at, length);
  }

  /** Copies 32-bit integers into new memory; returns their address. */
  storeNumbers(values: ArrayLike<number>): number {
    const at = this.allocate(values.length * 4);
    new Int32Array(this.#exports.memory.buffer, at, values.length).set(values);
    return at;
  }

  /** Throws `bad-model` if a sum could be too large. */
  store(convolution: IntegerConvolution): Stored {
    const [height, width, depth, out] = convolution.shape;
    const [blocks, quads, taps] = [Math.ceil(out / BLOCK), Math.ceil(depth / 4), height * width];
    const kernel = this.allocate(blocks * taps * quads * 8 * BLOCK);
    const constants = this.allocate(blocks * BLOCK * 8);
    this.#pack(convolution, { kernel, blocks, quads, taps });
    const { buffer } = this.#exports.memory;
    const [biases, multipliers] = [new Int32Array(buffer, constants), new Float32Array(buffer, constants)];
    for (let o = 0; o < out; o++) {
      const to = Math.floor(o / BLOCK) * BLOCK * 2 + (o % BLOCK);
      biases[to] = convolution.bias[o]!;
      multipliers[to + BLOCK] = convolution.multiplier[o]!;
    }
    return { convolution, kernel, constants, blocks, quads };
  }

  #pack(
    convolution: IntegerConvolution,
    { kernel, blocks, quads, taps }: { kernel: number; blocks: number; quads: number; taps: number },
  ): void {
    const { size } = this;
    const [, , depth, out] = convolution.shape;
    const [rows, row] = [quads * 4, blocks * BLOCK];
    const { inputLimits } = convolution;
    const same = typeof inputLimits === "number";
    const weights = this.allocate(rows * 2);
    this.viewOf(weights, depth).set(same ? new Int16Array(depth).fill(1) : inputLimits);
    const sums = this.allocate(row * 4);
    const from = this.allocate(taps * rows * row);
    const { buffer } = this.#exports.memory;
    const source = new Int8Array(buffer, from, taps * rows * row);
    if (rows === depth && row === out) source.set(convolution.kernel);
    else {
      for (let at = 0; at < taps * depth; at++) {
        const to = (Math.floor(at / depth) * rows + (at % depth)) * row;
        source.set(convolution.kernel.subarray(at * out, (at + 1) * out), to);
      }
    }
    this.#exports.pack(from, taps, rows, blocks, weights, kernel, sums);
    assertFits(convolution, new Uint32Array(buffer, sums, out), same ? inputLimits : 1);
    this.freeTo(size);
  }

  convolve({ stored, from, to, taps, activate, accumulate, activated, mask, maskSlope }: Call): void {
    const { shape, slope, limit } = stored.convolution;
    this.#exports.convolve(
      to.cells.count / TILE,
      stored.blocks,
      from.at,
      from.bytes,
      from.cells.at,
      to.at,
      to.bytes,
      to.cells.at,
      stored.kernel,
      stored.constants,
      taps,
      shape[0] * shape[1],
      stored.quads,
      activate ? slope : 1,
      limit,
      accumulate ? 1 : 0,
      activated,
      mask,
      Math.round(maskSlope * 2 ** 15),
    );
  }
}

function instantiated(): Exports {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyInterface };
  try {
    return new WebAssembly.Instance(kernelModule()).exports as Exports;
  } catch (cause) {
    const wanted = "expected WebAssembly with SIMD (and, in a page, 'wasm-unsafe-eval' in its script-src)";
    throw new ZippyNetError("unavailable", wanted, { cause });
  }
}

let module: object | undefined;

/**
 * Uses a kernel that is compiled already, on edge runtimes that may not compile bytes. Call it before anything is
 * coded. Throws `bad-option` for what is no WebAssembly module.
 */
export function useKernel(compiled: object): void {
  if (typeOf(compiled) !== "WebAssembly.Module")
    throw badOption("expected the kernel as a WebAssembly.Module", compiled);
  module = compiled;
}

/** The kernel, compiled once. */
function kernelModule(): object {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyInterface };
  module ??= new WebAssembly.Module(Uint8Array.from(atob(KERNEL), (character) => character.charCodeAt(0)));
  return module;
}
