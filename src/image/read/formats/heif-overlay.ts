import { unsupported } from "../outline.ts";
import {
  type Box,
  boxesIn,
  extentsIn,
  madeOf,
  primaryIn,
  propertiesIn,
  Reader,
  referencesIn,
  sizeIn,
  typesIn,
} from "./heif.ts";

/**
 * Throws `bad-image` for a picture that is laid together from others (`iovl`; ISO/IEC 23008-12, 6.6.2.2) and may be
 * clear somewhere: where its canvas is clear and no part covers all of it. The decoder would return it opaque.
 */
export function assertCovered(bytes: Uint8Array, meta: Box): void {
  const boxes = boxesIn(meta);
  const id = primaryIn(boxes);
  if (id === undefined || typesIn(boxes).get(id) !== "iovl") return;
  const [place] = extentsIn(boxes).get(id) ?? [];
  const references = referencesIn(boxes);
  const body = new Reader(bytes, place?.from ?? 0, place ? place.from + place.length : 0).skip(1);
  const size = body.number(1) & 1 ? 4 : 2;
  const opaque = body.skip(6).number(2) === 65535;
  const [width, height] = [body.number(size), body.number(size)];
  /** Two's complement. */
  const offset = (): number => {
    const value = body.number(size);
    return value >= 2 ** (8 * size - 1) ? value - 2 ** (8 * size) : value;
  };
  const properties = propertiesIn(boxes);
  const covered = madeOf(id, references).some((part) => {
    const [x, y] = [offset(), offset()];
    const own = sizeIn(properties.get(part) ?? []);
    const clear = references.some(({ type, to }) => type === "auxl" && to.includes(part));
    return !clear && x <= 0 && y <= 0 && x + own.width >= width && y + own.height >= height;
  });
  if (!opaque && !covered)
    throw unsupported("an AVIF laid together on a clear canvas", "save it as one picture first");
}
