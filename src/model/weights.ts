import { SCALES, SymbolTables } from "../codec/entropy/symbol-tables.ts";
import { ZippyNetError } from "../codec/errors.ts";
import type { PriorLayer, QuantisedConvolution } from "../codec/integer/convolution.ts";
import type { Architecture } from "../codec/network/architecture.ts";
import { LEVEL_LIMIT, priorShapes } from "../codec/network/prior.ts";
import { analysisShapes, synthesisShapes } from "../codec/network/transforms.ts";
import { QUALITIES } from "../codec/target.ts";
import type { DType, SafeArrays, SafeTensors } from "./safetensors.ts";

/** The weights of `g_a` or `g_s`. */
export interface TransformWeights {
  readonly layers: QuantisedConvolution[];
  /** `gain` of `g_a`, `inverse_gain` of `g_s`: [100, latentChannels]. */
  readonly gain: Float32Array;
}

/**
 * `g_a` from its blob. Throws `bad-model`, as all functions here, unless every tensor is as docs/format.md says, and
 * there is no other.
 */
export function analysisWeights(blob: SafeTensors, architecture: Architecture): TransformWeights {
  return transformWeights(blob, architecture, analysisShapes(architecture), "gain");
}

/** `g_s` from its blob. */
export function synthesisWeights(blob: SafeTensors, architecture: Architecture): TransformWeights {
  return transformWeights(blob, architecture, synthesisShapes(architecture), "inverse_gain");
}

function transformWeights(
  blob: SafeTensors,
  { latentChannels }: Architecture,
  shapes: ReturnType<typeof analysisShapes>,
  gainName: string,
): TransformWeights {
  const tensors = new Tensors(blob);
  const layers = shapes.map((shape) => {
    const { name, kernel } = shape;
    const out = [kernel[3]];
    return {
      ...shape,
      integers: tensors.take(`${name}.kernel`, "I8", kernel),
      scale: tensors.floats(`${name}.scale`, out, 0),
      bias: tensors.floats(`${name}.bias`, out),
    };
  });
  const gain = tensors.floats(gainName, [QUALITIES, latentChannels], 0);
  tensors.end();
  return { layers, gain };
}

/** The weights of the prior. */
export interface PriorWeights {
  /** In coding order. */
  readonly layers: PriorLayer[];
  readonly tables: SymbolTables;
  /** The quality feature of each quality, in 32nds. */
  readonly levels: Int8Array;
}

/** The prior from its blob. */
export function priorWeights(blob: SafeTensors, architecture: Architecture): PriorWeights {
  const tensors = new Tensors(blob);
  const layers = priorShapes(architecture).map((shape) => {
    const { name, kernel } = shape;
    const out = [kernel[3]];
    return {
      ...shape,
      integers: tensors.take(`${name}.kernel`, "I8", kernel),
      bias: tensors.take(`${name}.bias`, "I32", out),
      multiplier: tensors.float32(`${name}.multiplier`, out, 0),
    };
  });
  const levels = tensors.take("levels", "I8", [QUALITIES]);
  if (levels.some((level) => Math.abs(level) > LEVEL_LIMIT))
    throw bad(`levels: expected values within ±${LEVEL_LIMIT}`);
  const tables = readTables(tensors);
  tensors.end();
  return { layers, tables, levels };
}

/** Frequencies are stored one scale after the other, with the length of each. */
function readTables(tensors: Tensors): SymbolTables {
  const lengths = tensors.take("tables.lengths", "U16", [SCALES]);
  const total = lengths.reduce((a, b) => a + b, 0);
  const frequencies = tensors.take("tables.frequencies", "U16", [total]);
  let at = 0;
  return new SymbolTables(
    Array.from(lengths, (length) => {
      at += length;
      return frequencies.subarray(at - length, at);
    }),
  );
}

/** The tensors of a blob, each to be taken once. */
class Tensors {
  readonly #blob: SafeTensors;
  readonly #left: Set<string>;

  constructor(blob: SafeTensors) {
    this.#blob = blob;
    this.#left = new Set(blob.keys());
  }

  /** Throws if it is missing, or has another type or shape. */
  take<D extends DType>(name: string, dtype: D, shape: readonly number[]): SafeArrays[D] {
    const found = this.#blob.get(name);
    if (!found || found.dtype !== dtype || String(found.shape) !== String(shape)) {
      const came = found ? `${found.dtype} [${found.shape}]` : "none";
      throw bad(`${name}: expected ${dtype} [${shape}], got ${came}`);
    }
    this.#left.delete(name);
    return found.data as SafeArrays[D];
  }

  /** Single or half precision. Throws if a number is not finite, or below the least. */
  floats(name: string, shape: readonly number[], least?: number): Float32Array {
    return finite(name, this.take(name, this.#blob.get(name)?.dtype === "F16" ? "F16" : "F32", shape), least);
  }

  float32(name: string, shape: readonly number[], least?: number): Float32Array {
    return finite(name, this.take(name, "F32", shape), least);
  }

  /** Throws if there are others. */
  end(): void {
    const [other] = this.#left;
    if (other !== undefined) throw bad(`${other}: expected no tensor of this name`);
  }
}

function finite(name: string, values: Float32Array, least = Number.NEGATIVE_INFINITY): Float32Array {
  const wrong = values.find((value) => !Number.isFinite(value) || value < least);
  if (wrong === undefined) return values;
  const wanted = Number.isFinite(least) ? `finite numbers of ${least} or more` : "finite numbers";
  throw bad(`${name}: expected ${wanted}, got ${wrong}`);
}

function bad(why: string): ZippyNetError {
  return new ZippyNetError("bad-model", why);
}
