import encodeQR from "qr";
import sharp from "sharp";
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

/** A black and white PNG. @param scale pixels a module */
export async function pngOf(modules: Modules, scale: number): Promise<Uint8Array> {
  const side = modules.length;
  const pixels = Uint8Array.from(modules.flat(), (dark) => (dark ? 0 : 255));
  const png = sharp(pixels, { raw: { width: side, height: side, channels: 1 } })
    .resize(side * scale, side * scale, { kernel: "nearest" })
    .png({ colours: 2, palette: true });
  return new Uint8Array(await png.toBuffer());
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
