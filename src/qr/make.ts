import { ZippyNetError } from "../codec/errors.ts";
import { readZn } from "../codec/format/zn-file.ts";
import type { EncodeWish } from "../image/encode.ts";
import { type ChooseModels, looksZn, znFileOf } from "../image/file-of.ts";
import { type Correction, capacity, versionFor } from "./code.ts";
import { overhead, type Sign, writeLink, writePayload } from "./payload.ts";

export interface QrWish {
  /** 1–40; the code is smaller where less does. */
  readonly maxVersion: number;
  readonly correction: Correction;
  readonly text?: string;
  readonly sign?: Sign;
  /** Makes the code a link, which `linkTo` begins, and nothing beside. */
  readonly link?: string;
  /** How to encode an image; without a target, the best picture that fits. */
  readonly encode: Omit<EncodeWish, "target"> & Partial<Pick<EncodeWish, "target">>;
}

export interface QrPayload {
  readonly bytes: Uint8Array;
  readonly file: Uint8Array;
  /** 1–40. */
  readonly version: number;
}

/**
 * Image or `.zn` file → the bytes of a QR code. Throws `bad-option` with the numbers if it does not fit, and what
 * reading and encoding throw.
 */
export async function makePayload(
  input: Uint8Array,
  choose: ChooseModels,
  { maxVersion, correction, text, sign, link, encode }: QrWish,
): Promise<QrPayload> {
  const most = capacity(maxVersion, correction);
  const beside = link === undefined ? overhead(most, text, sign !== undefined) : link.length;
  const room = link === undefined ? most - beside : Math.floor(((most - beside) * 3) / 4);
  const code = `a code of version ${maxVersion} with ${correction} correction holds ${most} bytes`;
  if (room < 1) {
    const what = link !== undefined ? "link" : text ? "text" : "signature";
    throw new ZippyNetError(
      "bad-option",
      `the ${what} is too long: ${code}, all beside the picture takes ${beside}`,
    );
  }
  const file = await fileWithin(input, choose, encode, room, code);
  const bytes = link === undefined ? writePayload(file, text, sign) : writeLink(link, file);
  const version = bytes.length <= most ? versionFor(bytes.length, correction) : undefined;
  if (version !== undefined) return { bytes, file, version };
  throw new ZippyNetError(
    "bad-option",
    `the picture is too large: ${code}, ${room} of them for the picture, which takes ${file.length}`,
  );
}

async function fileWithin(
  input: Uint8Array,
  choose: ChooseModels,
  { target = { kind: "bytes", maxBytes: Number.POSITIVE_INFINITY }, effort, classical }: QrWish["encode"],
  room: number,
  code: string,
): Promise<Uint8Array> {
  if (looksZn(input)) {
    readZn(input);
    return input;
  }
  const within =
    target.kind === "bytes" ? { kind: "bytes" as const, maxBytes: Math.min(target.maxBytes, room) } : target;
  const wish = { target: within, effort, ...(classical !== undefined && { classical }) };
  try {
    return await znFileOf(input, choose, wish);
  } catch (cause) {
    if (!(cause instanceof ZippyNetError && cause.code === "bad-option") || within.kind !== "bytes")
      throw cause;
    throw new ZippyNetError("bad-option", `${cause.message}; ${code}, ${room} of them for the picture`, {
      cause,
    });
  }
}
