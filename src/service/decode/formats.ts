import Negotiator from "negotiator";
import { MEDIA_TYPE } from "../../codec/format/latents-file.ts";
import { Problem } from "./problem.ts";

/** Formats a picture is served in, and their media types; first comes what is sent to those who take anything. */
export const FORMATS = {
  png: "image/png",
  webp: "image/webp",
  avif: "image/avif",
  jpeg: "image/jpeg",
  zn: MEDIA_TYPE,
} as const;

export type Format = keyof typeof FORMATS;

/**
 * The format of `?format=` if given, else the one that an `Accept` header (by default, anything) likes best. The file itself,
 * `zn`, is sent only to those who name it: no wildcard can mean it. Throws a 400 or a 406.
 * @param file whether `Accept` may lead to `zn`
 */
export function chooseFormat(
  asked: string | undefined,
  accept: string | undefined,
  { file = true }: { readonly file?: boolean } = {},
): Format {
  const names = Object.keys(FORMATS) as Format[];
  if (asked !== undefined) {
    const format = names.find((name) => name === asked);
    if (format) return format;
    throw new Problem(400, `expected a format of ${names.join(", ")}, got "${asked}"`);
  }
  const named = file && accept?.toLowerCase().includes(MEDIA_TYPE);
  const offered = names.filter((name) => name !== "zn" || named);
  const types = offered.map((name) => FORMATS[name] as string);
  const best = new Negotiator({ headers: { accept: accept ?? "*/*" } }).mediaType(types);
  const format = names.find((name) => FORMATS[name] === best);
  if (format) return format;
  throw new Problem(406, `expected one of ${types.join(", ")} to be accepted, got "${accept}"`);
}
