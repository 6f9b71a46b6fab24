import type { Architecture } from "../../codec/network/architecture.ts";
import { levelOf } from "../../codec/rate-distortion.ts";
import { QUALITIES } from "../../codec/target.ts";
import type { Blobs } from "../../model/load-decoder.ts";
import type { SafeTensor, SafeTensors } from "../../model/safetensors.ts";
import {
  analysisWeights,
  priorWeights,
  synthesisWeights,
  type TransformWeights,
} from "../../model/weights.ts";
import { layerUnits } from "../network/quantise.ts";

/**
 * The float weights that a model's integers stand for, by the names that training uses: `export.ts` turned round.
 * Exported again they give the same integers.
 */
export function floatWeights(architecture: Architecture, { g_a, g_s, prior }: Blobs): SafeTensors {
  const weights = new Map<string, SafeTensor>();
  const put = (name: string, shape: readonly number[], data: Float32Array) =>
    weights.set(name, { dtype: "F32", shape, data });
  const transform = ({ layers, gain }: TransformWeights, gainName: string): void => {
    for (const { name, kernel, integers, scale, bias } of layers) {
      put(`${name}.kernel`, kernel, scaled(integers, scale));
      put(`${name}.bias`, [bias.length], bias);
    }
    const channels = architecture.latentChannels;
    put(gainName, [3, channels], gainCoefficients(gain, channels));
  };
  transform(analysisWeights(g_a, architecture), "gain");
  transform(synthesisWeights(g_s, architecture), "inverse_gain");
  for (const { name, kernel, layer, integers, bias, multiplier } of priorWeights(prior, architecture)
    .layers) {
    const { inputs, outputs } = layerUnits(architecture, layer);
    const scale = multiplier.map((value, o) => (value * inputs.unit) / outputs.unit[o]!);
    put(`${name}.kernel`, kernel, scaled(integers, scale));
    const floats = Float32Array.from(
      bias,
      (value, o) => (value * scale[o]!) / inputs.unit - outputs.offset[o]! / outputs.unit[o]!,
    );
    put(`${name}.bias`, [floats.length], floats);
  }
  return weights;
}

function scaled(integers: Int8Array, scale: Float32Array): Float32Array {
  return Float32Array.from(integers, (value, at) => value * scale[at % scale.length]!);
}

/**
 * g₀, g₁, g₂ of each channel from exp(g₀ + g₁·l + g₂·l²) at the levels of three qualities (Newton's divided
 * differences).
 */
function gainCoefficients(table: Float32Array, channels: number): Float32Array {
  const qualities = [1, QUALITIES / 2, QUALITIES] as const;
  const [a, b, c] = qualities.map(levelOf) as [number, number, number];
  const out = new Float32Array(3 * channels);
  for (let channel = 0; channel < channels; channel++) {
    const [atA, atB, atC] = qualities.map((q) => Math.log(table[(q - 1) * channels + channel]!)) as [
      number,
      number,
      number,
    ];
    const slope = (atB - atA) / (b - a);
    const bend = ((atC - atB) / (c - b) - slope) / (c - a);
    out[channel] = atA - slope * a + bend * a * b;
    out[channels + channel] = slope - bend * (a + b);
    out[2 * channels + channel] = bend;
  }
  return out;
}
