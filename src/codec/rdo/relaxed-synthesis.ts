import { FEATURE_LIMIT, FEATURE_UNIT } from "../integer/fixed-point.ts";
import type { Architecture } from "../network/architecture.ts";
import { LEVEL } from "../network/space-to-depth.ts";
import { synthesis } from "../network/transforms.ts";
import type { Tape } from "./autodiff.ts";

/** What is to be reconstructed. */
export interface Picture {
  /** [4·rows, 4·columns, 12] blocks of the image in `PICTURE_UNIT`, and 1 where they are not padding. */
  readonly blocks: Int16Array;
  readonly mask: Float32Array;
  /** Inverse gain of each channel. */
  readonly inverseGain: Float32Array;
}

/** `g_s` of latents between whole numbers. */
export class RelaxedSynthesis {
  readonly #architecture: Architecture;
  readonly #tape: Tape;

  /** @param tape with the convolutions of `g_s`, of the size of the latents */
  constructor(architecture: Architecture, tape: Tape) {
    this.#architecture = architecture;
    this.#tape = tape;
  }

  /** Sum of squared errors of 8-bit samples, neither rounded nor clipped, and its gradient with respect to `y_hat`. */
  distortion(
    { blocks, mask, inverseGain }: Picture,
    yHat: Float32Array,
  ): { sse: number; gradient: Float32Array } {
    const channels = this.#architecture.latentChannels;
    const input = new Int16Array(yHat.length);
    for (let i = 0; i < input.length; i++) {
      const scaled = Math.round(yHat[i]! * inverseGain[i % channels]! * FEATURE_UNIT);
      input[i] = Math.max(-FEATURE_LIMIT, Math.min(FEATURE_LIMIT, scaled));
    }
    const recording = this.#tape.record("g_s", input, (layers, x) =>
      synthesis(this.#architecture, layers, x),
    );
    const { output } = recording;
    const byOutput = new Float32Array(output.length);
    let sse = 0;
    for (let i = 0; i < output.length; i++) {
      const error = ((output[i]! - blocks[i]!) * mask[i]!) / LEVEL;
      sse += error * error;
      byOutput[i] = (2 * error) / LEVEL;
    }
    const gradient = recording
      .back(byOutput)
      .map((value, at) => value * inverseGain[at % channels]! * FEATURE_UNIT);
    return { sse, gradient };
  }
}
