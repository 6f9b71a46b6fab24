import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Architecture, ConvolutionShape } from "../../codec/network/architecture.ts";
import { LATENT_UNIT } from "../../codec/network/prior.ts";
import {
  analysisShapes,
  FEATURE_LIMIT,
  FEATURE_UNIT,
  synthesisShapes,
} from "../../codec/network/transforms.ts";
import { levelOf } from "../../codec/rate-distortion.ts";
import { QUALITIES } from "../../codec/target.ts";
import { type Blobs, sha256Hex } from "../../model/load-decoder.ts";
import { BLOBS, type BlobName, type Licence, type Manifest } from "../../model/manifest.ts";
import { type SafeTensor, writeSafetensors } from "../../model/safetensors.ts";
import { priorWeights } from "../../model/weights.ts";
import type { FloatTensor, FloatWeights } from "../network/parameters.ts";
import { type FloatLayer, quantisePrior, toInt8 } from "../network/quantise.ts";
import { replaceFolder } from "./destination.ts";

export interface ExportOptions {
  readonly number: number;
  readonly name: string;
  readonly description: string;
  readonly supersedes?: Manifest["supersedes"];
  readonly architecture: Architecture;
  /** How many orientations its files use: 1, 2, 4 or 8. */
  readonly orientations: Manifest["orientations"];
  /** Float weights; `gain` and `inverse_gain` are [3, latentChannels] coefficients of the level. */
  readonly weights: FloatWeights;
  /** Frequencies of each scale, see `tables.ts`. */
  readonly tables: readonly Uint16Array[];
  readonly licence: Licence;
  /** Further files of the folder by name, the model card for example. */
  readonly files: ReadonlyMap<string, string>;
}

/** Writes a model folder, whole or not at all: blobs, manifest, further files. Other files of the folder stay. */
export async function exportModel(folder: string, options: ExportOptions): Promise<Manifest> {
  const { number, name, description, supersedes, architecture, orientations, licence } = options;
  const files = new Map<string, Uint8Array | string>(options.files);
  const blobs = packModel(options);
  const described = await Promise.all(
    BLOBS.map(async (blob) => {
      const file = `${blob}.safetensors`;
      const bytes = writeSafetensors(blobs[blob]);
      files.set(file, bytes);
      return [blob, { file, bytes: bytes.length, sha256: await sha256Hex(bytes) }] as const;
    }),
  );
  const manifest: Manifest = {
    format: 3,
    number,
    name,
    description,
    released: false,
    ...(supersedes && { supersedes }),
    ...licence,
    architecture,
    orientations,
    blobs: Object.fromEntries(described) as Record<BlobName, (typeof described)[number][1]>,
  };
  files.set("manifest.json", `${JSON.stringify(manifest, null, 2)}\n`);
  await replaceFolder(folder, async (draft) => {
    for (const [file, content] of files) await writeFile(join(draft, file), content);
  });
  return manifest;
}

/** The blobs of a model: transforms in 8 bits, the prior in integers, gains and levels by quality. */
export function packModel({
  architecture,
  weights,
  tables,
}: Omit<ExportOptions, "files" | "licence">): Blobs {
  const prior = new Map<string, SafeTensor>();
  const quantised = quantisePrior(architecture, (name) => floatLayer(weights, name));
  for (const { name, kernel: shape, integers, bias, multiplier } of quantised) {
    prior.set(`${name}.kernel`, { dtype: "I8", shape, data: integers });
    prior.set(`${name}.bias`, { dtype: "I32", shape: [bias.length], data: bias });
    prior.set(`${name}.multiplier`, { dtype: "F32", shape: [multiplier.length], data: multiplier });
  }
  const levels = Int8Array.from({ length: QUALITIES }, (_, i) => Math.round(levelOf(i + 1) * LATENT_UNIT));
  prior.set("levels", { dtype: "I8", shape: [QUALITIES], data: levels });
  const lengths = Uint16Array.from(tables, (table) => table.length);
  const frequencies = Uint16Array.from(tables.flatMap((table) => [...table]));
  prior.set("tables.lengths", { dtype: "U16", shape: [lengths.length], data: lengths });
  prior.set("tables.frequencies", { dtype: "U16", shape: [frequencies.length], data: frequencies });
  priorWeights(prior, architecture); // throws if anything is not legal
  const g_a = packConvolutions(weights, analysisShapes(architecture));
  g_a.set("gain", gainTable(weights, "gain"));
  return { g_a, g_s: packSynthesis(architecture, weights), prior };
}

/** The blob of a synthesis network: `g_s` of a model, or that of a further look. */
export function packSynthesis(architecture: Architecture, weights: FloatWeights): Map<string, SafeTensor> {
  const g_s = packConvolutions(weights, synthesisShapes(architecture));
  g_s.set("inverse_gain", gainTable(weights, "inverse_gain"));
  return g_s;
}

function packConvolutions(
  weights: FloatWeights,
  shapes: readonly ConvolutionShape[],
): Map<string, SafeTensor> {
  const blob = new Map<string, SafeTensor>();
  for (const { name, kernel: shape } of shapes) {
    const layer = floatLayer(weights, name);
    const { scale, data } = toInt8(layer, { unit: FEATURE_UNIT, limit: FEATURE_LIMIT });
    blob.set(`${name}.kernel`, { dtype: "I8", shape, data });
    blob.set(`${name}.scale`, { dtype: "F32", shape: [shape[3]], data: scale });
    blob.set(`${name}.bias`, { dtype: "F32", shape: [shape[3]], data: layer.bias });
  }
  return blob;
}

/** exp(g₀ + g₁·l + g₂·l²) of every quality and channel, spelt out so that no decoder needs `exp`. */
function gainTable(weights: FloatWeights, name: string): SafeTensor {
  const { shape, data } = find(weights, name);
  const channels = shape[1]!;
  const table = new Float32Array(QUALITIES * channels);
  for (let i = 0; i < table.length; i++) {
    const [l, c] = [levelOf(Math.floor(i / channels) + 1), i % channels];
    table[i] = Math.exp(data[c]! + data[channels + c]! * l + data[2 * channels + c]! * l * l);
  }
  return { dtype: "F32", shape: [QUALITIES, channels], data: table };
}

function floatLayer(weights: FloatWeights, name: string): FloatLayer {
  return { kernel: find(weights, `${name}.kernel`).data, bias: find(weights, `${name}.bias`).data };
}

function find(weights: FloatWeights, name: string): FloatTensor {
  const tensor = weights.get(name);
  if (!tensor) throw new Error(`the weights have no tensor ${name}`);
  return tensor;
}
