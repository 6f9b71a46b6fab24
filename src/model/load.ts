import { SCALES, SymbolTables } from "../codec/entropy/symbol-tables.ts";
import { ZippyNetError } from "../codec/errors.ts";
import type { IntegerConvolution } from "../codec/integer/convolution.ts";
import {
  ANALYSIS_ENDS,
  inIntegers,
  type QuantisedConvolution,
  SYNTHESIS_ENDS,
} from "../codec/integer/fixed-point.ts";
import { IntegerLayers } from "../codec/integer/layers.ts";
import type { Decoder, Model } from "../codec/model.ts";
import { type Architecture, QUALITIES } from "../codec/network/architecture.ts";
import {
  LEVEL_LIMIT,
  networkName,
  networkShapes,
  networks,
  type PriorEngine,
  type PriorLayer,
  type PriorNetwork,
  type PriorWeights,
} from "../codec/network/prior.ts";
import { KernelPrior, priorConvolutions } from "../codec/network/prior-kernel.ts";
import { analysisShapes, type ConvolutionShape, synthesisShapes } from "../codec/network/transforms.ts";
import { Relaxation } from "../codec/rdo/relaxed-networks.ts";
import { BLOBS, type BlobName, type Manifest, parseManifest } from "./manifest.ts";
import { type DType, readSafetensors, type SafeArrays, type SafeTensors } from "./safetensors.ts";

/** Gives a file of a model folder; rejects if it is not there. */
export type ReadFile = (name: string) => Promise<Uint8Array>;

/** The three blobs of a model, checked against its manifest. */
export type Blobs = Readonly<Record<BlobName, SafeTensors>>;

/** Makes the engine that computes the prior: the fast one unless told. */
export type MakeEngine = (architecture: Architecture, weights: PriorWeights) => PriorEngine;

type Described = Pick<Manifest, "number" | "name" | "architecture" | "orientations">;

/**
 * Loads a model: manifest, hash of each blob, shapes, the proof that its integers fit. Throws `bad-model` on the first that does
 * not hold.
 */
export async function loadModel(read: ReadFile): Promise<Model> {
  const { manifest, blobs } = await readBlobs(BLOBS, read);
  return buildModel(manifest, blobs);
}

/** The same without `g_a`, which is not read: for who only decodes. */
export async function loadDecoder(read: ReadFile): Promise<Decoder> {
  const { manifest, blobs } = await readBlobs(["g_s", "prior"], read);
  return buildDecoder(manifest, blobs);
}

export function buildModel(manifest: Described, blobs: Blobs, engine?: MakeEngine): Model {
  const { architecture } = manifest;
  const gain = floats(blobs.g_a, "gain", [QUALITIES, architecture.latentChannels]);
  const stored = analysisShapes(architecture).map((shape) => storedConvolution(blobs.g_a, shape));
  const analysis = new IntegerLayers(inIntegers(stored, ANALYSIS_ENDS));
  const { weights, synthesis, decoder } = build(manifest, blobs, engine);
  let relaxation: Relaxation | undefined;
  return {
    ...decoder,
    analysis,
    gain,
    relaxation() {
      relaxation ??= new Relaxation(
        architecture,
        synthesis,
        priorConvolutions(architecture, weights),
        decoder.tables,
      );
      return relaxation;
    },
    dispose() {
      analysis.dispose();
      relaxation = undefined;
      decoder.dispose();
    },
  };
}

export function buildDecoder(
  manifest: Described,
  blobs: Pick<Blobs, "g_s" | "prior">,
  engine?: MakeEngine,
): Decoder {
  return build(manifest, blobs, engine).decoder;
}

function onKernel(architecture: Architecture, weights: PriorWeights): PriorEngine {
  return new KernelPrior(architecture, weights);
}

function build(
  { number, name, architecture, orientations }: Described,
  blobs: Pick<Blobs, "g_s" | "prior">,
  engine: MakeEngine = onKernel,
): { weights: PriorWeights; synthesis: ReadonlyMap<string, IntegerConvolution>; decoder: Decoder } {
  const weights = priorWeights(architecture, blobs.prior);
  const tables = symbolTables(blobs.prior);
  const inverseGain = floats(blobs.g_s, "inverse_gain", [QUALITIES, architecture.latentChannels]);
  const levels = tensor(blobs.prior, "levels", "I8", [QUALITIES]);
  if (levels.some((level) => Math.abs(level) > LEVEL_LIMIT)) {
    throw new ZippyNetError("bad-model", `levels: expected values within ±${LEVEL_LIMIT}`);
  }
  const stored = synthesisShapes(architecture).map((shape) => storedConvolution(blobs.g_s, shape));
  const convolutions = inIntegers(stored, SYNTHESIS_ENDS);
  const synthesis = new IntegerLayers(convolutions);
  const prior = engine(architecture, weights);
  const dispose = (): void => {
    synthesis.dispose();
    prior.dispose();
  };
  const decoder = {
    number,
    name,
    architecture,
    orientations,
    synthesis,
    prior,
    tables,
    inverseGain,
    levels,
    dispose,
  };
  return { weights, synthesis: convolutions, decoder };
}

/** A model's manifest and some of its blobs, of which sizes and hashes are checked. */
export async function readBlobs<N extends BlobName>(
  names: readonly N[],
  read: ReadFile,
): Promise<{ manifest: Manifest; blobs: Pick<Blobs, N> }> {
  const manifest = parseManifest(new TextDecoder().decode(await read("manifest.json")));
  const blobs = await Promise.all(
    names.map(async (name) => [name, await readBlob(manifest, name, read)] as const),
  );
  return { manifest, blobs: Object.fromEntries(blobs) as Pick<Blobs, N> };
}

async function readBlob(
  { blobs, name: model }: Manifest,
  name: BlobName,
  read: ReadFile,
): Promise<SafeTensors> {
  const { file, bytes, sha256 } = blobs[name];
  const content = await read(file);
  if (content.length !== bytes) {
    throw new ZippyNetError("bad-model", `${model}/${file}: expected ${bytes} bytes, got ${content.length}`);
  }
  const found = await sha256Hex(content);
  if (found !== sha256) {
    throw new ZippyNetError("bad-model", `${model}/${file}: expected SHA-256 ${sha256}, got ${found}`);
  }
  return readSafetensors(content);
}

/** Through Web Crypto, which Node and browsers share. */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The integer layers of every network of the prior. */
export function priorWeights(architecture: Architecture, blob: SafeTensors): PriorWeights {
  const weights: PriorNetwork[][] = [];
  for (const { slice, pass } of networks(architecture)) {
    const layers = networkShapes(architecture, slice, pass).map((shape, index): PriorLayer => {
      const name = `${networkName(slice, pass)}.conv${index}`;
      return {
        shape,
        kernel: tensor(blob, `${name}.kernel`, "I8", shape),
        bias: tensor(blob, `${name}.bias`, "I32", [shape[3]]),
        multiplier: tensor(blob, `${name}.multiplier`, "F32", [shape[3]]),
      };
    });
    weights[slice] ??= [];
    weights[slice][pass] = layers as unknown as PriorNetwork;
  }
  return weights;
}

/** Frequencies are stored one scale after the other, with the length of each. */
export function symbolTables(blob: SafeTensors): SymbolTables {
  const lengths = tensor(blob, "tables.lengths", "U16", [SCALES]);
  const total = lengths.reduce((a, b) => a + b, 0);
  const frequencies = tensor(blob, "tables.frequencies", "U16", [total]);
  let at = 0;
  return new SymbolTables(
    Array.from(lengths, (length) => {
      at += length;
      return frequencies.subarray(at - length, at);
    }),
  );
}

/** A convolution of `g_a` or `g_s` as its blob has it. */
export function storedConvolution(blob: SafeTensors, shape: ConvolutionShape): QuantisedConvolution {
  const { name, kernel } = shape;
  const out = [kernel[3]];
  return {
    ...shape,
    integers: tensor(blob, `${name}.kernel`, "I8", kernel),
    scale: floats(blob, `${name}.scale`, out),
    bias: floats(blob, `${name}.bias`, out),
  };
}

function floats(blob: SafeTensors, name: string, shape: readonly number[]): Float32Array {
  const dtype = blob.get(name)?.dtype === "F16" ? "F16" : "F32";
  return tensor(blob, name, dtype, shape);
}

/** A tensor of a blob; throws `bad-model` if it is missing or has another type or shape. */
export function tensor<D extends DType>(
  blob: SafeTensors,
  name: string,
  dtype: D,
  shape: readonly number[],
): SafeArrays[D] {
  const found = blob.get(name);
  if (!found || found.dtype !== dtype || String(found.shape) !== String(shape)) {
    const came = found ? `${found.dtype} [${found.shape}]` : "none";
    throw new ZippyNetError("bad-model", `${name}: expected ${dtype} [${shape}], got ${came}`);
  }
  return found.data as SafeArrays[D];
}
