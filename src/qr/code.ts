import encodeQR from "qr";

/** Share of a code that may be unreadable: 7, 15, 25, 30 %. */
export const CORRECTIONS = ["low", "medium", "quartile", "high"] as const;
export type Correction = (typeof CORRECTIONS)[number];

export const MAX_VERSION = 40;

/** Bytes that a code of version 1–40 holds in byte mode: ISO/IEC 18004:2024, table 7. */
// biome-ignore format: a table
const CAPACITIES: Readonly<Record<Correction, readonly number[]>> = {
  low: [17, 32, 53, 78, 106, 134, 154, 192, 230, 271, 321, 367, 425, 458, 520, 586, 644, 718, 792, 858, 929, 1003, 1091, 1171, 1273, 1367, 1465, 1528, 1628, 1732, 1840, 1952, 2068, 2188, 2303, 2431, 2563, 2699, 2809, 2953],
  medium: [14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412, 450, 504, 560, 624, 666, 711, 779, 857, 911, 997, 1059, 1125, 1190, 1264, 1370, 1452, 1538, 1628, 1722, 1809, 1911, 1989, 2099, 2213, 2331],
  quartile: [11, 20, 32, 46, 60, 74, 86, 108, 130, 151, 177, 203, 241, 258, 292, 322, 364, 394, 442, 482, 509, 565, 611, 661, 715, 751, 805, 868, 908, 982, 1030, 1112, 1168, 1228, 1283, 1351, 1423, 1499, 1579, 1663],
  high: [7, 14, 24, 34, 44, 58, 64, 84, 98, 119, 137, 155, 177, 194, 220, 250, 280, 310, 338, 382, 403, 439, 461, 511, 535, 593, 625, 658, 698, 742, 790, 842, 898, 958, 983, 1051, 1093, 1139, 1219, 1273],
};

/** @param version 1–40 */
export function capacity(version: number, correction: Correction): number {
  return CAPACITIES[correction][version - 1]!;
}

/** The smallest version that holds so many bytes, if any does. */
export function versionFor(bytes: number, correction: Correction): number | undefined {
  const index = CAPACITIES[correction].findIndex((most) => bytes <= most);
  return index < 0 ? undefined : index + 1;
}

/** Rows of modules, true where dark, with the quiet zone of four modules around. */
export type Modules = readonly (readonly boolean[])[];

const QUIET = 4;

/** What a module measures in print, in millimetres: phones read it at arm's length. */
export const MODULE_MM = 0.4;

/** Bytes → the modules of a code of the smallest version that holds them. */
export function modulesOf(bytes: Uint8Array, correction: Correction): Modules {
  return encodeQR("", "raw", {
    encoding: "byte",
    textEncoder: () => bytes, // the library takes text; these bytes stand for it
    ecc: correction,
    border: QUIET,
  });
}

/** One path of all dark runs, as an image of its own, of 0.4 mm a module where it is printed. */
export function svgOf(modules: Modules): string {
  const side = modules.length;
  let path = "";
  modules.forEach((row, y) => {
    for (let x = 0; x < side; x++) {
      if (!row[x]) continue;
      let end = x;
      while (row[end]) end++;
      path += `M${x} ${y}h${end - x}v1H${x}z`;
      x = end;
    }
  });
  const size = `${Math.round(side * MODULE_MM * 10) / 10}mm`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" viewBox="0 0 ${side} ${side}" ` +
    `shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${side}v${side}H0z"/><path d="${path}"/></svg>\n`
  );
}
