import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { Manifest } from "../../model/manifest.ts";
import type { Checkpoint } from "../checkpoint.ts";
import type { ImageSets } from "../data/images.ts";
import type { RunReport } from "../run.ts";

export interface CardOptions {
  readonly name: string;
  /** How many ways up its files lie. */
  readonly orientations: Manifest["orientations"];
  readonly counts: ImageSets["counts"];
  /** What the owners of the data allow. */
  readonly terms?: string;
}

/** Of the curve. */
const QUALITY = 40;

/** The model card of a trained model: data, terms, command, curve on the held-out images. Markdown. */
export async function modelCard(
  { plan, progress, optimiser }: Checkpoint,
  log: string,
  { name, orientations, counts, terms }: CardOptions,
): Promise<string> {
  const evaluations = (await readLog(log)).filter(({ heldOut }) => heldOut && heldOut.length > 0);
  const points = evaluations.at(-1)?.heldOut ?? [];
  const size = plan.sizes?.[0] ?? 42;
  const folders = plan.folders.map((folder) => basename(folder));
  const command = [
    `zippynet train ${folders.join(" ")} --domain ${name} ${progress.samples === 0 ? "--samples 0" : `--minutes ${Math.round(progress.seconds / 60)}`}`,
    `--orientations ${orientations} --seed ${plan.seed} --cut ${plan.cut} --holdout ${plan.heldOut}`,
    ...(plan.sizes ? [`--sizes ${plan.sizes.join(",")}`] : []),
    ...(plan.rate ? [`--lr ${plan.rate}`] : []),
    ...(plan.only ? [`--only ${plan.only}`] : []),
    ...(plan.bits ? [`--bits ${plan.bits}`] : []),
    ...(plan.init ? [`--init ${plan.init}`] : []),
  ].join(" ");
  return `# ${name}

${progress.samples.toLocaleString("en")} samples in ${optimiser.step.toLocaleString("en")} steps and ${Math.round(progress.seconds / 60)} minutes, from ${plan.init ? `the weights of \`${plan.init}\`` : "noise"}:

\`\`\`
${command}
\`\`\`

| | |
|---|---|
| data | ${folders.map((folder) => `\`${folder}\``).join(", ")}: ${counts.train.toLocaleString("en")} images, ${counts.heldOut} more held out |
| terms | ${terms ?? "those of the data"} |
| samples | ${plan.cut === "aligned" ? "whole images at random zoom, mirrored" : "patches from anywhere, mirrored"}; ${plan.sizes ? `${plan.sizes.join(" and ")} pixels` : "42 and 64 pixels most, 32–96 seen"} |
| orientations | ${orientations}: what the encoder tries of a picture's ways up and mirror images |
| weights | averaged over the last thousand steps or so |

## Held-out images

Estimated bytes of payload and PSNR, at the end:

| size | quality | bytes | PSNR |
|---|---|---|---|
${points.map((point) => `| ${point.size}×${point.size} | ${point.quality} | ${point.bytes.toFixed(1)} | ${point.psnr.toFixed(2)} dB |`).join("\n")}

The curve, at ${size}×${size} and quality ${QUALITY}:

| samples | bytes | PSNR |
|---|---|---|
${evaluations.map((report) => curveRow(report, size)).join("\n")}
`;
}

function curveRow({ samples, heldOut }: RunReport, size: number): string {
  const point = heldOut?.find((point) => point.size === size && point.quality === QUALITY);
  return `| ${samples.toLocaleString("en")} | ${point?.bytes.toFixed(1)} | ${point?.psnr.toFixed(2)} dB |`;
}

async function readLog(path: string): Promise<RunReport[]> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as RunReport);
}
