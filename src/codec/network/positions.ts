/**
 * The position features of the prior: fixed functions of a latent's row and column, as integers of 1/16.
 *
 * Y and X run from −1 (first row, column) to 1 (last). They are computed in 64ths by integer division; cosines and
 * sines come from a table, since `Math.cos` differs between JavaScript engines in the last bit.
 */
export const POSITION_FEATURES = 17;

/** round(16 · cos(π j/64)) for j = 0…127, spelt out: it is part of the format. */
// biome-ignore format: a table
const COSINE = Int8Array.of(
  16, 16, 16, 16, 16, 16, 15, 15, 15, 14, 14, 14, 13, 13, 12, 12,
  11, 11, 10, 10, 9, 8, 8, 7, 6, 5, 5, 4, 3, 2, 2, 1,
  0, -1, -2, -2, -3, -4, -5, -5, -6, -7, -8, -8, -9, -10, -10, -11,
  -11, -12, -12, -13, -13, -14, -14, -14, -15, -15, -15, -16, -16, -16, -16, -16,
  -16, -16, -16, -16, -16, -16, -15, -15, -15, -14, -14, -14, -13, -13, -12, -12,
  -11, -11, -10, -10, -9, -8, -8, -7, -6, -5, -5, -4, -3, -2, -2, -1,
  0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10, 10, 11,
  11, 12, 12, 13, 13, 14, 14, 14, 15, 15, 15, 16, 16, 16, 16, 16,
);

/** rows × columns × 17 integers: Y, X, XY, X², Y², then for k = 1, 2, 3: cos πkY, cos πkX, sin πkY, sin πkX. */
export function positionFeatures(rows: number, columns: number): Int8Array {
  const features = new Int8Array(rows * columns * POSITION_FEATURES);
  const cos = (k: number, angle: number) => COSINE[(k * angle) & 127]!;
  const sin = (k: number, angle: number) => COSINE[(k * angle - 32) & 127]!;
  for (let row = 0, at = 0; row < rows; row++) {
    const y = coordinate(row, rows);
    for (let column = 0; column < columns; column++) {
      const x = coordinate(column, columns);
      features[at++] = (y + 2) >> 2;
      features[at++] = (x + 2) >> 2;
      features[at++] = (x * y + 128) >> 8;
      features[at++] = (x * x + 128) >> 8;
      features[at++] = (y * y + 128) >> 8;
      for (let k = 1; k <= 3; k++) {
        features[at++] = cos(k, y);
        features[at++] = cos(k, x);
        features[at++] = sin(k, y);
        features[at++] = sin(k, x);
      }
    }
  }
  return features;
}

/** −64 for the first of `count`, 64 for the last, rounded to integers between; 0 for one alone. */
function coordinate(index: number, count: number): number {
  if (count === 1) return 0;
  // floor((128·i + ½·d)/d) − 64 with d = count − 1, in integers
  return Math.floor((256 * index + (count - 1)) / (2 * (count - 1))) - 64;
}
