import { damaged } from "../outline.ts";
import { type Box, box, boxAt, boxesOf, boxIn, u16, u32 } from "./heif.ts";

/** The number of frames of the first track with pictures. */
export function framesOf(moov: Box): number {
  const track = tracksOf(moov).find(({ handler }) => handler !== "auxv");
  return Math.max(1, track?.frames ?? 1);
}

interface Track {
  /** `pict` or `vide`; `auxv` for alpha. */
  readonly handler: string;
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  /** Boxes that become properties of the still picture. */
  readonly properties: readonly Uint8Array[];
  readonly first: { readonly from: number; readonly length: number };
}

function tracksOf(moov: Box): Track[] {
  return boxesOf(moov.body.again()).flatMap(({ type, body }) => {
    if (type !== "trak") return [];
    const boxes = boxesOf(body.again());
    const handler = boxAt(boxes, "mdia", "hdlr")?.body.skip(8).text(4);
    const table = boxAt(boxes, "mdia", "minf", "stbl");
    if (!table || !handler || !["pict", "vide", "auxv"].includes(handler)) return [];
    const track = trackOf(boxesOf(table.body.again()));
    return track ? [{ handler, ...track }] : [];
  });
}

/** Boxes of a track that say the same of a still picture. */
const PROPERTIES: readonly string[] = ["av1C", "colr", "pixi", "clap", "irot", "imir"];

function trackOf(table: readonly Box[]): Omit<Track, "handler"> | undefined {
  const [entries, sizes] = [boxIn(table, "stsd"), boxIn(table, "stsz")];
  const offsets = boxIn(table, "stco") ?? boxIn(table, "co64");
  if (!entries || !sizes || !offsets) return undefined;
  const [entry] = boxesOf(entries.body.again().skip(8));
  if (entry?.type !== "av01") return undefined;
  // a visual sample entry: 24 bytes, the sides, 50 more, then boxes (ISO/IEC 14496-12, 12.1.3)
  const body = entry.body.again().skip(24);
  const [width, height] = [body.number(2), body.number(2)];
  const own = boxesOf(body.skip(50)).filter(({ type }) => PROPERTIES.includes(type));
  const size = sizes.body.again().skip(4);
  const all = size.number(4);
  const frames = size.number(4);
  return {
    frames,
    width,
    height,
    properties: own.map(({ type, body }) => box(type, body.again().rest())),
    first: {
      from: offsets.body
        .again()
        .skip(8)
        .number(offsets.type === "stco" ? 4 : 8),
      length: all > 0 ? all : size.number(4),
    },
  };
}

/** Makes an AVIF file of the first frame of an image sequence (brand `avis`), with its alpha. */
export function firstFrameAsStill(bytes: Uint8Array, moov: Box): Uint8Array {
  const tracks = tracksOf(moov);
  const colour = tracks.find(({ handler }) => handler !== "auxv");
  if (!colour) throw damaged("image/avif", "it has no picture");
  const alpha = tracks.find(({ handler }) => handler === "auxv");
  const pictures = alpha ? [colour, alpha] : [colour];
  const data = pictures.map(({ first: { from, length } }) => {
    if (from + length > bytes.length)
      throw damaged("image/avif", `it ends too soon, within the ${length} bytes of its first frame`);
    return bytes.subarray(from, from + length);
  });
  const properties = pictures.map((picture, i) => [
    box("ispe", u32(0), u32(picture.width), u32(picture.height)),
    ...picture.properties,
    ...(i > 0 ? [box("auxC", u32(0), Buffer.from("urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"))] : []),
  ]);
  const ftyp = box("ftyp", Buffer.from("avif"), u32(0), Buffer.from("avifmif1miaf"));
  // the length of the table of offsets does not depend on the offsets
  const meta = (start: number): Uint8Array => metaOf(data, properties, start);
  const start = ftyp.length + meta(0).length + 8;
  return Buffer.concat([ftyp, meta(start), box("mdat", ...data)]);
}

function metaOf(
  data: readonly Uint8Array[],
  properties: readonly (readonly Uint8Array[])[],
  start: number,
): Uint8Array {
  const items = data.map((bytes, i) => ({
    id: i + 1,
    from: start + data.slice(0, i).reduce((sum, { length }) => sum + length, 0),
    length: bytes.length,
  }));
  let index = 0;
  const places = properties.map((own) => own.map(() => ++index));
  return box(
    "meta",
    u32(0),
    box("hdlr", u32(0), u32(0), Buffer.from("pict"), new Uint8Array(13)),
    box("pitm", u32(0), u16(1)),
    box(
      "iloc",
      u32(0),
      [0x44, 0],
      u16(items.length),
      ...items.map(({ id, from, length }) => [
        ...u16(id),
        ...u16(0),
        ...u16(1),
        ...u32(from),
        ...u32(length),
      ]),
    ),
    box(
      "iinf",
      u32(0),
      u16(items.length),
      ...items.map(({ id }) => box("infe", [2, 0, 0, 0], u16(id), u16(0), Buffer.from("av01"), [0])),
    ),
    ...(items.length > 1 ? [box("iref", u32(0), box("auxl", u16(2), u16(1), u16(1)))] : []),
    box(
      "iprp",
      box("ipco", ...properties.flat()),
      box(
        "ipma",
        u32(0),
        u32(items.length),
        ...items.map(({ id }, i) => [...u16(id), places[i]!.length, ...places[i]!]),
      ),
    ),
  );
}
