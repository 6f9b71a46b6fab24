import { readFile } from "node:fs/promises";
import type { HeldOutPoint } from "../holdout.ts";
import { FLAT, NOT_STATED } from "../plan.ts";
import type { Recipe, Stage } from "../recipe.ts";
import type { RunReport } from "../run.ts";

/** The quality of which `curveOf` shows bytes and PSNR. */
const QUALITY = 40;

/**
 * The model card of a recipe and of the logs of its stages: terms, data, stages, the command that makes it again, the
 * curve on the held-out images. Markdown.
 * @param logs paths, stage by stage; what is not there is left out
 */
export async function modelCard(recipe: Recipe, logs: readonly string[]): Promise<string> {
  const { name, description, number, supersedes, licence, attribution } = recipe;
  const { data, stages, orientations } = recipe;
  const evaluations = await Promise.all(logs.map(evaluationsOf));
  const samples = stages.reduce((sum, stage) => sum + stage.samples, 0);
  const points = evaluations.flat().at(-1)?.heldOut ?? [];
  const curve = curveOf(stages, evaluations);
  return `# ${name}

${description}. Model number ${number}.${supersededText(supersedes)} ${samples.toLocaleString("en")} samples in ${stages.length === 1 ? "one stage" : `${stages.length} stages`}, from ${recipe.init ? `the weights of \`${recipe.init}\`` : "noise"}; ${useOf(recipe)}:

| | |
|---|---|
| licence | ${licence} |
| attribution | ${attribution || "none asked for"} |
| orientations | ${orientations}: what the encoder tries of a picture's ways up and mirror images |
| held out | ${(recipe.heldOut * 100).toLocaleString("en")} % of the images, by a hash of their names |

[recipe.json](recipe.json) says how it was made, and makes it again from the data: \`zippynet train --recipe recipe.json --data FOLDER\`.

## Data

| set | SHA-256 | left out | terms |
|---|---|---|---|
${data.map(({ name, sha256, without, terms }) => `| \`${name}\` | \`${sha256.slice(0, 16)}…\` | ${without?.map((start) => `\`${start}…\``).join(", ") ?? ""} | ${terms} |`).join("\n")}

## Stages

| data | samples | sizes | learning rate | engine |
|---|---|---|---|---|
${stages.map(stageRow).join("\n")}

Weights are averaged over the last thousand steps or so.

## Held-out images

${heldOutText(points)}
${curve}`;
}

/** What may be done with the model. */
function useOf({ licence, research }: Recipe): string {
  if (research) return "**for research alone**: encoders take it only when it is named";
  return licence === NOT_STATED ? "nobody has stated its terms" : "free to use on these terms";
}

function heldOutText(points: readonly HeldOutPoint[]): string {
  if (points.length === 0)
    return "None was held out, so nobody knows how good it is: `--holdout 10%` keeps some back.";
  const rows = points.map(
    ({ set, size, quality, bytes, psnr }) =>
      `| ${set} | ${size}×${size} | ${quality} | ${bytes.toFixed(1)} | ${psnr.toFixed(2)} dB |`,
  );
  return `Estimated bytes of payload and PSNR, at the end:

| set | size | quality | bytes | PSNR |
|---|---|---|---|---|
${rows.join("\n")}`;
}

/** "model 6, unless that is named", "models 6, 10 and 12, unless one of them is named". */
function named(numbers: readonly number[]): string {
  if (numbers.length === 1) return `model ${numbers[0]}, unless that is named`;
  return `models ${numbers.slice(0, -1).join(", ")} and ${numbers.at(-1)}, unless one of them is named`;
}

function supersededText(numbers: readonly number[] = []): string {
  if (numbers.length === 0) return "";
  return ` Encoders take it instead of ${named(numbers)}.`;
}

function stageRow({ data, samples, sampling, rate, flat, engine, fresh, architecture }: Stage): string {
  const shares = data.map((name, i) => (sampling.shares ? `${name} (${percent(sampling.shares, i)})` : name));
  const sizes = sampling.sizes?.map(([size], i) => {
    const all = sampling.sizes!.map(([, share]) => share);
    return `${size} (${percent(all, i)})`;
  });
  const blocks = (widths: { blocks: readonly number[] }) => widths.blocks.join("+");
  const grown = architecture
    ? `, with ${blocks(architecture.analysis)} blocks in \`g_a\` and ${blocks(architecture.synthesis)} in \`g_s\``
    : "";
  const anew = fresh || architecture ? `, a fresh optimiser${grown}` : "";
  const slope = flat === 1 ? "held" : `held for ${Math.round((flat ?? FLAT) * 100)} %, then a cosine to 0`;
  return `| ${shares.join(", ")} | ${samples.toLocaleString("en")}${anew} | ${sizes?.join(", ") ?? "32–96, 42 and 64 most"} | ${rate}, ${slope} | ${engine} |`;
}

function percent(shares: readonly number[], i: number): string {
  return `${Math.round((100 * shares[i]!) / shares.reduce((a, b) => a + b, 0))} %`;
}

/** The table of the training's curve: a column for each set and size, a row for each evaluation. */
function curveOf(stages: readonly Stage[], evaluations: readonly (readonly RunReport[])[]): string {
  const columns = [
    ...new Set(
      evaluations.flat().flatMap(({ heldOut }) => heldOut!.map(({ set, size }) => `${set}, ${size}`)),
    ),
  ];
  if (columns.length === 0) return "";
  let before = 0;
  const rows = evaluations.flatMap((reports, i) => {
    const from = before;
    before += stages[i]!.samples;
    return reports.map(({ samples, heldOut }) => {
      const cells = columns.map((column) => {
        const point = heldOut!.find(
          ({ set, size, quality }) => `${set}, ${size}` === column && quality === QUALITY,
        );
        return point ? `${point.bytes.toFixed(1)}, ${point.psnr.toFixed(2)} dB` : "";
      });
      return `| ${(from + samples).toLocaleString("en")} | ${cells.join(" | ")} |`;
    });
  });
  return `
The curve, bytes and PSNR at quality ${QUALITY}:

| samples | ${columns.join(" | ")} |
|---|${columns.map(() => "---|").join("")}
${rows.join("\n")}
`;
}

/** The reports of a run's log that follow an evaluation; none where there is no log. */
export async function evaluationsOf<R extends { readonly heldOut?: readonly unknown[] } = RunReport>(
  log: string,
): Promise<R[]> {
  const text = await readFile(log, "utf8").catch(() => "");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as R)
    .filter(({ heldOut }) => heldOut && heldOut.length > 0);
}
