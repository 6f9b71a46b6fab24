import Negotiator from "negotiator";
import { describeValue, parseWhole } from "../../codec/errors.ts";
import { MEDIA_TYPE } from "../../codec/format/latents-file.ts";
import { LOOKS, type Look } from "../../codec/network/architecture.ts";
import { FITS, type SizeWish } from "../../image/fit.ts";
import { PICTURE_FORMAT_NAMES, PICTURE_FORMATS, type PictureFormat } from "../../image/formats.ts";
import type { ServiceSettings } from "../settings.ts";
import { Problem } from "./answer.ts";

/** The size, format and look that a request asks for. */
export interface PictureRequest {
  readonly format: Format;
  /** Undefined: the picture's own size. */
  readonly size: SizeWish | undefined;
  readonly look: Look;
  /**
   * Names the format, the size and the look, for the ETag: requests for the same form have the same text. The settings
   * that change a form are in it too, because a client may ask with a tag from before a deployment.
   */
  readonly form: string;
}

/**
 * Reads `?w=`, `?h=`, `?fit=`, `?look=` and `?format=`, or `Accept` if there is no format. The file itself, `zn`, has
 * one size only, and no look yet. So it cannot be asked for with either, and `Accept` does not select it beside a size.
 * Throws a 400 or a 406.
 */
export function readPictureRequest(
  query: URLSearchParams,
  accept: string | undefined,
  settings: Pick<ServiceSettings, "maxSide" | "look" | "enlarge">,
): PictureRequest {
  const size = readSize(query, settings.maxSide);
  const asked = only(query, "format");
  const lookAsked = readLook(query);
  if ((size || lookAsked) && asked === "zn")
    throw new Problem(400, "expected no w, h, fit or look beside format=zn, got some");
  const format = chooseFormat(asked, accept, { file: !size && !lookAsked });
  const look = lookAsked ?? settings.look;
  const sized = size ? [describe(size), ...(settings.enlarge ? [] : ["at-most"])] : [];
  const form = [format, ...sized, ...(look === "faithful" ? [] : [look])].join("-");
  return { format, size, look, form };
}

function readLook(query: URLSearchParams): Look | undefined {
  const name = only(query, "look");
  const look = LOOKS.find((each) => each === name);
  if (name === undefined || look) return look;
  throw new Problem(400, `expected a look of ${LOOKS.join(" or ")}, got ${describeValue(name)}`);
}

function readSize(query: URLSearchParams, maxSide: number): SizeWish | undefined {
  const [width, height] = [readSide(query, "w", maxSide), readSide(query, "h", maxSide)];
  const name = only(query, "fit");
  const fit = FITS.find((each) => each === (name ?? "cover"));
  if (!fit) throw new Problem(400, `expected a fit of ${FITS.join(", ")}, got ${describeValue(name)}`);
  if (width === undefined && height === undefined) {
    if (name !== undefined) throw new Problem(400, `expected w or h beside fit=${fit}, got neither`);
    return undefined;
  }
  return { ...(width !== undefined && { width }), ...(height !== undefined && { height }), fit };
}

function readSide(query: URLSearchParams, name: "w" | "h", most: number): number | undefined {
  const text = only(query, name);
  if (text === undefined) return undefined;
  const side = parseWhole(text, 1, most);
  if (side !== undefined) return side;
  throw new Problem(
    400,
    `expected ${name} to be a whole number of 1–${most} pixels, got ${describeValue(text)}`,
  );
}

/** A parameter that may be given at most once. */
function only(query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name);
  if (values.length > 1) {
    const [first, second, ...more] = values.map(describeValue);
    const others = more.length > 0 ? ` and ${more.length} more` : "";
    throw new Problem(400, `expected ${name} once, got ${first} and ${second}${others}`);
  }
  return values[0];
}

/** `fit` matters only if both sides are given. */
function describe({ width, height, fit }: SizeWish): string {
  if (height === undefined) return `w${width}`;
  if (width === undefined) return `h${height}`;
  return `w${width}-h${height}-${fit}`;
}

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
    throw new Problem(400, `expected a format of ${NAMES.join(", ")}, got ${describeValue(asked)}`);
  }
  const wanted = accept?.trim() ? accept : "*/*";
  const named = file && wanted.toLowerCase().includes(MEDIA_TYPE);
  const offered = NAMES.filter((name) => name !== "zn" || named);
  const types = offered.map((name) => SERVED[name]);
  const best = new Negotiator({ headers: { accept: wanted } }).mediaType(types);
  const format = NAMES.find((name) => SERVED[name] === best);
  if (format) return format;
  throw new Problem(406, `expected one of ${types.join(", ")} to be accepted, got ${describeValue(accept)}`);
}
