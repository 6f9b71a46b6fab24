import type { Picture, RelaxedSynthesis } from "./relaxation.ts";

/**
 * The sum of squared errors near some latents, without another run of `g_s`:
 *
 *   SSE(at + d) ≈ SSE(at) + Σ gradient · d + Σ curvature · d²
 *
 * with one curvature a channel, and nothing for two latents together.
 */
export class LocalDistortion {
  readonly #at: Float32Array;
  readonly #gradient: Float32Array;
  readonly #curvature: Float32Array;

  /**
   * @param at `y_hat` [rows, columns, latentChannels], in quantisation steps
   * @param curvature of each channel, from `RelaxedSynthesis.curvature`
   */
  constructor(synthesis: RelaxedSynthesis, picture: Picture, at: Float32Array, curvature: Float32Array) {
    this.#at = at;
    this.#gradient = synthesis.distortion(picture, at).gradient;
    this.#curvature = curvature;
  }

  /** The gradient at other latents. */
  gradient(yHat: Float32Array): Float32Array {
    return this.#gradient.map((value, i) => value + 2 * this.#curvatureOf(i) * (yHat[i]! - this.#at[i]!));
  }

  /** The change of the error from `at` to other latents. */
  change(yHat: Float32Array): number {
    let change = 0;
    for (let i = 0; i < yHat.length; i++) change += this.changeOf(i, yHat[i]! - this.#at[i]!);
    return change;
  }

  /** The change of the error when one latent moves. */
  changeOf(i: number, by: number): number {
    return by * (this.#gradient[i]! + by * this.#curvatureOf(i));
  }

  #curvatureOf(i: number): number {
    return this.#curvature[i % this.#curvature.length]!;
  }
}
