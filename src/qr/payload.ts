import { ZippyNetError } from "../codec/errors.ts";
import { fromInline, toInline } from "../codec/format/base64url.ts";
import { joined } from "../codec/format/bytes.ts";

/**
 * What stands in the QR code, in byte mode; docs/qr.md describes it for other implementations.
 *
 * ```
 * byte 0     tag      0 1 0 1 0 0 s t    the high half is the version; s signed, t there is text; the rest is 0
 * length     1–3      varint (LEB128, low 7 bits first, in the fewest bytes) of the file's length
 * file       length   a `.zn` file
 * [length    1–3      of the text, if t
 *  text]     length   UTF-8
 * [signature 64]      if s: Ed25519 over every byte before it
 * ```
 *
 * Nothing follows. A code of the largest version has 2,953 bytes, so two bytes of length always do. Or else a link,
 * `https://…#TEXT`, whose fragment is the file as `toInline` writes it.
 */
export interface Payload {
  readonly file: Uint8Array;
  readonly text?: string;
  readonly signed?: Signed;
}

export interface Signed {
  /** What is signed. */
  readonly body: Uint8Array;
  /** 64 bytes. */
  readonly signature: Uint8Array;
}

const VERSION = 0x50;
const SIGNED = 2;
const WITH_TEXT = 1;
const SIGNATURE_BYTES = 64;

/** Signs bytes; gives 64. */
export type Sign = (body: Uint8Array) => Uint8Array;

/** Throws `bad-file` if there is nothing to write. */
export function writePayload(file: Uint8Array, text: string | undefined, sign: Sign | undefined): Uint8Array {
  if (file.length === 0) throw new ZippyNetError("bad-file", "expected a .zn file, got 0 bytes");
  const words = text ? new TextEncoder().encode(text) : undefined;
  const body = joined(
    Uint8Array.of(VERSION | (sign ? SIGNED : 0) | (words ? WITH_TEXT : 0)),
    ...withLength(file),
    ...(words ? withLength(words) : []),
  );
  return sign ? joined(body, sign(body)) : body;
}

/** Bytes that a payload takes beside a file of at most `capacity` bytes. */
export function overhead(capacity: number, text: string | undefined, signed: boolean): number {
  const words = text ? new TextEncoder().encode(text).length : 0;
  const forText = words === 0 ? 0 : varint(words).length + words;
  return 1 + varint(capacity).length + forText + (signed ? SIGNATURE_BYTES : 0);
}

/** What a link to a page begins with, in ASCII, up to its `#`. Throws `bad-option` if it is no address of a page. */
export function linkTo(page: string): string {
  if (!LINK.test(page) || !URL.canParse(page) || page.includes("#")) {
    throw new ZippyNetError("bad-option", `expected a page's address, https://… without a #, got ${page}`);
  }
  return `${new URL(page).href}#`;
}

/** The other form: a link that any phone opens. @param link as `linkTo` gives it */
export function writeLink(link: string, file: Uint8Array): Uint8Array {
  return new TextEncoder().encode(link + toInline(file));
}

const LINK = /^https?:\/\//i;

/** Throws `bad-file` with what is wrong; the signature is for `verify` to judge. */
export function readPayload(bytes: Uint8Array): Payload {
  const start = String.fromCharCode(...bytes.subarray(0, 8));
  if (LINK.test(start)) return { file: fileOfLink(utf8(bytes)) };
  const tag = bytes[0];
  if (tag === undefined || (tag & ~(SIGNED | WITH_TEXT)) !== VERSION) {
    const came = tag === undefined ? "nothing" : `0x${tag.toString(16).padStart(2, "0")}`;
    throw notOurs(`expected a first byte of 0x50–0x53, got ${came}`);
  }
  const reader = { bytes, at: 1 };
  const file = readPart(reader, "file");
  const text = tag & WITH_TEXT ? utf8(readPart(reader, "text")) : undefined;
  const body = bytes.subarray(0, reader.at);
  const rest = bytes.subarray(reader.at);
  const expected = tag & SIGNED ? SIGNATURE_BYTES : 0;
  if (rest.length !== expected) {
    throw notOurs(`expected ${expected} bytes of signature at the end, got ${rest.length}`);
  }
  return {
    file,
    ...(text !== undefined && { text }),
    ...(expected > 0 && { signed: { body, signature: rest } }),
  };
}

function fileOfLink(link: string): Uint8Array {
  const fragment = link.slice(link.indexOf("#") + 1);
  if (fragment !== link && fragment !== "") return fromInline(fragment);
  throw notOurs(`expected a link whose fragment is a picture, got ${JSON.stringify(link.slice(0, 80))}`);
}

interface Reader {
  readonly bytes: Uint8Array;
  at: number;
}

function readPart(reader: Reader, what: string): Uint8Array {
  const length = readVarint(reader, what);
  const left = reader.bytes.length - reader.at;
  if (length === 0 || length > left) {
    throw notOurs(`expected a ${what} of 1–${left} bytes, which are left, got a length of ${length}`);
  }
  reader.at += length;
  return reader.bytes.subarray(reader.at - length, reader.at);
}

function readVarint(reader: Reader, what: string): number {
  let value = 0;
  for (let shift = 0; shift < 21; shift += 7) {
    const byte = reader.bytes[reader.at++];
    if (byte === undefined) throw notOurs(`it ends within the length of the ${what}`);
    value |= (byte & 127) << shift;
    if (byte >= 128) continue;
    if (byte === 0 && shift > 0) throw notOurs(`the length of the ${what} is not in its shortest form`);
    return value;
  }
  throw notOurs(`expected a length of the ${what} in at most 3 bytes`);
}

function withLength(part: Uint8Array): [Uint8Array, Uint8Array] {
  return [Uint8Array.from(varint(part.length)), part];
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new ZippyNetError("bad-file", "not a picture in a QR code: its text is not UTF-8", { cause });
  }
}

function notOurs(why: string): ZippyNetError {
  return new ZippyNetError("bad-file", `not a picture in a QR code: ${why}`);
}
