import type { Kind } from "../codec/format/zn-file.ts";
import { decibels, lambdaOf } from "../codec/rate-distortion.ts";
import type { Target } from "../codec/target.ts";

/** A way to store a picture. */
export interface Candidate {
  readonly kind: Kind;
  readonly file: Uint8Array;
  /** Sum of squared errors of the decoded picture. */
  readonly sse: number;
  /** Of latents. */
  readonly quality?: number;
  readonly model?: number;
  /** What the model's tables say that its payload costs. */
  readonly estimatedBits?: number;
}

/** By what factor the λ of a picture may lie below its quality's, and above. */
const [CHEAPEST, DEAREST] = [0.5, 4];

/** What a target makes of candidates. */
export class Judge {
  readonly target: Target;
  readonly #samples: number;
  readonly #lambda: number;

  /** @param lambda bits that a squared error is worth, where files are made to a quality: the quality's, unless told */
  constructor(target: Target, samples: number, lambda?: number) {
    this.target = target;
    this.#samples = samples;
    this.#lambda = lambda ?? (target.kind === "quality" ? lambdaOf(target.quality) : Number.NaN);
  }

  /**
   * A judge to whom one per cent fewer bytes than a candidate's are worth one per cent more error than it has. By one λ
   * for all, easy pictures would be stored worse and hard ones better than the models code them at a quality: see
   * docs/experiments.md.
   */
  weighedBy({ file, sse }: Candidate): Judge {
    const own = (file.length * 8) / (sse + 1);
    const lambda = Math.max(this.#lambda * CHEAPEST, Math.min(this.#lambda * DEAREST, own));
    return new Judge(this.target, this.#samples, lambda);
  }

  psnr({ sse }: Candidate): number {
    return decibels(sse, this.#samples);
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

  /** What files of a quality minimise: bits and, λ · SSE. */
  loss({ file, sse }: Candidate): number {
    return file.length * 8 + this.#lambda * sse;
  }

  #compare(a: Candidate, b: Candidate): number {
    if (this.target.kind === "quality") return this.loss(a) - this.loss(b);
    const [bytes, sse] = [a.file.length - b.file.length, a.sse - b.sse];
    return this.target.kind === "psnr" ? bytes || sse : sse || bytes;
  }
}
