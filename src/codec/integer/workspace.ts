import { type Cells, type Kernel, type Stored, TILE } from "./kernel.ts";

/**
 * The layout of a feature map in memory, counted in cells (positions): row by row, with `pad` empty cells before each
 * row, and `pad` empty rows above and below. The empty cells before a row are also those after the row above. So a
 * convolution of up to 2·pad + 1 reads zeros around the edges, and needs no special case.
 */
export interface Grid {
  readonly rows: number;
  readonly columns: number;
  readonly pad: number;
}

/** Cells between one row and the next. */
function pitch({ columns, pad }: Grid): number {
  return columns + pad;
}

/** Number of cells. The last one is never read: superfluous results of a tile are written there. */
export function cellCount(grid: Grid): number {
  return (grid.rows + 2 * grid.pad) * pitch(grid) + grid.pad + 1;
}

export function cellOf(grid: Grid, row: number, column: number): number {
  return (row + grid.pad) * pitch(grid) + column + grid.pad;
}

/** How the cells of a grid correspond to those of an equal or finer one: row · step + down, column · step + right. */
export interface Relation {
  readonly step: 1 | 2;
  readonly down: 0 | 1;
  readonly right: 0 | 1;
}

export const SAME: Relation = { step: 1, down: 0, right: 0 };

/**
 * Cells of `of`, one for each position of `grid` in turn (of one parity of row + column if asked for), filled up to a
 * multiple of `tile` with `filler`.
 */
function cellsOf(
  grid: Grid,
  of: Grid,
  { step, down, right }: Relation,
  {
    tile,
    filler,
    parity,
  }: { readonly tile: number; readonly filler: number; readonly parity?: number | undefined },
): Int32Array {
  const cells: number[] = [];
  for (let row = 0; row < grid.rows; row++) {
    for (let column = 0; column < grid.columns; column++) {
      if (parity !== undefined && (row + column) % 2 !== parity) continue;
      cells.push(cellOf(of, row * step + down, column * step + right));
    }
  }
  while (cells.length % tile !== 0) cells.push(filler);
  return Int32Array.from(cells);
}

/** A feature map in a kernel's memory. */
export interface Feature {
  readonly grid: Grid;
  readonly channels: number;
  /** Its address. */
  readonly at: number;
  /** Address of its copy after activation; 0 if it has none. */
  readonly activated: number;
  /** Address of the memory that was allocated for it, whichever copy `at` is. */
  readonly memory: number;
}

interface ConvolveOptions {
  readonly activate?: boolean;
  /** Adds to what is there. */
  readonly accumulate?: boolean;
  /** Only cells whose row + column has this parity. */
  readonly parity?: number | undefined;
  /** The output is the gradient of a leaky ReLU of this slope, whose values begin at this address. */
  readonly mask?: { readonly at: number; readonly slope: number } | undefined;
}

/**
 * The memory of feature maps for one size of input, and the tables of cells and taps. Each is made when first needed.
 */
export class Workspace {
  readonly rows: number;
  readonly columns: number;
  readonly #kernel: Kernel;
  readonly #features = new Map<string, Feature[]>();
  readonly #cells = new Map<string, Cells>();
  readonly #taps = new Map<string, number>();

  constructor(kernel: Kernel, rows: number, columns: number) {
    this.#kernel = kernel;
    this.rows = rows;
    this.columns = columns;
  }

  /**
   * A map to write to. It reuses the memory of an earlier map of its kind: a network reads from one map of a kind and
   * writes to another.
   * @param beside a map whose memory is still in use
   */
  feature(grid: Grid, channels: number, activated: boolean, beside?: Feature): Feature {
    const key = `${grid.rows} ${grid.columns} ${bytesOf(channels)} ${activated}`;
    const made = this.#features.get(key) ?? [];
    this.#features.set(key, made);
    const free = made.find(({ memory }) => memory !== beside?.memory);
    if (free) return { ...free, channels };
    const size = cellCount(grid) * bytesOf(channels);
    const at = this.allocate(grid, channels, activated ? 2 : 1);
    const feature = { grid, channels, at, memory: at, activated: activated ? at + size : 0 };
    made.push(feature);
    return feature;
  }

  /** Allocates so many maps of zeros, which no feature shares; returns their address. */
  allocate(grid: Grid, channels: number, count = 1): number {
    return this.#kernel.allocate(count * cellCount(grid) * bytesOf(channels));
  }

  /** @param values [rows, columns, channels] */
  write({ grid, channels, at }: Feature, values: Int16Array): void {
    const cell = bytesOf(channels) / 2;
    const memory = this.#kernel.viewOf(at, cellCount(grid) * cell);
    for (let row = 0, from = 0; row < grid.rows; row++) {
      let to = cellOf(grid, row, 0) * cell;
      for (let column = 0; column < grid.columns; column++, to += cell) {
        for (let c = 0; c < channels; c++) memory[to + c] = values[from++]!;
      }
    }
  }

  read({ grid, channels, at }: Feature): Int16Array {
    const cell = bytesOf(channels) / 2;
    const memory = this.#kernel.viewOf(at, cellCount(grid) * cell);
    const values = new Int16Array(grid.rows * grid.columns * channels);
    for (let row = 0, to = 0; row < grid.rows; row++) {
      let from = cellOf(grid, row, 0) * cell;
      for (let column = 0; column < grid.columns; column++, from += cell) {
        for (let c = 0; c < channels; c++) values[to++] = memory[from + c]!;
      }
    }
    return values;
  }

  /**
   * A convolution for each position of a grid: cells of `from` by one relation to it, cells of `to` by another.
   */
  convolve(
    stored: Stored,
    grid: Grid,
    from: { readonly x: Feature; readonly relation: Relation },
    to: { readonly x: Feature; readonly relation: Relation },
    { activate = false, accumulate = false, parity, mask }: ConvolveOptions = {},
  ): void {
    const side = this.#side(grid, from, cellOf(from.x.grid, 0, 0), parity);
    if (side.cells.count === 0) return; // one cell alone has no odd one
    this.#kernel.convolve({
      stored,
      from: side,
      to: this.#side(grid, to, cellCount(to.x.grid) - 1, parity),
      taps: this.#tapsOf(stored, from.x),
      activate,
      accumulate,
      activated: to.x.activated && to.x.activated - to.x.at,
      mask: mask ? mask.at - to.x.at : 0,
      maskSlope: mask?.slope ?? 0,
    });
  }

  #side(
    grid: Grid,
    { x, relation }: { readonly x: Feature; readonly relation: Relation },
    filler: number,
    parity: number | undefined,
  ) {
    const { step, down, right } = relation;
    const key = `${grid.rows} ${grid.columns} ${step} ${down} ${right} ${filler} ${parity}`;
    let cells = this.#cells.get(key);
    if (!cells) {
      const numbers = cellsOf(grid, x.grid, relation, { tile: TILE, filler, parity });
      cells = { at: this.#kernel.storeNumbers(numbers), count: numbers.length };
      this.#cells.set(key, cells);
    }
    return { at: x.at, bytes: bytesOf(x.channels), cells };
  }

  /** Byte offsets from a cell to those that a convolution sees around it. */
  #tapsOf({ convolution: { shape } }: Stored, { grid, channels }: Feature): number {
    const [height, width] = shape;
    const bytes = bytesOf(channels);
    const key = `${height} ${width} ${pitch(grid)} ${bytes}`;
    let at = this.#taps.get(key);
    if (at === undefined) {
      const offsets: number[] = [];
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++) {
          offsets.push(((row - (height - 1) / 2) * pitch(grid) + column - (width - 1) / 2) * bytes);
        }
      }
      at = this.#kernel.storeNumbers(offsets);
      this.#taps.set(key, at);
    }
    return at;
  }
}

/** Bytes of a cell: channels of 16 bits, up to a whole block of 8. */
export function bytesOf(channels: number): number {
  return Math.ceil(channels / 8) * 16;
}
