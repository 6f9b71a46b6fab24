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
export function pitch({ columns, pad }: Grid): number {
  return columns + pad;
}

/** Cells in all. Nothing reads the last one: results of a tile that nobody asked for are written there. */
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
export function cellsOf(
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
