import type { Image } from "../../../codec/image.ts";
import type { Range, Samples } from "../samples.ts";
import {
  apply,
  type Colour,
  type Curve,
  DIAGONAL,
  HLG_PEAK,
  HLG_SYSTEM_GAMMA,
  isSrgb,
  REFERENCE_WHITE,
  SRGB,
  srgbInverse,
  type Vector,
  XYZ_D50_TO_SRGB,
} from "./colour.ts";

/**
 * Converts samples of a known colour space to 8-bit sRGB, with alpha unless it is opaque everywhere. Colours outside
 * sRGB are clipped.
 */
export function toSrgb(samples: Samples, colour: Colour): Image {
  const { width, height } = samples;
  const alpha = alphaOf(samples);
  const data = isSrgb(colour) ? scaled(samples) : converted(samples, colour);
  return alpha ? { width, height, data, alpha } : { width, height, data };
}

function alphaOf({
  width,
  height,
  bands,
  data,
  alpha,
  range,
  alphaRange = range,
}: Samples): Uint8Array | undefined {
  if (alpha === undefined) return undefined;
  const level = toLevel(data, alphaRange);
  const opacity = new Uint8Array(width * height);
  let opaque = true;
  for (let i = 0; i < opacity.length; i++) {
    const value = level(data[i * bands + alpha]!);
    opacity[i] = value;
    if (value < 255) opaque = false;
  }
  return opaque ? undefined : opacity;
}

/** Samples that are sRGB already: only their depth changes. */
function scaled({ width, height, bands, data, colours, range }: Samples): Uint8Array {
  if (data instanceof Uint8Array && bands === 3 && range.black === 0 && range.white === 255)
    return data.slice();
  const level = toLevel(data, range);
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) rgb[3 * i + c] = level(data[i * bands + (colours === 1 ? 0 : c)]!);
  }
  return rgb;
}

/** From a sample to 0–255. */
function toLevel(data: Samples["data"], { black, white }: Range): (sample: number) => number {
  const scale = 255 / (white - black);
  const level = (v: number): number => Math.round(Math.min(255, Math.max(0, (v - black) * scale))) || 0;
  if (!(data instanceof Uint16Array) && !(data instanceof Uint8Array)) return level;
  const table = Uint8Array.from({ length: data instanceof Uint8Array ? 256 : 65536 }, (_, v) => level(v));
  return (v) => table[v]!;
}

function converted(samples: Samples, colour: Colour): Uint8Array {
  const { width, height, bands, colours } = samples;
  const light = lightOf(samples, colour);
  const encode = encoder();
  const rgb = new Uint8Array(width * height * 3);
  const shade = colour.highlights ? toneMap(peakOf(samples, light)) : undefined;
  for (let i = 0; i < width * height; i++) {
    const pixel = light(i * bands);
    const scale = shade ? shade(Math.max(...pixel)) : 1;
    for (let c = 0; c < 3; c++) rgb[3 * i + c] = encode(pixel[colours === 1 ? 0 : c]! * scale);
  }
  return rgb;
}

/** The light of a pixel in linear sRGB, from the index of its first sample. */
function lightOf(
  { data, colours, range }: Samples,
  { curves, matrix, highlights }: Colour,
): (at: number) => Vector {
  const tables = new Map([...new Set(curves)].map((curve) => [curve, tabulated(curve, data, range)]));
  const [red, green, blue] = curves.map((curve) => tables.get(curve)) as [Curve, Curve, Curve];
  const shown = highlights === "HLG" ? onDisplay : (pixel: Vector): Vector => pixel;
  if (colours === 1) {
    return (at) => {
      const grey = red(data[at]!);
      return shown([grey, grey, grey]);
    };
  }
  const plain = matrix === DIAGONAL;
  return (at) => {
    const pixel = shown([red(data[at]!), green(data[at + 1]!), blue(data[at + 2]!)]);
    return plain ? pixel : apply(matrix, pixel);
  };
}

/** From light of an HLG scene to light of a display, using the luminance of BT.2020 (the OOTF of BT.2100). */
function onDisplay([r, g, b]: Vector): Vector {
  const luminance = 0.2627 * r + 0.678 * g + 0.0593 * b;
  const scale = (luminance ** (HLG_SYSTEM_GAMMA - 1) * HLG_PEAK) / REFERENCE_WHITE;
  return luminance > 0 ? [r * scale, g * scale, b * scale] : [0, 0, 0];
}

function tabulated(curve: Curve, data: Samples["data"], { black, white }: Range): Curve {
  const of = (v: number): number => {
    const light = curve((v - black) / (white - black));
    return Number.isFinite(light) ? light : 0;
  };
  if (!(data instanceof Uint16Array) && !(data instanceof Uint8Array)) return of;
  const table = Float32Array.from({ length: data instanceof Uint8Array ? 256 : 65536 }, (_, v) => of(v));
  return (v) => table[v]!;
}

function peakOf({ width, height, bands }: Samples, light: (at: number) => Vector): number {
  let peak = 0;
  for (let i = 0; i < width * height; i++) peak = Math.max(peak, ...light(i * bands));
  return peak;
}

/** Light below this share of white is not changed. */
const KNEE = 0.75;

/**
 * Takes the brightest channel of a pixel, and returns the factor for its three channels that makes the peak of the
 * picture white. Hue is kept. A picture without highlights is not changed, and neither is light below the knee.
 */
function toneMap(peak: number): (brightest: number) => number {
  if (peak <= 1) return () => 1;
  const slope = (peak - KNEE) / (1 - KNEE);
  return (brightest) => {
    if (brightest <= KNEE) return 1;
    const t = (brightest - KNEE) / (peak - KNEE);
    return (KNEE + (1 - KNEE) * ((slope * t) / (1 + (slope - 1) * t))) / brightest;
  };
}

/** The table has 65,536 levels of light: a step is a twentieth of an sRGB level where the curve is steepest. */
let levels: Uint8Array | undefined;

/** From light, 0–1, to an sRGB level, 0–255. */
function encoder(): (light: number) => number {
  levels ??= Uint8Array.from({ length: 65536 }, (_, i) => Math.round(255 * srgbInverse(i / 65535)));
  const table = levels;
  return (light) => table[Math.round(Math.min(1, Math.max(0, light)) * 65535)] ?? 0;
}

/**
 * CIE L*a*b* under D50, as in TIFF: in `CIELab` a and b are signed (TIFF 6.0, section 23), in `ICCLab` they have an
 * offset (supplement 1).
 */
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

/** From Lab to linear light of sRGB (CIE 15, 8.2.1). */
function fromLab(lightness: number, a: number, b: number): readonly [number, number, number] {
  const y = (lightness + 16) / 116;
  const cube = (t: number): number => (t > 6 / 29 ? t ** 3 : (t - 4 / 29) * 3 * (6 / 29) ** 2);
  return apply(XYZ_D50_TO_SRGB, [0.9642 * cube(y + a / 500), cube(y), 0.8249 * cube(y - b / 200)]);
}
