import type { Image, Size } from "../../codec/image.ts";

/** A step from a picture as it is coded to the picture as it is shown. */
export type Turn =
  /** Quarters of a turn, anticlockwise. */
  | { readonly quarters: number }
  /** Which ends change places. */
  | { readonly mirror: "left and right" | "top and bottom" }
  | {
      readonly cut: {
        readonly x: number;
        readonly y: number;
        readonly width: number;
        readonly height: number;
      };
    };

/** Where the pixels of the shown picture are: the pixel at x, y is number `origin + x · across + y · down`. */
export interface View {
  readonly width: number;
  readonly height: number;
  readonly origin: number;
  readonly across: number;
  readonly down: number;
}

/** What turns, one after the other, make of a picture. */
export function viewAfter(turns: readonly Turn[], { width, height }: Size): View {
  return turns.reduce(after, { width, height, origin: 0, across: 1, down: width });
}

function after(view: View, turn: Turn): View {
  const { width, height, origin, across, down } = view;
  if ("cut" in turn) {
    const { x, y, ...size } = turn.cut;
    return { ...view, ...size, origin: origin + x * across + y * down };
  }
  if ("mirror" in turn)
    return turn.mirror === "left and right"
      ? { ...view, origin: origin + (width - 1) * across, across: -across }
      : { ...view, origin: origin + (height - 1) * down, down: -down };
  let turned = view;
  for (let i = 0; i < turn.quarters; i++) {
    const { width, height, origin, across, down } = turned;
    // what was the right end is the top now
    turned = {
      width: height,
      height: width,
      origin: origin + (width - 1) * across,
      across: down,
      down: -across,
    };
  }
  return turned;
}

/** A picture after turns, one after the other. It has alpha only if something of what is left is not opaque. */
export function afterTurns(image: Image, turns: readonly Turn[]): Image {
  const { width, height, origin, across, down } = viewAfter(turns, image);
  const [source, opacity] = [image.data, image.alpha];
  const data = new Uint8Array(3 * width * height);
  const alpha = opacity && new Uint8Array(width * height);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0, from = origin + y * down; x < width; x++, to++, from += across) {
      data[3 * to] = source[3 * from]!;
      data[3 * to + 1] = source[3 * from + 1]!;
      data[3 * to + 2] = source[3 * from + 2]!;
      if (alpha) alpha[to] = opacity![from]!;
    }
  }
  const clear = alpha?.some((value) => value < 255);
  return { width, height, data, ...(clear && { alpha }) };
}

/** What the orientations of EXIF, 1–8, ask for (CIPA DC-008, 4.6.5). */
export const EXIF_TURNS: readonly (readonly Turn[])[] = [
  [],
  [{ mirror: "left and right" }],
  [{ quarters: 2 }],
  [{ mirror: "top and bottom" }],
  [{ quarters: 1 }, { mirror: "top and bottom" }],
  [{ quarters: 3 }],
  [{ quarters: 1 }, { mirror: "left and right" }],
  [{ quarters: 1 }],
];
