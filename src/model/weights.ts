import { SCALES, SymbolTables } from "../codec/entropy/symbol-tables.ts";
import { ZippyNetError } from "../codec/errors.ts";
import type { PriorLayer, QuantisedConvolution } from "../codec/integer/fixed-point.ts";
import { type Architecture, QUALITIES } from "../codec/network/architecture.ts";
import type { ConvolutionShape } from "../codec/network/layers.ts";
import { LEVEL_LIMIT, priorShapes } from "../codec/network/prior.ts";
import type { DType, SafeArrays, SafeTensors } from "./safetensors.ts";

/** The convolutions of `g_a` or `g_s` as their blob has them. */
export function transformLayers(
  blob: SafeTensors,
  shapes: readonly ConvolutionShape[],
): QuantisedConvolution[] {
  return shapes.map((shape) => {
    const { name, kernel } = shape;
    const out = [kernel[3]];
    return {
      ...shape,
      integers: tensor(blob, `${name}.kernel`, "I8", kernel),
      scale: floats(blob, `${name}.scale`, out),
      bias: floats(blob, `${name}.bias`, out),
    };
  });
}

/** The convolutions of the prior, in coding order. */
export function priorLayers(blob: SafeTensors, architecture: Architecture): PriorLayer[] {
  return priorShapes(architecture).map((shape) => {
    const { name, kernel } = shape;
    return {
      ...shape,
      integers: tensor(blob, `${name}.kernel`, "I8", kernel),
      bias: tensor(blob, `${name}.bias`, "I32", [kernel[3]]),
      multiplier: tensor(blob, `${name}.multiplier`, "F32", [kernel[3]]),
    };
  });
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

/** `gain` of `g_a` or `inverse_gain` of `g_s`: [100, latentChannels]. */
export function gains(
  blob: SafeTensors,
  name: "gain" | "inverse_gain",
  { latentChannels }: Architecture,
): Float32Array {
  return floats(blob, name, [QUALITIES, latentChannels]);
}

/** The prior's quality feature of each quality, in 32nds. */
export function qualityLevels(prior: SafeTensors): Int8Array {
  const levels = tensor(prior, "levels", "I8", [QUALITIES]);
  if (levels.some((level) => Math.abs(level) > LEVEL_LIMIT)) {
    throw new ZippyNetError("bad-model", `levels: expected values within ±${LEVEL_LIMIT}`);
  }
  return levels;
}

function floats(blob: SafeTensors, name: string, shape: readonly number[]): Float32Array {
  const dtype = blob.get(name)?.dtype === "F16" ? "F16" : "F32";
  return tensor(blob, name, dtype, shape);
}

/** A tensor of a blob; throws `bad-model` if it is missing or has another type or shape. */
function tensor<D extends DType>(
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
