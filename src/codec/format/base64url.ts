import { describeValue, isDetached, typeOf, ZippyNetError } from "../errors.ts";

/**
 * A `.zn` file as text for HTML, JSON and URLs: base64url (RFC 4648, §5) without padding, ⌈4n/3⌉ characters for n
 * bytes. One file has one text: what another encoder might add (padding, line breaks, bits after the end) is refused.
 */
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const CODES = Uint8Array.from(ALPHABET, (character) => character.charCodeAt(0));

const VALUES: ReadonlyMap<string, number> = new Map(
  [...ALPHABET].map((character, value) => [character, value]),
);

/** Throws `bad-file` for what is no Uint8Array. */
export function toInline(file: Uint8Array): string {
  if (typeOf(file) !== "Uint8Array" || isDetached(file.buffer))
    throw notInline(`expected the bytes of a file as Uint8Array, got ${describeValue(file)}`);
  const text = new Uint8Array(Math.ceil((file.length * 4) / 3)); // a string that grows takes fifty times as much
  for (let at = 0, to = 0; at < file.length; at += 3) {
    const count = Math.min(3, file.length - at);
    const bits = (file[at]! << 16) | ((file[at + 1] ?? 0) << 8) | (file[at + 2] ?? 0);
    for (let i = 0; i <= count; i++) text[to++] = CODES[(bits >> (18 - 6 * i)) & 63]!;
  }
  return new TextDecoder().decode(text);
}

/**
 * Back to bytes; whether they are a `.zn` file is for the decoder to say. Throws `bad-file` with the place of what is
 * wrong.
 */
export function fromInline(text: string): Uint8Array<ArrayBuffer> {
  if (typeof text !== "string") throw notInline(`expected text, got ${describeValue(text)}`);
  const rest = text.length % 4;
  const file = new Uint8Array(Math.floor((text.length * 3) / 4));
  let bits = 0;
  for (let at = 0, to = 0; at < text.length; at++) {
    const value = VALUES.get(text[at]!);
    if (value === undefined) throw foreign(text, at);
    bits = ((bits << 6) | value) & 0xffffff;
    if (at % 4 > 0) file[to++] = bits >> (6 - 2 * (at % 4));
  }
  if (rest === 1)
    throw notInline(`no text of bytes has ${text.length} characters: one is missing or too many`);
  if (rest > 1 && (bits & (rest === 2 ? 15 : 3)) !== 0) {
    throw notInline(`its last character, "${text.at(-1)}", has bits of a byte that is not there`);
  }
  return file;
}

function foreign(text: string, at: number): ZippyNetError {
  const character = String.fromCodePoint(text.codePointAt(at)!);
  const hint =
    character === "="
      ? ", as padding is left out"
      : character === "+" || character === "/"
        ? ": this is base64, not base64url"
        : "";
  return notInline(`expected A–Z, a–z, 0–9, - and _, got ${JSON.stringify(character)} at ${at}${hint}`);
}

function notInline(why: string): ZippyNetError {
  return new ZippyNetError("bad-file", `not an inline .zn file: ${why}`);
}
