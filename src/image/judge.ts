import type { Kind } from "../codec/format/zn-file.ts";
import { decibels, priceOf } from "../codec/rate-distortion.ts";
import type { Target } from "../codec/target.ts";

/** A way to store a picture. */
export interface Candidate {
  readonly kind: Kind;
  readonly file: Uint8Array;
  /** Sum of squared errors of the decoded picture. */
  readonly squares: number;
  /** Of latents. */
  readonly quality?: number;
  readonly model?: number;
  /** What the model's tables say that its payload costs. */
  readonly estimatedBits?: number;
}

/** By what factor the price of a picture's own may lie below its quality's, and above. */
const [CHEAPEST, DEAREST] = [0.5, 4];

/** What a target makes of candidates. */
export class Judge {
  readonly target: Target;
  readonly #samples: number;
  readonly #price: number;

  /** @param price bits that a squared error is worth, where files are made to a quality: the quality's, unless told */
  constructor(target: Target, samples: number, price?: number) {
    this.target = target;
    this.#samples = samples;
    this.#price = price ?? (target.kind === "quality" ? priceOf(target.quality) : Number.NaN);
  }

  /**
   * A judge to whom one per cent fewer bytes than a candidate's are worth one per cent more error than it has. By one price for all, easy
   * pictures would be stored worse and hard ones better than the models code them at a quality: see docs/experiments.md.
   */
  pricedBy({ file, squares }: Candidate): Judge {
    const own = (file.length * 8) / (squares + 1);
    const price = Math.max(this.#price * CHEAPEST, Math.min(this.#price * DEAREST, own));
    return new Judge(this.target, this.#samples, price);
  }

  psnr({ squares }: Candidate): number {
    return decibels(squares, this.#samples);
  }

  meets(candidate: Candidate): boolean {
    const { target } = this;
    if (target.kind === "psnr") return this.psnr(candidate) >= target.decibels;
    return target.kind === "quality" || candidate.file.length <= target.maxBytes;
  }

  /** The best of those that meet the target, if any does. */
  best<C extends Candidate>(candidates: readonly C[]): C | undefined {
    return candidates
      .filter((candidate) => this.meets(candidate))
      .reduce<C | undefined>((a, b) => (a && this.#compare(a, b) <= 0 ? a : b), undefined);
  }

  /** What files of a quality minimise: bits and, at a price, squared errors. */
  loss({ file, squares }: Candidate): number {
    return file.length * 8 + this.#price * squares;
  }

  #compare(a: Candidate, b: Candidate): number {
    if (this.target.kind === "quality") return this.loss(a) - this.loss(b);
    const [bytes, squares] = [a.file.length - b.file.length, a.squares - b.squares];
    return this.target.kind === "psnr" ? bytes || squares : squares || bytes;
  }
}
