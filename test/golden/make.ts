/**
 * Makes the golden files, `node test/golden/make.ts`: `.zn` files of small pictures at many sizes and qualities, what
 * they decode to (`golden.json`), and the worked example of `docs/format.md`. To be run when an unreleased model was
 * retrained in place, or before a model is released. Golden files of a model that `test/model/released.json` lists
 * stay as they are.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeImage } from "../../src/codec/decode.ts";
import { encodeImage } from "../../src/codec/encode.ts";
import { readLatentsFile } from "../../src/codec/format/latents-file.ts";
import type { Image } from "../../src/codec/image.ts";
import { turned } from "../../src/codec/image.ts";
import { openModels } from "../../src/model/folder.ts";
import { decodeByFormat, openFormatModel, type Step } from "../codec/format-decoder.ts";
import {
  facesFolder,
  goldenFolder,
  hashLatents,
  hashPixels,
  madePicture,
  photographs,
} from "../codec/support.ts";

export interface Golden {
  file: string;
  header: { model: number; quality: number; grey: boolean; width: number; height: number };
  orientation: number;
  /** SHA-256 of `y_hat`, see `hashLatents`. */
  yHat: string;
  /** SHA-256 of the decoded pixels. */
  pixels: string;
}

/** The file of the worked example: small, at a usual quality. */
const EXAMPLE = "made-16x16-q80.zn";

const models = await openModels();
const pictures: { name: string; image: Image; quality: number; model: string }[] = [];
const made: [number, number, number, number, boolean?][] = [
  [8, 8, 50, 0],
  [8, 8, 100, 2],
  [16, 16, 80, 0],
  [9, 17, 60, 1],
  [24, 24, 1, 4],
  [40, 40, 75, 1, true],
  [42, 42, 50, 0],
  [48, 32, 90, 2],
  [64, 64, 20, 3],
  [129, 8, 100, 4],
];
for (const [width, height, quality, seed, grey] of made) {
  const name = `made-${width}x${height}-q${quality}${grey ? "-grey" : ""}`;
  pictures.push({ name, image: madePicture(width, height, seed, grey), quality, model: "faces" });
}
for (const side of [42, 64]) {
  (await photographs(side)).slice(2, 5).forEach((image, i) => {
    const quality = [10, 50, 100][i]!;
    pictures.push({ name: `photograph-${i}-${side}-q${quality}`, image, quality, model: "faces" });
  });
}
for (const model of ["faces-64", "products-research", "signs"]) {
  const name = model === "products-research" ? "products" : model; // its name when the file was made
  const image = (await photographs(64))[0]!;
  pictures.push({ name, image, quality: 40, model });
}
// a model of eight orientations, and a picture that is not square, in each
for (const [i, image] of (await everyWayUp()).entries()) {
  pictures.push({ name: `natural-${i}`, image, quality: 30, model: "natural" });
}
// every free model: a plain square, one whose sides are stated, grey, the lowest and the highest quality
for (const { name: model, research } of models.list()) {
  if (research) continue;
  const [small, large] = [(await photographs(42))[0]!, (await photographs(64))[1]!];
  const strip = { width: 40, height: 24, data: small.data.slice(0, 40 * 24 * 3) };
  pictures.push({ name: `${model}-42-q45`, image: small, quality: 45, model });
  pictures.push({ name: `${model}-64-q1`, image: large, quality: 1, model });
  pictures.push({ name: `${model}-64-q100`, image: large, quality: 100, model });
  pictures.push({ name: `${model}-40x24-q60`, image: strip, quality: 60, model });
  pictures.push({ name: `${model}-48-q30-grey`, image: madePicture(48, 48, 1, true), quality: 30, model });
}

const kept = await goldenOfReleased();
for (const old of readdirSync(goldenFolder)) {
  if (old.endsWith(".zn") && !kept.some(({ file }) => file === old)) rmSync(join(goldenFolder, old));
}
const golden: Golden[] = [];
for (const { name, image, quality, model: modelName } of pictures) {
  const before = kept.find(({ file }) => file === `${name}.zn`);
  if (before) {
    golden.push(before);
    continue;
  }
  const model = await models.byName(modelName);
  const { file, yHat, orientation } = encodeImage(model, image, quality);
  const decoded = decodeImage(model, file);
  writeFileSync(join(goldenFolder, `${name}.zn`), file);
  const { header } = readLatentsFile(file);
  golden.push({
    file: `${name}.zn`,
    header,
    orientation,
    yHat: hashLatents(yHat),
    pixels: hashPixels(decoded),
  });
}
writeFileSync(join(goldenFolder, "golden.json"), `${JSON.stringify(golden, null, 2)}\n`);

const page = fileURLToPath(new URL("../../docs/format.md", import.meta.url));
const parts = readFileSync(page, "utf8").split(/(<!-- example: .* -->\n)[\s\S]*(<!-- end of example -->)/);
writeFileSync(page, [parts[0], parts[1], example(), parts[2], parts[3]].join(""));
spawnSync("node_modules/.bin/biome", ["format", "--write", join(goldenFolder, "golden.json")], {
  cwd: fileURLToPath(new URL("../..", import.meta.url)),
  stdio: "ignore",
});
console.log(`${golden.length} golden files, and the example of docs/format.md`);

/** Golden files of released models. */
async function goldenOfReleased(): Promise<Golden[]> {
  const list = join(goldenFolder, "../model/released.json");
  const released = Object.keys(JSON.parse(readFileSync(list, "utf8")));
  const numbers = await Promise.all(released.map(async (name) => (await models.byName(name)).number));
  const all = JSON.parse(readFileSync(join(goldenFolder, "golden.json"), "utf8")) as Golden[];
  return all.filter(({ header }) => numbers.includes(header.model));
}

/** A photograph turned each way, cut to 40×24 or 24×40. */
async function everyWayUp(): Promise<Image[]> {
  const [photograph] = await photographs(40);
  const strip = { width: 40, height: 24, data: photograph!.data.slice(0, 40 * 24 * 3) };
  return Array.from({ length: 8 }, (_, orientation) => turned(strip, orientation));
}

/** The example file's bytes, and its first latents, as the independent decoder sees them. */
function example(): string {
  const file = new Uint8Array(readFileSync(join(goldenFolder, EXAMPLE)));
  const steps: Step[] = [];
  const picture = decodeByFormat(
    openFormatModel((name) => readFileSync(join(facesFolder, name))),
    file,
    (step) => steps.push(step),
  );
  const hex = (bytes: ArrayLike<number>) =>
    Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  const { model, width, height, quality, orientation, check, payload, yHat, pixels, grey } = picture;
  const rows = steps
    .slice(0, 8)
    .map(
      (s) =>
        `| ${s.row}, ${s.column}, ${s.channel} | ${s.range} | ${s.code} | ${s.mean} | ${s.scale} | ${s.share} | ${s.symbol} | ${s.yHat} |`,
    );
  return `\`test/golden/${EXAMPLE}\`, ${file.length} bytes, of the \`faces\` model with \`prior.safetensors\` of the SHA-256
\`${manifestHash()}\`:

\`\`\`
${hex([file[0]!])}   tag      short form, model ${model}, size ${file[0]! & 15}: ${width}×${height}, so a grid of ${Math.ceil(height / 8)}×${Math.ceil(width / 8)}
${hex([file[1]!])}   quality  ${grey ? "grey" : "colour"}, quality ${quality}
${hex([check])}   check    ${check}
${hex(payload).replaceAll(/(.{47}) /g, "$1\n")}   payload
\`\`\`

The first bit is the orientation, ${orientation}. The first latents, in coding order (range and code before each):

| row, column, channel | range | code | mean | scale | share | symbol | y_hat |
|---|---|---|---|---|---|---|---|
${rows.join("\n")}

SHA-256 of \`y_hat\`: \`${hashLatents(yHat)}\`. First pixel: ${pixels[0]}, ${pixels[1]}, ${pixels[2]}.

`;
}

function manifestHash(): string {
  return JSON.parse(readFileSync(join(facesFolder, "manifest.json"), "utf8")).blobs.prior.sha256;
}
