import sharp from "sharp";
import type { Modules } from "./modules.ts";

/** A black and white PNG. @param scale pixels a module */
export async function pngOf(modules: Modules, scale: number): Promise<Uint8Array> {
  const side = modules.length;
  const pixels = Uint8Array.from(modules.flat(), (dark) => (dark ? 0 : 255));
  const png = sharp(pixels, { raw: { width: side, height: side, channels: 1 } })
    .resize(side * scale, side * scale, { kernel: "nearest" })
    .png({ colours: 2, palette: true });
  return new Uint8Array(await png.toBuffer());
}
