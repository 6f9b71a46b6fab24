import { Directory } from "../formats/tiff-directory.ts";
import { type Colour, D65, gamma, SRGB_PRIMARIES, toSrgbMatrix } from "./colour.ts";

/** Tags of EXIF (CIPA DC-008): directories, and what they say of colour. */
const TAG = { exif: 34665, interoperability: 40965, colourSpace: 40961, index: 1 } as const;
/** Values of ColorSpace: sRGB, and Adobe RGB as some cameras write it, though EXIF has no number for it. */
const [SRGB_SPACE, ADOBE_SPACE] = [1, 2];
/** The interoperability index of pictures in Adobe RGB (DCF option files, CIPA DC-009). */
const ADOBE_INDEX = "R03";

const curve = gamma(563 / 256);

/** Adobe RGB (1998), 4.3. */
const ADOBE_RGB: Colour = {
  name: "Adobe RGB",
  curves: [curve, curve, curve],
  matrix: toSrgbMatrix({ ...SRGB_PRIMARIES, green: [0.21, 0.71], white: D65 }),
};

/**
 * The colour space that EXIF data state: Adobe RGB, or `undefined` for sRGB and where they do not state any. Cameras
 * name Adobe RGB like this without a profile.
 * @param exif with or without `Exif` before it; also a whole TIFF
 */
export function colourOfExif(exif: Uint8Array | undefined): Colour | undefined {
  if (!exif) return undefined;
  const bytes = text(exif.subarray(0, 6)) === "Exif\0\0" ? exif.subarray(6) : exif;
  if (!["II*\0", "MM\0*"].includes(text(bytes.subarray(0, 4)))) return undefined;
  const main = new Directory(bytes);
  const own = directoryAt(bytes, main, TAG.exif);
  const space = own?.numbers(TAG.colourSpace)[0];
  if (space === ADOBE_SPACE) return ADOBE_RGB;
  const index = own && directoryAt(bytes, own, TAG.interoperability)?.data(TAG.index).subarray(0, 3);
  return space !== SRGB_SPACE && index && text(index) === ADOBE_INDEX ? ADOBE_RGB : undefined;
}

function directoryAt(bytes: Uint8Array, from: Directory, tag: number): Directory | undefined {
  const [start] = from.numbers(tag);
  return start === undefined ? undefined : new Directory(bytes, start);
}

function text(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
