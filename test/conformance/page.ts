/** The worked bytes of docs/format.md, from the conformance files. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeByFormat, openFormatModel, readFormatHeader, type Step } from "../codec/format-decoder.ts";
import { facesFolder } from "../codec/support.ts";

/** The bytes from one place to the next, and what they are. */
type Part = readonly [length: number, name: string];

/** Bytes of a row. */
const ROW = 16;
/** Rows of a part that are shown. */
const ROWS = 3;

/** The section's text between its marks. @param read gives a file of `accept` by its name */
export function workedBytes(read: (name: string) => Uint8Array): string {
  return [escapes(read("latents-escapes")), ...classical(read), alpha(read("alpha-vp8"))].join("\n");
}

function escapes(file: Uint8Array): string {
  const model = openFormatModel((name) => readFileSync(join(facesFolder, name)));
  const steps: Step[] = [];
  const { payload, check } = readFormatHeader(file);
  decodeByFormat(model, file, (step) => steps.push(step));
  const rows = steps.slice(0, 10).map(({ channel, scale, mean, symbol, yHat }) => {
    const largest = (model.tables[scale]!.length - 3) / 2;
    const excess = Math.abs(symbol) - largest;
    const zeros = excess > 0 ? Math.floor(Math.log2(excess)) : undefined;
    const bits =
      zeros === undefined
        ? "–"
        : `${symbol < 0 ? 1 : 0} ${"0".repeat(zeros)}${zeros > 0 ? " " : ""}${excess.toString(2)}`;
    return `| ${channel} | ${scale} | ${largest} | ${symbol} | ${bits} | ${mean} | ${yHat} |`;
  });
  return `**Escapes**, \`latents-escapes.zn\`, 8×8 pixels of model 1, symbols by hand:

${dump(file, [
  [1, "tag      long form, size stated"],
  [1, "model    1"],
  [1, "quality  colour, quality 50"],
  [1, `check    ${check}`],
  [2, "8×8"],
  [payload.length, "payload"],
])}
The first bit is the orientation, 1. The first latents of the only position (bits of an escape: sign, gamma code of |symbol| − K):

| channel | scale | K | symbol | bits after the escape | mean | y_hat |
|---|---|---|---|---|---|---|
${rows.join("\n")}
`;
}

function classical(read: (name: string) => Uint8Array): string[] {
  const files: [name: string, title: string, parts: (frame: Uint8Array) => Part[]][] = [
    [
      "vp8",
      "VP8",
      () => [
        [3, "frame tag: a key frame that is shown, its version, the length of the first partition"],
        [3, "start code"],
        [4, "24×16"],
      ],
    ],
    ["av1-444", "AV1 4:4:4", av1Parts],
    ["av1-420", "AV1 4:2:0", av1Parts],
    [
      "vp8l",
      "VP8L",
      () => [
        [1, "signature"],
        [4, "width − 1, height − 1, no alpha, version 0"],
      ],
    ],
  ];
  return files.map(([name, title, parts]) => {
    const file = read(name);
    const known = parts(file.subarray(2));
    const rest = file.length - 2 - known.reduce((sum, [length]) => sum + length, 0);
    const head: Part[] = [
      [1, "tag"],
      [1, "check"],
    ];
    return `**${title}**, \`${name}.zn\`, 24×16 pixels:\n\n${dump(file, [...head, ...known, [rest, "the rest of the frame"]])}`;
  });
}

function av1Parts(frame: Uint8Array): Part[] {
  const sequence = frame[1]!;
  const frameSize = frame[2 + sequence + 1]! < 128 ? 1 : 2;
  return [
    [1, "OBU: a sequence header, with a size"],
    [1, `size: ${sequence}`],
    [sequence, "sequence header"],
    [1, "OBU: a frame, with a size"],
    [frameSize, "size, to the end of the file"],
  ];
}

function alpha(file: Uint8Array): string {
  const length = (file[0]! & 7) | (file[1]! << 3);
  return `**Alpha**, \`alpha-vp8.zn\`, around the VP8 frame above:

${dump(file, [
  [1, `tag      one byte of length follows, its low 3 bits: ${length & 7}`],
  [1, `length   ${length} = 8·${length >> 3} + ${length & 7}`],
  [length, "alpha    a VP8L frame without its first five bytes"],
  [1, "tag      of the file within"],
  [1, "check    that of the file above, xored with the folded hash of alpha"],
  [file.length - length - 4, "frame"],
])}`;
}

/** Bytes in hexadecimal, a part to a row or several; of long parts the beginning. */
function dump(file: Uint8Array, parts: readonly Part[]): string {
  let at = 0;
  const rows: string[] = [];
  for (const [length, name] of parts) {
    const bytes = file.subarray(at, at + length);
    at += length;
    const shown = length > ROW * ROWS ? ROW * (ROWS - 1) : length;
    for (let from = 0; from < shown; from += ROW) {
      const hex = Array.from(bytes.subarray(from, Math.min(from + ROW, shown)), (byte) =>
        byte.toString(16).padStart(2, "0"),
      );
      const last = from + ROW >= shown;
      const more = shown < length ? ` (and ${length - shown} bytes more)` : "";
      rows.push(`${hex.join(" ")}${last ? `   ${name}${more}` : ""}`);
    }
  }
  return `\`\`\`\n${rows.join("\n")}\n\`\`\`\n`;
}
