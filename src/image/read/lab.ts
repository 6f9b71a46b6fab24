import type { Image } from "../../codec/image.ts";
import { SRGB } from "./colour.ts";
import { srgbInverse } from "./curves.ts";
import { apply, XYZ_D50_TO_SRGB } from "./matrix.ts";
import type { Samples } from "./samples.ts";
import { toSrgb } from "./to-srgb.ts";

/** CIE L*a*b* under D50, as TIFF holds it: `CIELab` has signed a and b (TIFF 6.0, section 23), `ICCLab` has them raised (supplement 1). */
export function labToSrgb(samples: Samples, kind: "CIELab" | "ICCLab"): Image {
  const { width, height, bands, data } = samples;
  const wide = data instanceof Uint16Array;
  const rgb = new Uint16Array(width * height * bands);
  const unit = wide ? 256 : 1;
  const lightest = wide ? (kind === "CIELab" ? 65535 : 65280) : 255;
  const half = 128 * unit;
  const chroma = (v: number): number => (kind === "ICCLab" ? v - half : v >= half ? v - 2 * half : v) / unit;
  for (let at = 0; at < rgb.length; at += bands) {
    const light = (100 * data[at]!) / lightest;
    const colour = fromLab(light, chroma(data[at + 1]!), chroma(data[at + 2]!));
    for (let c = 0; c < 3; c++)
      rgb[at + c] = Math.round(65535 * Math.min(1, Math.max(0, srgbInverse(colour[c]!))));
    for (let c = 3; c < bands; c++) rgb[at + c] = data[at + c]! * (wide ? 1 : 257);
  }
  const range = { black: 0, white: 65535 };
  return toSrgb({ ...samples, data: rgb, colours: 3, range, alphaRange: range }, SRGB);
}

/** → linear light of sRGB (CIE 15, 8.2.1). */
function fromLab(lightness: number, a: number, b: number): readonly [number, number, number] {
  const y = (lightness + 16) / 116;
  const cube = (t: number): number => (t > 6 / 29 ? t ** 3 : (t - 4 / 29) * 3 * (6 / 29) ** 2);
  return apply(XYZ_D50_TO_SRGB, [0.9642 * cube(y + a / 500), cube(y), 0.8249 * cube(y - b / 200)]);
}
