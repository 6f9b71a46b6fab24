/**
 * Colours by published numbers, with nothing of the code under test: CSS Color 4, section 18, and the standards of
 * the curves.
 */
type Triple = readonly [number, number, number];
type Rows = readonly [Triple, Triple, Triple];
export type Curve = (v: number) => number;

/** Linear light → XYZ under D65. */
export const TO_XYZ = {
  sRGB: [
    [506752 / 1228815, 87881 / 245763, 12673 / 70218],
    [87098 / 409605, 175762 / 245763, 12673 / 175545],
    [7918 / 409605, 87881 / 737289, 1001167 / 1053270],
  ],
  P3: [
    [608311 / 1250200, 189793 / 714400, 198249 / 1000160],
    [35783 / 156275, 247089 / 357200, 198249 / 2500400],
    [0, 32229 / 714400, 5220557 / 5000800],
  ],
  "Adobe RGB": [
    [573536 / 994567, 263643 / 1420810, 187206 / 994567],
    [591459 / 1989134, 6239551 / 9945670, 374412 / 4972835],
    [53769 / 1989134, 351524 / 4972835, 4929758 / 4972835],
  ],
  "BT.2020": [
    [63426534 / 99577255, 20160776 / 139408157, 47086771 / 278816314],
    [26158966 / 99577255, 472592308 / 697040785, 8267143 / 139408157],
    [0, 19567812 / 697040785, 295819943 / 278816314],
  ],
} as const satisfies Record<string, Rows>;

const XYZ_TO_SRGB: Rows = [
  [12831 / 3959, -329 / 214, -1974 / 3959],
  [-851781 / 878810, 1648619 / 878810, 36519 / 878810],
  [705 / 12673, -2585 / 12673, 705 / 667],
];

export const srgb: Curve = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
export const power =
  (exponent: number): Curve =>
  (v) =>
    v ** exponent;
export const bt2020: Curve = (v) => (v < 0.081 ? v / 4.5 : ((v + 0.099) / 1.099) ** (1 / 0.45));

/** cd/m² (SMPTE ST 2084). */
export const pq: Curve = (v) => {
  const p = v ** (32 / 2523);
  return 10_000 * (Math.max(p - 107 / 128, 0) / (2413 / 128 - (2392 / 128) * p)) ** (8192 / 1305);
};

/** Level of 0–255 that light of 0–1 has in sRGB. */
export function level(light: number): number {
  const l = Math.min(1, Math.max(0, light));
  return 255 * (l <= 0.0031308 ? 12.92 * l : 1.055 * l ** (1 / 2.4) - 0.055);
}

/** Light in sRGB of light in another space; not clipped. */
export function inSrgb(gamut: keyof typeof TO_XYZ, light: Triple): Triple {
  return times(XYZ_TO_SRGB, times(TO_XYZ[gamut], light));
}

/** Levels of 0–255 in a space → those in sRGB. Grey (one level) goes by the curve alone. */
export function expected(gamut: keyof typeof TO_XYZ, curve: Curve, levels: readonly number[]): Triple {
  const light = levels.map((v) => curve(v / 255));
  if (light.length < 3) {
    const grey = level(light[0]!);
    return [grey, grey, grey];
  }
  return inSrgb(gamut, light as unknown as Triple).map(level) as unknown as Triple;
}

function times(rows: Rows, v: Triple): Triple {
  return rows.map((row) => row[0] * v[0] + row[1] * v[1] + row[2] * v[2]) as unknown as Triple;
}
