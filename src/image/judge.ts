import type { Kind } from "../codec/file.ts";
import { decibels } from "../codec/psnr.ts";
import { priceOf } from "../codec/quality.ts";
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

/** What a target makes of candidates. */
export class Judge {
  readonly target: Target;
  readonly #samples: number;

  constructor(target: Target, samples: number) {
    this.target = target;
    this.#samples = samples;
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

  /** What a quality's files minimise: bits and, at the quality's price, squared errors. */
  loss({ file, squares }: Candidate): number {
    return this.target.kind === "quality"
      ? file.length * 8 + priceOf(this.target.quality) * squares
      : Number.NaN;
  }

  #compare(a: Candidate, b: Candidate): number {
    if (this.target.kind === "quality") return this.loss(a) - this.loss(b);
    const [bytes, squares] = [a.file.length - b.file.length, a.squares - b.squares];
    return this.target.kind === "psnr" ? bytes || squares : squares || bytes;
  }
}
