/**
 * `npm run looks -- NAME=FOLDER@64 --model portraits`: the two looks of a model beside each other on a set of pictures,
 * at the same bytes: PSNR, LPIPS and, with `--faces`, whether they are still the same people by a network that no look
 * was trained by. Writes sheets of pictures, and with `--pairs` sheets for a blind test.
 */
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Image } from "../../codec/image.ts";
import type { Model } from "../../codec/model.ts";
import { LOOKS, type Look } from "../../codec/network/architecture.ts";
import { psnr } from "../../codec/rate-distortion.ts";
import { MAX_EFFORT } from "../../codec/target.ts";
import { makeFolders } from "../../folders.ts";
import { decodePicture } from "../../image/decode.ts";
import { encodePicture } from "../../image/encode.ts";
import { type Models, openModels } from "../../model/folder.ts";
import { evenly } from "../../train/data/images.ts";
import { cappedPsnr, mean } from "../measure/curve.ts";
import { assertJudges, judged, type Verdict } from "../measure/judges.ts";
import { type Picture, parseSet, readSet, type SetWish } from "../measure/sets.ts";
import { sheet } from "../picture/sheet.ts";
import { startProgress } from "../progress.ts";
import { runScript, wholeOf } from "../script.ts";
import { pairsOf } from "./pairs.ts";

const USAGE = `usage: npm run looks -- NAME=FOLDER@SIZE --model NAME [OPTION …]

  --limit N         so many pictures, evenly from all (96)
  --qualities LIST  of the encoder, each 1–100 (10,20,30,40,50,60,70)
  --effort N        of the encoder, 0–9 (0)
  --tune LOOK       the look that its search aims at, faithful or natural (faithful)
  --faces           pictures framed as CelebA's are: are they still the same people?
  --rows N          pictures of the sheet, 0 for none (12)
  --pairs N         sheets of so many pairs for a blind test, and which is which in pairs.json (0)
  --out DIR         where sheets go (dist/looks)`;

/** Side in pixels of the pictures from which faces are known. */
const LARGE = 128;

interface Wish {
  readonly set: SetWish & { readonly size: number };
  readonly model: string;
  readonly limit: number;
  readonly qualities: readonly number[];
  readonly effort: number;
  readonly tune: Look;
  readonly faces: boolean;
  readonly rows: number;
  readonly pairs: number;
  readonly out: string;
}

/** A picture by both looks, from one file. */
interface Decoded {
  readonly bytes: number;
  readonly faithful: Image;
  readonly natural: Image;
}

await runScript(USAGE, parse, run);

function parse(): Wish {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      model: { type: "string" },
      limit: { type: "string", default: "96" },
      qualities: { type: "string", default: "10,20,30,40,50,60,70" },
      effort: { type: "string", default: "0" },
      tune: { type: "string", default: "faithful" },
      faces: { type: "boolean", default: false },
      rows: { type: "string", default: "12" },
      pairs: { type: "string", default: "0" },
      out: { type: "string", default: fileURLToPath(new URL("../../../dist/looks", import.meta.url)) },
    },
  });
  const [text, ...more] = positionals;
  if (text === undefined || more.length > 0)
    throw new RangeError(`expected one set, got ${positionals.length}`);
  const set = parseSet(text);
  const { size } = set;
  if (size === undefined) throw new RangeError(`expected a set with a size, as NAME=FOLDER@64, got ${text}`);
  if (values.model === undefined) throw new RangeError("expected --model with the name of a model");
  return {
    set: { ...set, size },
    model: values.model,
    limit: wholeOf("limit", values.limit, 2),
    qualities: values.qualities.split(",").map((quality) => wholeOf("qualities", quality, 1, 100)),
    effort: wholeOf("effort", values.effort, 0, MAX_EFFORT),
    tune: lookOf(values.tune),
    faces: values.faces,
    rows: wholeOf("rows", values.rows, 0),
    pairs: wholeOf("pairs", values.pairs, 0),
    out: resolve(values.out),
  };
}

function lookOf(text: string): Look {
  const look = LOOKS.find((name) => name === text);
  if (look === undefined) throw new RangeError(`expected --tune as ${LOOKS.join(" or ")}, got ${text}`);
  return look;
}

async function run(wish: Wish): Promise<void> {
  const { set, qualities, limit } = wish;
  const models = await openModels();
  const model = await models.byName(wish.model);
  if ((await model.withLook("natural")).look !== "natural")
    throw new RangeError(`expected a model with the look natural, ${wish.model} has none`);
  const tuned = await model.withLook(wish.tune);
  assertJudges();
  const pictures = await readSet(set, limit);
  const large = set.tiles ? pictures : await readSet({ ...set, size: Math.max(LARGE, set.size) }, limit);
  const progress = startProgress();
  const decoded: Decoded[][] = [];
  for (const quality of qualities) {
    const row: Decoded[] = [];
    for (const { image } of pictures) {
      row.push(await bothLooks(models, tuned, image, quality, wish.effort));
      progress.step(
        "encoding",
        decoded.length * pictures.length + row.length,
        qualities.length * pictures.length,
      );
    }
    decoded.push(row);
  }
  progress.end();
  const verdicts = await verdictsOf(wish, pictures, large, decoded);
  console.log(table(wish, pictures, decoded, verdicts));
  await makeFolders(wish.out);
  if (wish.rows > 0) await write(wish, "sheet.webp", await sheetOf(wish, pictures, decoded));
  if (wish.pairs > 0) {
    const { sheets, answers } = await pairsOf(
      decoded.flatMap((row, i) =>
        row.map((both, j) => ({
          name: `${pictures[j]!.name}, quality ${qualities[i]}`,
          original: pictures[j]!.image,
          ...both,
        })),
      ),
      wish.pairs,
    );
    for (const [i, png] of sheets.entries()) await write(wish, `pairs-${i + 1}.png`, png);
    await write(wish, "pairs.json", JSON.stringify(answers, null, 2));
  }
}

async function write({ out }: Wish, name: string, content: Uint8Array | string): Promise<void> {
  const path = join(out, name);
  await writeFile(path, content);
  console.error(path);
}

async function bothLooks(
  models: Models,
  model: Model,
  image: Image,
  quality: number,
  effort: number,
): Promise<Decoded> {
  const target = { kind: "quality", quality } as const;
  const { file } = await encodePicture([model], image, { target, effort, classical: false });
  return {
    bytes: file.length,
    faithful: await decodePicture(models, file),
    natural: await decodePicture(models, file, "natural"),
  };
}

/** What PyTorch measures at each quality: first of the faithful look, then of the natural one. */
async function verdictsOf(
  { qualities, faces }: Wish,
  pictures: readonly Picture[],
  large: readonly Picture[],
  decoded: readonly (readonly Decoded[])[],
): Promise<(readonly [Verdict, Verdict])[]> {
  const imagesOf = (some: readonly Picture[]) => some.map(({ image }) => image);
  const looks = new Map(
    decoded.flatMap((row, i) =>
      (["faithful", "natural"] as const).map(
        (look) => [`${i} ${look}`, row.map((both) => both[look])] as const,
      ),
    ),
  );
  const verdicts = await judged(imagesOf(pictures), looks, faces ? imagesOf(large) : undefined);
  return qualities.map((_, i) => [verdicts.get(`${i} faithful`)!, verdicts.get(`${i} natural`)!]);
}

function table(
  { set, qualities, faces, model }: Wish,
  pictures: readonly Picture[],
  decoded: readonly (readonly Decoded[])[],
  verdicts: readonly (readonly [Verdict, Verdict])[],
): string {
  const heads = ["bytes", "PSNR", "LPIPS", "ratio", ...(faces ? ["distance", "rank 1"] : [])];
  const lines = qualities.map((_, i) => {
    const row = decoded[i]!;
    const decibels = (look: "faithful" | "natural") =>
      mean(row.map((both, j) => cappedPsnr(psnr(pictures[j]!.image, both[look]))));
    const [faithful, natural] = verdicts[i]!;
    const cells = [
      mean(row.map(({ bytes }) => bytes)).toFixed(0),
      `${decibels("faithful").toFixed(2)} → ${decibels("natural").toFixed(2)}`,
      `${faithful.lpips.toFixed(3)} → ${natural.lpips.toFixed(3)}`,
      (natural.lpips / faithful.lpips).toFixed(2),
    ];
    if (faces) {
      cells.push(`${faithful.distance!.toFixed(3)} → ${natural.distance!.toFixed(3)}`);
      cells.push(`${faithful.rank1!.toFixed(2)} → ${natural.rank1!.toFixed(2)}`);
    }
    return `| ${cells.join(" | ")} |`;
  });
  return [
    `${set.name}, ${pictures.length} pictures of ${set.size}×${set.size}, ${model}: faithful → natural`,
    "",
    `| ${heads.join(" | ")} |`,
    `|${"---|".repeat(heads.length)}`,
    ...lines,
  ].join("\n");
}

/** Rows of a picture: original, then both looks at the first, the middle and the last quality. */
function sheetOf(
  { qualities, rows }: Wish,
  pictures: readonly Picture[],
  decoded: readonly (readonly Decoded[])[],
): Promise<Buffer> {
  const shown = [...new Set([0, qualities.length >> 1, qualities.length - 1])];
  return sheet(
    evenly([...pictures.entries()], rows).map(([i, { image }]) => [
      { image, label: "original" },
      ...shown.flatMap((at) => {
        const { bytes, faithful, natural } = decoded[at]![i]!;
        return [
          { image: faithful, label: `faithful, ${bytes} B` },
          { image: natural, label: `natural, ${bytes} B` },
        ];
      }),
    ]),
  );
}
