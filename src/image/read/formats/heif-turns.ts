import type { Size } from "../../../codec/image.ts";
import { damaged, unsupported } from "../outline.ts";
import { type Turn, viewAfter } from "../turns.ts";
import {
  type Box,
  boxesIn,
  madeOf,
  primaryIn,
  propertiesIn,
  propertiesOf,
  type Reader,
  referencesIn,
  sizeIn,
  typesIn,
} from "./heif.ts";

/** Properties that cut, turn and mirror a picture (ISO/IEC 23008-12, 6.5). */
const TURNS: readonly string[] = ["clap", "irot", "imir"];

const isTurn = ({ type }: Box): boolean => TURNS.includes(type);

/**
 * What the primary picture is cut, turned and mirrored by, in order. Its alpha shares that, whether it is said of it
 * or not; of the tiles of a grid it must not be said (AV1 Image File Format, 4).
 */
export function turnsOf(meta: Box): Turn[] {
  const boxes = boxesIn(meta);
  const [properties, types, references] = [propertiesIn(boxes), typesIn(boxes), referencesIn(boxes)];
  const chain: number[] = [];
  // an `iden` picture is another one, turned once more
  for (let id = primaryIn(boxes); id !== undefined && !chain.includes(id); ) {
    chain.unshift(id);
    id = types.get(id) === "iden" ? madeOf(id, references)[0] : undefined;
  }
  const [source] = chain;
  if (source === undefined) return [];
  const ofParts = madeOf(source, references).some((id) => properties.get(id)?.some(isTurn));
  if (ofParts && types.get(source) !== "grid")
    throw unsupported("an AVIF made of pictures that are turned", "save it as one picture first");
  let size = sizeIn(properties.get(source) ?? []);
  return chain
    .flatMap((id) => properties.get(id) ?? [])
    .filter(isTurn)
    .map(({ type, body }) => {
      const turn = turnIn(type, body.again(), size);
      size = viewAfter([turn], size);
      return turn;
    });
}

function turnIn(type: string, body: Reader, { width, height }: Size): Turn {
  if (type === "irot") return { quarters: body.number(1) & 3 };
  if (type === "imir") return { mirror: body.number(1) & 1 ? "left and right" : "top and bottom" };
  const fraction = (): number => {
    const [above, below] = [body.number(4) | 0, body.number(4) | 0];
    return above / below;
  };
  const [wide, high, right, lower] = [fraction(), fraction(), fraction(), fraction()];
  /** From the distance of its middle to that of the whole. */
  const range = (all: number, own: number, shift: number): readonly [number, number] => {
    const from = Math.floor(shift + (all - own) / 2);
    return [Math.max(0, from), Math.min(all, from + Math.round(own))];
  };
  const [[x, endX], [y, endY]] = [range(width, wide, right), range(height, high, lower)];
  if (!(endX > x && endY > y)) throw damaged("image/avif", "nothing is left of it where it is cut");
  return { cut: { x, y, width: endX - x, height: endY - y } };
}

/**
 * Takes all turns out of a file. libheif would turn colours of half the width apart from what they belong to if a side
 * is odd, alpha only if that is said of it, and each tile of a grid.
 */
export function withoutTurns(bytes: Uint8Array, meta: Box): Uint8Array {
  const turns = propertiesOf(meta).filter(isTurn);
  if (turns.length === 0) return bytes;
  const file = Buffer.from(bytes);
  for (const { start, body } of turns) {
    file.write("irot", start + 4, "latin1");
    file[body.again().at] = 0;
  }
  return file;
}
