/** Primaries, their mixtures, greys, skin and sky: 24 patches, six a row. */
export const PATCHES: readonly (readonly [number, number, number])[] = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [255, 255, 0],
  [255, 0, 255],
  [0, 255, 255],
  [255, 255, 255],
  [0, 0, 0],
  [128, 128, 128],
  [200, 80, 60],
  [60, 160, 80],
  [50, 70, 190],
  [240, 190, 150],
  [90, 60, 40],
  [30, 30, 30],
  [220, 220, 220],
  [12, 4, 20],
  [250, 240, 235],
  [105, 150, 200],
  [120, 100, 90],
  [180, 20, 90],
  [10, 90, 100],
  [170, 170, 60],
  [64, 64, 64],
];

/** Sides of a patch and of the chart, in pixels. */
export const PATCH = 8;
export const WIDTH = 6 * PATCH;
export const HEIGHT = 4 * PATCH;

export type Layout = "RGB" | "RGB + alpha" | "grey" | "grey + alpha";

export const CHANNELS = { RGB: 3, "RGB + alpha": 4, grey: 1, "grey + alpha": 2 } as const;

/** Of patch `i`: opaque, half and clear by turns. */
export function opacity(i: number): number {
  return [255, 128, 0][i % 3]!;
}

/** A patch's levels of 0–255 in a layout; grey has its green. */
export function levels(i: number, layout: Layout): number[] {
  const [r, g, b] = PATCHES[i]!;
  const colour = layout.startsWith("RGB") ? [r, g, b] : [g];
  return layout.endsWith("alpha") ? [...colour, opacity(i)] : colour;
}

/** The chart's samples, row by row, with white at `white`. */
export function chart(layout: Layout, white = 255): number[] {
  const samples: number[] = [];
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++)
      samples.push(...levels(patchAt(x, y), layout).map((v) => Math.round((v * white) / 255)));
  }
  return samples;
}

function patchAt(x: number, y: number): number {
  return Math.floor(y / PATCH) * 6 + Math.floor(x / PATCH);
}

/** Where the pixel in the middle of a patch stands. */
export function middle(i: number): number {
  return (Math.floor(i / 6) * PATCH + PATCH / 2) * WIDTH + (i % 6) * PATCH + PATCH / 2;
}
