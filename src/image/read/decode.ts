import sharp, { type Metadata, type Sharp, type SharpOptions } from "sharp";
import type { Image } from "../../codec/image.ts";
import { type Colour, DIAGONAL, isSrgb, linear, SRGB } from "./colour/colour.ts";
import { colourOfExif } from "./colour/exif.ts";
import { type Profile, parseProfile } from "./colour/icc.ts";
import { labToSrgb, toSrgb } from "./colour/to-srgb.ts";
import { type Outline, unsupported } from "./outline.ts";
import {
  alphaRangeOf,
  type Depth,
  isDepth,
  numbers,
  type Range,
  readingOf,
  type Samples,
  unpremultiplied,
} from "./samples.ts";

export interface Decoded {
  readonly image: Image;
  readonly notes: readonly string[];
}

/** Options for opening a file with sharp. */
export type Opening = Pick<SharpOptions, "failOn" | "limitInputPixels">;

/** Reads a file with sharp as upright 8-bit sRGB. Its header and its outline say which colours it has. */
export async function decode(outline: Outline, header: Metadata, opening: Opening): Promise<Decoded> {
  const open = (ignoreIcc: boolean): Sharp => sharp(outline.bytes, { ...opening, ignoreIcc }).autoOrient();
  const colours = COLOURS[header.space];
  const heeded = !outline.colourBeforeProfile && !outline.samples?.lab;
  const { icc } = header;
  const profile = heeded && icc && colours ? parseProfile(icc, outline.grey ? 1 : colours) : undefined;
  const unusable = heeded && (icc || outline.profile) && !profile;
  const { image, notes } =
    colours === 4 || profile?.kind === "tables"
      ? await throughTables(open, header, profile, outline)
      : colours === undefined
        ? { image: await throughLibvips(open(false)), notes: [] }
        : interpreted(await samplesOf(open, header, outline), withExif(outline, header), profile?.colour);
  return {
    image,
    notes: [...(unusable ? ["its colour profile cannot be used and was left aside"] : []), ...notes],
  };
}

/** EXIF data count where nothing else states the colour space. */
function withExif(outline: Outline, { exif }: Metadata): Outline {
  const colour = outline.colour ?? colourOfExif(exif);
  return colour ? { ...outline, colour } : outline;
}

/** Channels of colour in the colour spaces of libvips. */
const COLOURS: Readonly<Record<string, 1 | 3 | 4>> = {
  "b-w": 1,
  grey16: 1,
  /** 16-bit floats of grey in TIFF */
  multiband: 1,
  srgb: 3,
  rgb: 3,
  rgb16: 3,
  scrgb: 3,
  cmyk: 4,
};

/** The samples as stored in the file. */
async function samplesOf(
  open: (ignoreIcc: boolean) => Sharp,
  header: Metadata,
  { samples, limitedRange, limitedAlpha }: Outline,
): Promise<Samples> {
  const { depth, space, channels, bitsPerSample: bits } = header;
  if (!isDepth(depth))
    throw unsupported(`an image with samples of the type ${depth}`, "save it with 8 bits first");
  const colours = COLOURS[space] === 1 ? 1 : 3;
  const alpha = samples ? samples.alpha : header.hasAlpha ? colours : undefined;
  const bare = await bandsOf(open, { depth, space, channels, alpha, colours });
  const own =
    samples?.format === "signed" && depth === "ushort" ? { ...bare, data: signed(bare.data) } : bare;
  const white =
    depth === "uchar" ? 255 : bits === 10 || bits === 12 ? ((1 << bits) - 1) << (16 - bits) : 65535;
  const full = { black: 0, white };
  const limited = limitedIn(depth);
  return { ...own, range: limitedRange ? limited : full, alphaRange: limitedAlpha ? limited : full };
}

/** The range of video, in samples of 8 or 16 bits. */
function limitedIn(depth: string): Range {
  const unit = depth === "uchar" ? 1 : 256;
  return { black: 16 * unit, white: 235 * unit };
}

/** Reads the same bits as signed numbers. */
function signed({ buffer, byteOffset, length }: Samples["data"]): Int16Array {
  return new Int16Array(buffer, byteOffset, length);
}

interface Bands {
  readonly depth: Depth;
  readonly space: string;
  readonly channels: number;
  readonly alpha: number | undefined;
  readonly colours: 1 | 3;
}

async function bandsOf(
  open: (ignoreIcc: boolean) => Sharp,
  { depth, space, channels, alpha, colours }: Bands,
): Promise<Omit<Samples, "range">> {
  const raw = (picture: Sharp, to: string) =>
    picture.toColourspace(to).raw({ depth }).toBuffer({ resolveWithObject: true });
  // for grey that is not 16 bits, sharp returns only the first channel
  if (space === "b-w" && channels > 1 && alpha !== undefined) {
    const parts = await Promise.all(
      [0, alpha].map((band) => raw(open(true).extractChannel(band as 0 | 1 | 2 | 3), "b-w")),
    );
    const [grey, opacity] = parts.map(({ data }) => numbers(data, depth)) as [
      Samples["data"],
      Samples["data"],
    ];
    const { width, height } = parts[0]!.info;
    const both = new (grey.constructor as new (length: number) => Samples["data"])(2 * grey.length);
    for (let i = 0; i < grey.length; i++) {
      both[2 * i] = grey[i]!;
      both[2 * i + 1] = opacity[i]!;
    }
    return { width, height, bands: 2, colours, alpha: 1, data: both };
  }
  const { data, info } = await raw(open(true), space);
  const { width, height, channels: bands } = info;
  return { width, height, bands, colours, data: numbers(data, depth), ...(alpha !== undefined && { alpha }) };
}

/** Converts samples to sRGB: by their profile; without one by what else the file says; without that by their values. */
function interpreted(raw: Samples, outline: Outline, profile: Colour | undefined): Decoded {
  const { data, bands, colours, alpha } = raw;
  const lab = outline.samples?.lab;
  if (lab) return { image: labToSrgb(raw, lab), notes: [`converted from ${lab}`] };
  const premultiplied = outline.premultiplied || outline.samples?.premultiplied;
  const plain = data instanceof Uint8Array || data instanceof Uint16Array;
  if (plain) {
    const colour = profile ?? outline.colour ?? SRGB;
    return { image: toSrgb(premultiplied ? unpremultiplied(raw) : raw, colour), notes: noteOf(colour) };
  }
  const alphaRange = alpha === undefined ? raw.range : alphaRangeOf(data, bands, alpha);
  const ranged = { ...raw, range: { black: 0, white: alphaRange.white }, alphaRange };
  const samples = premultiplied ? unpremultiplied(ranged) : ranged;
  const { range, light, note } = readingOf(samples.data, bands, colours);
  const colour = profile ?? (light ? LIGHT : SRGB);
  const { black, white } = range;
  const shown = outline.samples?.whiteIsZero ? { black: white, white: black } : range;
  return {
    image: toSrgb({ ...samples, range: shown }, colour),
    notes: [note, ...(profile ? noteOf(profile) : [])],
  };
}

const LIGHT: Colour = {
  name: "linear light",
  curves: [linear, linear, linear],
  matrix: DIAGONAL,
  highlights: "float samples",
};

function noteOf(colour: Colour): string[] {
  if (isSrgb(colour)) return [];
  const { name, highlights } = colour;
  return [highlights ? `tone-mapped from ${highlights} (${name})` : `converted from ${name}`];
}

/** Converts CMYK, and profiles that are tables, with LittleCMS. CMYK without a profile uses the one of libvips. */
async function throughTables(
  open: (ignoreIcc: boolean) => Sharp,
  { depth, space, hasAlpha, channels }: Metadata,
  profile: Profile | undefined,
  { premultiplied, limitedRange, limitedAlpha, samples: stated }: Outline,
): Promise<Decoded> {
  if (premultiplied)
    throw unsupported(
      "an image whose colours are multiplied with alpha and have a profile of tables",
      "convert it to sRGB first",
    );
  if (limitedRange)
    throw unsupported(
      "an image whose samples leave room below black and that has a profile of tables",
      "save it in full range first",
    );
  if (depth !== "uchar" && depth !== "ushort")
    throw unsupported(
      `an image with a colour profile and samples of the type ${depth}`,
      "save it with 8 or 16 bits first",
    );
  const name = profile?.kind === "tables" ? profile.name : "CMYK";
  if (space === "cmyk") {
    const image = await throughLibvips(open(false));
    const alpha = hasAlpha && depth === "ushort" ? await alphaOfCmyk(open(true)) : image.alpha;
    return { image: { ...image, ...(alpha && { alpha }) }, notes: [`converted from ${name}`] };
  }
  // sharp's conversion would go through Display P3 for 16 bits, and would skip 16-bit grey
  const wide = space === "rgb16" || space === "grey16";
  const to = wide ? "ushort" : "uchar";
  const raw = async (picture: Sharp): Promise<Samples> => {
    const { data, info } = await picture.raw({ depth: to }).toBuffer({ resolveWithObject: true });
    const { width, height, channels: bands } = info;
    const colours = bands < 3 ? 1 : 3;
    // bands behind the colours stay, the alpha of a TIFF need not be the first of them
    const behind = stated ? channels - (stated.alpha ?? channels) : bands - colours;
    const alpha = behind > 0 && bands > colours ? { alpha: bands - behind } : {};
    const range = { black: 0, white: wide ? 65535 : 255 };
    const alphaRange = limitedAlpha ? limitedIn(to) : range;
    return { width, height, bands, colours, data: numbers(data, to), range, alphaRange, ...alpha };
  };
  const bare = (): Sharp => open(true).toColourspace(space);
  const samples = await raw(bare().withIccProfile("srgb", { attach: false }));
  // if LittleCMS rejects a profile, sharp returns the samples unchanged
  const before = await raw(bare());
  const same = samples.bands === before.bands && samples.data.every((sample, i) => sample === before.data[i]);
  const note = same
    ? `its colour profile ${name} changes nothing, or cannot be used`
    : `converted from ${name}`;
  return { image: toSrgb(samples, SRGB), notes: [note] };
}

/** libvips reduces 16-bit CMYK to 8 bits and clips its alpha, so alpha is read separately. */
async function alphaOfCmyk(picture: Sharp): Promise<Uint8Array> {
  const { data, info } = await picture
    .pipelineColourspace("cmyk")
    .toColourspace("cmyk")
    .raw({ depth: "ushort" })
    .toBuffer({ resolveWithObject: true });
  const samples = numbers(data, "ushort");
  return Uint8Array.from({ length: info.width * info.height }, (_, i) =>
    Math.round(samples[i * info.channels + 4]! / 257),
  );
}

async function throughLibvips(picture: Sharp): Promise<Image> {
  const { data, info } = await picture
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels: bands } = info;
  const range = { black: 0, white: 255 };
  const colours = bands < 3 ? 1 : 3;
  const alpha = bands === 2 || bands === 4 ? { alpha: bands - 1 } : {};
  return toSrgb({ width, height, bands, colours, data: numbers(data, "uchar"), range, ...alpha }, SRGB);
}
