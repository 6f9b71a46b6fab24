import encodeQR from "qr";
import type { Correction } from "./capacity.ts";

/** Rows of modules, true where dark, with the quiet zone of four modules around. */
export type Modules = readonly (readonly boolean[])[];

const QUIET = 4;

/** Bytes → the modules of a code of the smallest version that holds them. */
export function modulesOf(bytes: Uint8Array, correction: Correction): Modules {
  return encodeQR("", "raw", {
    encoding: "byte",
    textEncoder: () => bytes, // the library takes text; these bytes stand for it
    ecc: correction,
    border: QUIET,
  });
}

/** One path of all dark runs; any size, as an image of its own. @param scale user units a module */
export function svgOf(modules: Modules, scale: number): string {
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
  const size = side * scale;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" viewBox="0 0 ${side} ${side}" ` +
    `shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${side}v${side}H0z"/><path d="${path}"/></svg>\n`
  );
}
