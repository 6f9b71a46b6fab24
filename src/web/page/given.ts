import { fromInline } from "../../codec/format/base64url.ts";
import { readZn } from "../../codec/format/zn-file.ts";
import type { Payload } from "../../qr/payload.ts";
import { decode } from "../browser/decode.ts";
import { photograph } from "./photograph.ts";
import { payloadIn, STILL } from "./qr-reader.ts";

/** What the reader gave: a file, the inline text of a `.zn` file, or the content of a QR code. */
export type Given = { readonly file: Blob } | { readonly inline: string } | { readonly payload: Payload };

/** A picture to crop from. */
export interface Picked {
  readonly bitmap: ImageBitmap;
  /** The `.zn` file that the picture came as, if it did. */
  readonly opened?: Opened;
  /** Names of models, the likeliest first, where that is known. */
  readonly models?: readonly string[];
}

export interface Opened {
  readonly file: Uint8Array;
  readonly picture: ImageData;
  /** The text beside it in its QR code, if any. */
  readonly text: string;
  /** Whether its QR code is signed. This page has no keys, so it does not check the signature. */
  readonly isSigned: boolean;
}

/** Larger files, in bytes, are not tried as `.zn`. */
const MAX_ZN = 1 << 20;

/** The picture in what was given. Throws if there is none. */
export async function pictureIn(given: Given): Promise<Picked> {
  if ("payload" in given) return openPayload(given.payload);
  return "inline" in given ? openZn(fromInline(given.inline)) : openFile(given.file);
}

/** The inline text within a text: all of it, or that in a tag or a link. Undefined if the text is empty. */
export function inlineIn(text = ""): Given | undefined {
  if (text.trim() === "") return undefined;
  return { inline: /[\w-]{16,}/.exec(text.replace(/^.*#/s, ""))?.[0] ?? text.trim() };
}

/** Reads a file: a picture, a `.zn` file, or a picture of a QR code that holds one. */
async function openFile(file: Blob): Promise<Picked> {
  const start = new Uint8Array(await file.slice(0, MAX_ZN).arrayBuffer());
  if (isZn(start)) return openZn(new Uint8Array(await file.arrayBuffer()));
  const bitmap = await photograph(file);
  // a code with something else in it is an ordinary picture
  const payload = await payloadIn(bitmap, STILL).catch(() => undefined);
  if (!payload) return { bitmap };
  bitmap.close();
  return openPayload(payload);
}

async function openPayload({ file, text, signed }: Payload): Promise<Picked> {
  return openZn(Uint8Array.from(file), text, signed !== undefined);
}

async function openZn(file: Uint8Array, text = "", isSigned = false): Promise<Picked> {
  const picture = await decode(file);
  return { bitmap: await createImageBitmap(picture), opened: { file, picture, text, isSigned } };
}

function isZn(bytes: Uint8Array): boolean {
  try {
    readZn(bytes);
    return true;
  } catch {
    return false;
  }
}
