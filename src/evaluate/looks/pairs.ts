import { randomInt } from "node:crypto";
import sharp from "sharp";
import type { Image } from "../../codec/image.ts";
import { enlarged } from "../picture/sheet.ts";

const ENLARGED = 3;
const GAP = 24;
const LABEL = 28;
const PAIRS_OF_A_SHEET = 10;
const COLUMNS = 2;

/** A picture by both looks. */
export interface Both {
  readonly name: string;
  readonly original: Image;
  readonly bytes: number;
  readonly faithful: Image;
  readonly natural: Image;
}

/** Which picture of a pair is which. The judge must not see it. */
export interface Answer {
  readonly pair: number;
  readonly picture: string;
  readonly bytes: number;
  readonly natural: "left" | "right";
}

/**
 * Sheets of numbered pairs for somebody who does not know which is which: two pictures three times enlarged, with
 * the looks on random sides. Pairs are drawn evenly from all.
 */
export async function pairsOf(
  all: readonly Both[],
  count: number,
): Promise<{ readonly sheets: Buffer[]; readonly answers: Answer[] }> {
  const picked = Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]!);
  const drawn = shuffled(picked).map((both) => ({ both, left: randomInt(2) === 0 }));
  const answers = drawn.map(({ both, left }, i) => ({
    pair: i + 1,
    picture: both.name,
    bytes: both.bytes,
    natural: left ? ("left" as const) : ("right" as const),
  }));
  const sheets: Buffer[] = [];
  for (let from = 0; from < count; from += PAIRS_OF_A_SHEET) {
    sheets.push(await sheetOf(drawn.slice(from, from + PAIRS_OF_A_SHEET), from));
  }
  return { sheets, answers };
}

async function sheetOf(
  pairs: readonly { readonly both: Both; readonly left: boolean }[],
  from: number,
): Promise<Buffer> {
  const side = pairs[0]!.both.original.width * ENLARGED;
  const [width, height] = [2 * side + GAP, side + LABEL];
  const parts = pairs.map(async ({ both, left }, i) => {
    const x = GAP + (i % COLUMNS) * (width + GAP);
    const y = GAP + Math.floor(i / COLUMNS) * (height + GAP);
    const [first, second] = left ? [both.natural, both.faithful] : [both.faithful, both.natural];
    return [
      { input: title(`${from + i + 1}`, width), left: x, top: y },
      { input: await enlarged(first, side), left: x, top: y + LABEL },
      { input: await enlarged(second, side), left: x + side + 8, top: y + LABEL },
    ];
  });
  const rows = Math.ceil(pairs.length / COLUMNS);
  const size = { width: GAP + COLUMNS * (width + GAP), height: GAP + rows * (height + GAP) };
  return sharp({ create: { ...size, channels: 3, background: "#ffffff" } })
    .composite((await Promise.all(parts)).flat())
    .png()
    .toBuffer();
}

function title(text: string, width: number): Buffer {
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${LABEL}"><text x="0" y="20" font-family="sans-serif" font-size="18">${text}</text></svg>`,
  );
}

function shuffled<T>(items: readonly T[]): T[] {
  const all = [...items];
  for (let i = all.length - 1; i > 0; i--) {
    const j = randomInt(i + 1);
    [all[i], all[j]] = [all[j]!, all[i]!];
  }
  return all;
}
