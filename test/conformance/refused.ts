/** Files that every decoder has to refuse, each with one fault. */
import { RangeEncoder } from "../../src/codec/entropy/range-coder.ts";
import { foldedHash, readLatentsFile } from "../../src/codec/format/latents-file.ts";
import { withAlpha, writeClassical } from "../../src/codec/format/zn-file.ts";
import type { Model } from "../../src/codec/model.ts";
import { byHand, type Frames } from "./accepted.ts";
import { av1Of, edited, type Fields, headerOf, obu, openAv1 } from "./av1-header.ts";

/** A file to be refused. */
export interface Refused {
  readonly name: string;
  readonly file: Uint8Array;
  /** What is wrong with it. */
  readonly reason: string;
}

/**
 * @param short a file of latents in the short form, colour, with a payload
 * @param stated one with a stated size of 24×16
 */
export function refusedFiles(model: Model, frames: Frames, short: Uint8Array, stated: Uint8Array): Refused[] {
  return [
    ...headers(short, stated),
    ...payloads(model, short),
    ...classical(frames),
    ...av1(frames),
    ...alpha(frames),
  ].map(([name, bytes, reason]) => ({ name, file: Uint8Array.from(bytes), reason }));
}

type Case = readonly [name: string, bytes: ArrayLike<number>, reason: string];

function headers(short: Uint8Array, stated: Uint8Array): Case[] {
  const [, quality, check] = short;
  const { payload } = readLatentsFile(short);
  const sized = (...size: number[]) => [0x8f, 1, quality!, check!, ...size, ...payload];
  return [
    ["header-nothing", [], "no bytes"],
    ["header-cut", short.subarray(0, 2), "it ends within the header"],
    ["header-cut-size", stated.subarray(0, 5), "it ends within the size"],
    ["header-foreign-tag", [0x7f, ...short.subarray(1)], "tags below 80 belong to other formats"],
    ["header-short-stated", [short[0]! | 15, ...short.subarray(1)], "the short form has no stated size"],
    ["header-extension", [0xbf, 0, 0, ...short], "tag bf is reserved for extension chunks"],
    ["header-jpeg", [0xff, 0xd8, 0xff, 0xe0, 0, 16, 74, 70, 73, 70], "a JPEG"],
    ["header-png", [0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0], "a PNG: model 80 is reserved"],
    ["header-python", [0xcb, 13, 13, 10, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8], "a compiled Python module"],
    ["header-identifier", [0x80, 0, quality!, check!, ...payload], "model 0 is reserved"],
    ["header-unknown-model", [0x80, 255, quality!, check!, ...payload], "no model of number 255"],
    ["header-quality-0", [short[0]!, 0, ...short.subarray(2)], "quality 0"],
    ["header-quality-101", [short[0]!, 101, ...short.subarray(2)], "quality 101"],
    ["header-long-form", [0x80, 1, ...short.subarray(1)], "16×16 of model 1 has a short form"],
    ["header-stated-square", sized(16, 16), "16×16 has to be in the tag"],
    ["header-narrow", sized(7, 16), "width 7"],
    ["header-wide", sized(0x81, 8, 16), "width 1025"],
    ["header-long-varint", sized(0x98, 0x80, 0, 16), "a varint of three bytes"],
    ["header-padded-varint", sized(0x98, 0, 16), "a varint whose second byte is 0"],
    ["check-byte", [short[0]!, quality!, check! ^ 1, ...payload], "the check byte is another one"],
  ];
}

function payloads(model: Model, short: Uint8Array): Case[] {
  const head = short.subarray(0, 3);
  const { payload } = readLatentsFile(short);
  const small = (symbol: number) =>
    byHand(model, { width: 8, height: 8, quality: 50 }, 0, (at) => (at === 0 ? symbol : 0));
  return [
    ["payload-last-byte-zero", [...short, 0], "the last byte of a payload is never 0"],
    ["payload-too-long", [...short, 1, 1, 1, 1, 1], "bytes that the decoder does not read"],
    [
      "payload-far-too-long",
      [...short, ...new Uint8Array(2000).fill(1)],
      "more than 5 bytes a latent, and 5",
    ],
    ["payload-outside", [...head, 255, 255, 255, 255], "a code of 2^32 - 1"],
    ["payload-altered", [...head, payload[0]! ^ 0x10, ...payload.subarray(1)], "a payload of other latents"],
    ["symbol-896", small(896), "a symbol beyond 895"],
    ["symbol-minus-896", small(-896), "a symbol beyond -895"],
    ["symbol-long-gamma", longGamma(model), "a gamma code of eleven zeros"],
  ];
}

/** A file whose first symbol is an escape of eleven zero bits and more. */
function longGamma(model: Model): Uint8Array {
  let first: number | undefined;
  byHand(model, { width: 8, height: 8, quality: 50 }, 0, (_, scale) => {
    first ??= scale;
    return 0;
  });
  const coder = new RangeEncoder();
  for (let bits = model.orientations; bits > 1; bits /= 2) coder.encodeBit(0);
  model.tables.encode(coder, first!, 900 + 2048);
  return Uint8Array.of(0x8f, model.number, 50, 0, 8, 8, ...coder.finish());
}

function classical({ vp8, vp8l }: Frames): Case[] {
  const changed = (frame: Uint8Array, at: number, value: number) =>
    frame.map((byte, i) => (i === at ? value : byte));
  const whole = writeClassical("vp8", vp8);
  const reserved = foldedHash([0x93], vp8);
  return [
    ["classical-reserved-codec", [0x93, reserved, ...vp8], "codec 3 is reserved"],
    ["classical-check-byte", changed(whole, 1, whole[1]! ^ 1), "the check byte is another one"],
    ["classical-cut", [0x90], "it ends before the check byte"],
    [
      "vp8-inter-frame",
      writeClassical("vp8", changed(vp8, 0, vp8[0]! | 1)),
      "a frame that needs an earlier one",
    ],
    ["vp8-version", writeClassical("vp8", changed(vp8, 0, vp8[0]! | 8)), "a VP8 version above 3"],
    ["vp8-hidden", writeClassical("vp8", changed(vp8, 0, vp8[0]! & 0xef)), "a frame that is not shown"],
    ["vp8-start-code", writeClassical("vp8", changed(vp8, 3, 0)), "another start code"],
    ["vp8-partition", writeClassical("vp8", vp8.subarray(0, 14)), "it ends within the first partition"],
    ["vp8-scaled", writeClassical("vp8", changed(vp8, 7, vp8[7]! | 0x40)), "a frame that is to be scaled"],
    ["vp8-no-width", writeClassical("vp8", changed(vp8, 6, 0)), "a width of 0"],
    ["vp8l-signature", writeClassical("vp8l", changed(vp8l, 0, 0x2e)), "another signature"],
    ["vp8l-trailing-byte", writeClassical("vp8l", Uint8Array.of(...vp8l, 0)), "a byte after the frame"],
    ["vp8l-cut", writeClassical("vp8l", vp8l.subarray(0, -1)), "it ends within the frame"],
    ["vp8l-version", writeClassical("vp8l", changed(vp8l, 4, vp8l[4]! | 0x20)), "a version other than 0"],
  ];
}

function av1({ av1 }: Frames): Case[] {
  const { fields, frame } = openAv1(av1);
  const header = headerOf(fields);
  const file = (picture: ArrayLike<number>) => writeClassical("av1", Uint8Array.from(picture));
  const other = (changes: Parameters<typeof edited>[1], of: Fields = fields) =>
    file(av1Of(edited(of, changes), frame));
  const delimiter = obu(2, new Uint8Array());
  const colourless = {
    color_description_present_flag: 0,
    color_primaries: undefined,
    transfer_characteristics: undefined,
    matrix_coefficients: undefined,
  };
  const flagged = (flag: number) => file([...obu(1, header), (6 << 3) | flag, ...obu(6, frame).slice(1)]);
  return [
    ["av1-limited-range", other({ color_range: 0 }), "limited range"],
    ["av1-other-primaries", other({ color_primaries: 9 }), "colour primaries other than BT.709's"],
    ["av1-other-transfer", other({ transfer_characteristics: 1 }), "a transfer function other than sRGB's"],
    ["av1-identity", other({ matrix_coefficients: 0 }), "a matrix other than BT.601's"],
    ["av1-no-colour", other(colourless), "no colour description"],
    ["av1-10-bits", other({ high_bitdepth: 1 }), "more than 8 bits"],
    ["av1-profile-2", other({ seq_profile: 2 }), "profile 2"],
    ["av1-film-grain", other({ film_grain_params_present: 1 }), "film grain"],
    ["av1-sequence", other({ still_picture: 0 }), "not a still picture"],
    ["av1-full-header", other({ reduced_still_picture_header: 0 }), "not the reduced header"],
    ["av1-delimiter", file([...delimiter, ...av1]), "a temporal delimiter"],
    ["av1-padding", file([...av1, ...obu(15, Uint8Array.of(1, 0x80))]), "an OBU of padding after the frame"],
    [
      "av1-metadata",
      file([...obu(1, header), ...obu(5, Uint8Array.of(1, 0x80)), ...obu(6, frame)]),
      "an OBU of metadata",
    ],
    ["av1-second-frame", file([...av1, ...obu(6, frame)]), "two frames"],
    ["av1-trailing-byte", file([...av1, 0]), "a byte after the frame"],
    ["av1-cut", file(av1.subarray(0, -1)), "it ends within the frame"],
    ["av1-no-frame", file(obu(1, header)), "no frame"],
    ["av1-no-size", file([...obu(1, header), 6 << 3, ...frame]), "an OBU without a size"],
    ["av1-extension", flagged(6), "an OBU with an extension"],
    ["av1-reserved-bit", flagged(3), "an OBU's reserved bit"],
    ["av1-long-size", file([...obu(1, header), ...obu(6, frame, 9)]), "a size of nine bytes"],
  ];
}

function alpha({ vp8, vp8l, alpha }: Frames): Case[] {
  const inner = writeClassical("vp8", vp8);
  const whole = withAlpha(inner, alpha);
  return [
    ["alpha-empty", [0xa0, 0, ...inner], "alpha of no bytes"],
    ["alpha-cut", whole.subarray(0, 5), "it ends within its alpha"],
    ["alpha-cut-length", [0xa8, 1], "it ends within the length"],
    ["alpha-trailing-byte", withAlpha(inner, Uint8Array.of(...alpha, 0)), "a byte after the frame of alpha"],
    ["alpha-frame-cut", withAlpha(inner, alpha.subarray(0, -1)), "the frame of alpha is cut"],
    [
      "alpha-long-length",
      [0xa8 | (alpha.length & 7), alpha.length >> 3, 0, ...whole.subarray(2)],
      "a length that fits one byte, in two",
    ],
    ["alpha-in-alpha", withAlpha(whole, alpha), "alpha within alpha"],
    ["alpha-around-vp8l", withAlpha(writeClassical("vp8l", vp8l), alpha), "VP8L has alpha of its own"],
    [
      "alpha-altered",
      whole.map((byte, i) => (i === 4 ? byte ^ 1 : byte)),
      "the check byte is not that of this alpha",
    ],
    ["alpha-alone", whole.subarray(0, 2 + alpha.length), "nothing follows alpha"],
  ];
}
