import sharp from "sharp";

/** AV1 data and its configuration, from sharp's encoder. */
export interface Coded {
  readonly data: Buffer;
  readonly config: Buffer;
  readonly channels: 1 | 3;
  readonly bits: 8 | 10 | 12;
}

/** Samples of 16 bits (or levels, for 8) → AV1 without loss, in RGB itself (identity matrix). */
export async function coded(
  samples: readonly number[],
  size: { readonly width: number; readonly height: number },
  bits: 8 | 10 | 12,
): Promise<Coded> {
  const raw = bits === 8 ? Uint8Array.from(samples) : Uint16Array.from(samples);
  const file = await sharp(raw, { raw: { ...size, channels: 3 } })
    .toColourspace(bits === 8 ? "srgb" : "rgb16")
    .avif({ lossless: true, bitdepth: bits, chromaSubsampling: "4:4:4" })
    .toBuffer();
  return codedIn(file, 3, bits);
}

/** What an AVIF file of one item holds. sharp writes none without colour: `test/odd-images` has some, by libavif. */
export function codedIn(file: Buffer, channels: 1 | 3, bits: 8 | 10 | 12): Coded {
  const at = file.indexOf("av1C") - 4;
  const config = file.subarray(at, at + file.readUInt32BE(at));
  return { config, data: file.subarray(file.indexOf("mdat") + 4), channels, bits };
}

export interface Parts {
  readonly width: number;
  readonly height: number;
  readonly picture: Coded;
  readonly alpha?: Coded;
  /** The only picture of which this one is made, as its `type` says. The file states it behind the alpha. */
  readonly tile?: Coded;
  /** Whether the picture is multiplied with its alpha. */
  readonly premultiplied?: boolean;
  /** `colr` boxes and others that are said of the picture. */
  readonly properties?: readonly Buffer[];
  /** Whether those have to be understood. */
  readonly essential?: boolean;
  /** Boxes that are said of alpha. */
  readonly turnsOfAlpha?: readonly Buffer[];
  readonly turnsOfTile?: readonly Buffer[];
  readonly brand?: string;
  /** Of the picture's item: `av01` by default. */
  readonly type?: string;
}

/** An AVIF file, or one of its relatives, put together by hand (ISO/IEC 23008-12). */
export function avif({
  width,
  height,
  picture,
  alpha,
  tile,
  properties = [],
  turnsOfAlpha = [],
  turnsOfTile = [],
  essential = false,
  brand = "avif",
  type = "av01",
  premultiplied,
}: Parts): Buffer {
  const ftyp = box("ftyp", brand, u32(0), brand, "mif1miaf");
  const items = [picture, alpha, tile].filter((item) => item !== undefined);
  const own = items.map(({ config, channels, bits }, i) => [
    box("ispe", u32(0), u32(width), u32(height)),
    box("pixi", u32(0), u8(channels, ...new Array(channels).fill(bits))),
    config,
    ...(i === 0
      ? properties
      : items[i] !== alpha
        ? turnsOfTile
        : [box("auxC", u32(0), "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"), ...turnsOfAlpha]),
  ]);
  let index = 0;
  const bit = (property: Buffer): number => (essential && properties.includes(property) ? 0x80 : 0);
  const places = own.map((list) => list.map((property) => ++index | bit(property)));
  const meta = (from: number): Buffer =>
    box(
      "meta",
      u32(0),
      box("hdlr", u32(0), u32(0), "pict", Buffer.alloc(13)),
      box("pitm", u32(0), u16(1)),
      box(
        "iloc",
        u32(0),
        u8(0x44, 0),
        u16(items.length),
        ...items.map(({ data }, i) => {
          const before = items.slice(0, i).reduce((sum, { data }) => sum + data.length, 0);
          return Buffer.concat([u16(i + 1, 0, 1), u32(from + before), u32(data.length)]);
        }),
      ),
      box(
        "iinf",
        u32(0),
        u16(items.length),
        ...items.map((_, i) => box("infe", u8(2, 0, 0, 0), u16(i + 1, 0), i === 0 ? type : "av01", u8(0))),
      ),
      ...(items.length > 1
        ? [
            box(
              "iref",
              u32(0),
              ...(alpha ? [box("auxl", u16(2, 1, 1))] : []),
              ...(premultiplied ? [box("prem", u16(1, 1, 2))] : []),
              ...(tile ? [box("dimg", u16(1, 1, items.length))] : []),
            ),
          ]
        : []),
      box(
        "iprp",
        box("ipco", ...own.flat()),
        box(
          "ipma",
          u32(0),
          u32(items.length),
          ...places.map((list, i) => Buffer.concat([u16(i + 1), u8(list.length, ...list)])),
        ),
      ),
    );
  return Buffer.concat([
    ftyp,
    meta(ftyp.length + meta(0).length + 8),
    box("mdat", ...items.map(({ data }) => data)),
  ]);
}

export function nclx(primaries: number, transfer: number, matrix: number, fullRange = true): Buffer {
  return box("colr", "nclx", u16(primaries, transfer, matrix), u8(fullRange ? 128 : 0));
}

export function colourProfile(icc: Buffer): Buffer {
  return box("colr", "prof", icc);
}

/** An image sequence without a still picture: tracks alone, as some encoders write them. */
export function sequence({ width, height, picture, alpha }: Parts, frames: number): Buffer {
  const ftyp = box("ftyp", "avis", u32(0), "avismsf1iso8");
  const track = (coded: Coded, handler: string, from: number): Buffer =>
    box(
      "trak",
      box("tkhd", Buffer.alloc(84)),
      box(
        "mdia",
        box("hdlr", u32(0), u32(0), handler, Buffer.alloc(13)),
        box(
          "minf",
          box(
            "stbl",
            box(
              "stsd",
              u32(0),
              u32(1),
              box("av01", Buffer.alloc(24), u16(width, height), Buffer.alloc(50), coded.config),
            ),
            box("stsz", u32(0), u32(coded.data.length), u32(frames)),
            box("stco", u32(0), u32(1), u32(from)),
          ),
        ),
      ),
    );
  const moov = (from: number): Buffer =>
    box(
      "moov",
      track(picture, "pict", from),
      ...(alpha ? [track(alpha, "auxv", from + frames * picture.data.length)] : []),
    );
  const data = [picture, ...(alpha ? [alpha] : [])].flatMap(({ data }) =>
    Array.from({ length: frames }, () => data),
  );
  return Buffer.concat([ftyp, moov(ftyp.length + moov(0).length + 8), box("mdat", ...data)]);
}

export function box(type: string, ...parts: readonly (Buffer | string)[]): Buffer {
  const body = Buffer.concat(
    parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : part)),
  );
  return Buffer.concat([u32(8 + body.length), Buffer.from(type, "latin1"), body]);
}

export const u8 = (...values: readonly number[]): Buffer => Buffer.from(values);

export function u16(...values: readonly number[]): Buffer {
  return Buffer.from(values.flatMap((value) => [value >> 8, value & 255]));
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
