import { ZippyNetError } from "../errors.ts";
import type { IntegerConvolution } from "./convolution.ts";
import { KERNEL } from "./kernel.wasm.ts";

/** Bytes that an address is a multiple of: those of a vector. */
const ALIGNMENT = 16;
const PAGE = 65_536;
/** Output channels of a tile. */
const BLOCK = 8;
/** Cells of a tile. */
export const TILE = 4;

/** A convolution in the kernel's memory. */
export interface Stored {
  readonly convolution: IntegerConvolution;
  readonly kernel: number;
  readonly constants: number;
  readonly blocks: number;
  readonly quads: number;
}

/** Cells that are read or written, a multiple of `TILE`, in the kernel's memory. */
export interface Cells {
  readonly at: number;
  readonly count: number;
}

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
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  convolve(...values: number[]): void;
}

/** What is used of WebAssembly's interface, which the types of Node leave out and those of browsers have. */
interface WebAssemblyInterface {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { readonly exports: unknown };
}

/** The WebAssembly kernel with a memory of its own, which only grows. Throws `unavailable` where there is no WebAssembly with SIMD. */
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

  /** Zeroes, until freed. */
  allocate(bytes: number): number {
    const at = this.#top;
    this.#top = Math.ceil((at + bytes) / ALIGNMENT) * ALIGNMENT;
    const { memory } = this.#exports;
    const missing = this.#top - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
    new Uint8Array(memory.buffer, at, bytes).fill(0);
    return at;
  }

  /** Frees all that was allocated since the size was this. */
  freeTo(size: number): void {
    this.#top = size;
  }

  int16(at: number, length: number): Int16Array {
    return new Int16Array(this.#exports.memory.buffer, at, length);
  }

  int32(values: ArrayLike<number>): number {
    const at = this.allocate(values.length * 4);
    new Int32Array(this.#exports.memory.buffer, at, values.length).set(values);
    return at;
  }

  store(convolution: IntegerConvolution): Stored {
    const [height, width, depth, out] = convolution.shape;
    const [blocks, quads, taps] = [Math.ceil(out / BLOCK), Math.ceil(depth / 4), height * width];
    const kernel = this.allocate(blocks * taps * quads * 8 * BLOCK);
    const constants = this.allocate(blocks * BLOCK * 8);
    const { buffer } = this.#exports.memory;
    pack(convolution, blocks, quads, new Int16Array(buffer, kernel));
    const [biases, multipliers] = [new Int32Array(buffer, constants), new Float32Array(buffer, constants)];
    for (let o = 0; o < out; o++) {
      const to = Math.floor(o / BLOCK) * BLOCK * 2 + (o % BLOCK);
      biases[to] = convolution.bias[o]!;
      multipliers[to + BLOCK] = convolution.multiplier[o]!;
    }
    return { convolution, kernel, constants, blocks, quads };
  }

  convolve({ stored, from, to, taps, activate, accumulate, activated }: Call): void {
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
    );
  }
}

/** [taps][in][out] → [out / 8][taps][in / 2][8][2], filled up with zeros. */
function pack(
  { shape: [height, width, depth, out], kernel }: IntegerConvolution,
  blocks: number,
  quads: number,
  into: Int16Array,
): void {
  const [taps, ofBlock] = [height * width, height * width * quads * 4 * BLOCK];
  // plain loops: whoever loads a model waits for millions of weights
  for (let tap = 0, at = 0; tap < taps; tap++) {
    for (let i = 0; i < depth; i++) {
      const first = ((tap * quads * 4 + i) >> 1) * 2 * BLOCK + (i & 1);
      for (let block = 0; block < blocks; block++) {
        const end = Math.min(BLOCK, out - block * BLOCK);
        for (let o = 0, to = first + block * ofBlock; o < end; o++, to += 2) into[to] = kernel[at++]!;
      }
    }
  }
}

let module: object | undefined;

function instantiated(): Exports {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyInterface };
  try {
    module ??= new WebAssembly.Module(Uint8Array.from(atob(KERNEL), (character) => character.charCodeAt(0)));
    return new WebAssembly.Instance(module).exports as Exports;
  } catch (cause) {
    const wanted = "expected WebAssembly with SIMD (and, in a page, 'wasm-unsafe-eval' in its script-src)";
    throw new ZippyNetError("unavailable", wanted, { cause });
  }
}
