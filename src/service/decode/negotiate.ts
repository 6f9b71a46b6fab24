import Negotiator from "negotiator";
import { MEDIA_TYPE } from "../../codec/format/latents-file.ts";
import { PICTURE_FORMAT_NAMES, PICTURE_FORMATS, type PictureFormat } from "../../image/formats.ts";
import { Problem } from "./answer.ts";

/** Media types of the formats, by their name in `?format=`. The first one is sent to clients that accept anything. */
export const SERVED = {
  ...(Object.fromEntries(
    PICTURE_FORMAT_NAMES.map((name) => [name, PICTURE_FORMATS[name].mediaType]),
  ) as Record<PictureFormat, string>),
  zn: MEDIA_TYPE,
} as const;

export type Format = PictureFormat | "zn";

const NAMES = Object.keys(SERVED) as readonly Format[];

/**
 * The format of `?format=` if it is given (`jpg` is `jpeg`), otherwise the one that the `Accept` header prefers. An
 * empty header counts as none, and then any format is accepted. The file itself, `zn`, is sent only to clients that
 * name it: a wildcard cannot mean it. Throws a 400 or a 406.
 * @param file whether `Accept` may select `zn`
 */
export function chooseFormat(
  asked: string | undefined,
  accept: string | undefined,
  { file = true }: { readonly file?: boolean } = {},
): Format {
  if (asked !== undefined) {
    const format = NAMES.find((name) => name === (asked === "jpg" ? "jpeg" : asked));
    if (format) return format;
    throw new Problem(400, `expected a format of ${NAMES.join(", ")}, got "${asked}"`);
  }
  const wanted = accept?.trim() ? accept : "*/*";
  const named = file && wanted.toLowerCase().includes(MEDIA_TYPE);
  const offered = NAMES.filter((name) => name !== "zn" || named);
  const types = offered.map((name) => SERVED[name]);
  const best = new Negotiator({ headers: { accept: wanted } }).mediaType(types);
  const format = NAMES.find((name) => SERVED[name] === best);
  if (format) return format;
  throw new Problem(406, `expected one of ${types.join(", ")} to be accepted, got "${accept}"`);
}
