import { parseWhole } from "../../codec/errors.ts";
import { FITS, type SizeWish } from "../../image/fit.ts";
import { Problem } from "./answer.ts";
import { chooseFormat, type Format } from "./negotiate.ts";

/** The size and format that a request asks for. */
export interface PictureRequest {
  readonly format: Format;
  /** Undefined: the picture's own size. */
  readonly size: SizeWish | undefined;
  /** Names the format and the size, for the ETag: requests for the same form have the same text. */
  readonly form: string;
}

/**
 * Reads `?w=`, `?h=`, `?fit=` and `?format=`, or `Accept` if there is no format. The file itself, `zn`, has one size
 * only. So it cannot be asked for with a size, and `Accept` does not select it then. Throws a 400 or a 406.
 */
export function readPictureRequest(
  query: URLSearchParams,
  accept: string | undefined,
  maxSide: number,
): PictureRequest {
  const size = readSize(query, maxSide);
  const asked = only(query, "format");
  if (size && asked === "zn") throw new Problem(400, "expected no w, h or fit beside format=zn, got some");
  const format = chooseFormat(asked, accept, { file: size === undefined });
  return { format, size, form: size ? `${format}-${describe(size)}` : format };
}

function readSize(query: URLSearchParams, maxSide: number): SizeWish | undefined {
  const [width, height] = [readSide(query, "w", maxSide), readSide(query, "h", maxSide)];
  const name = only(query, "fit");
  const fit = FITS.find((each) => each === (name ?? "cover"));
  if (!fit) throw new Problem(400, `expected a fit of ${FITS.join(", ")}, got "${name}"`);
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
  throw new Problem(400, `expected ${name} to be a whole number of 1–${most} pixels, got "${text}"`);
}

/** A parameter that may be given at most once. */
function only(query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name);
  if (values.length > 1) throw new Problem(400, `expected ${name} once, got "${values.join('" and "')}"`);
  return values[0];
}

/** `fit` matters only if both sides are given. */
function describe({ width, height, fit }: SizeWish): string {
  if (height === undefined) return `w${width}`;
  if (width === undefined) return `h${height}`;
  return `w${width}-h${height}-${fit}`;
}
