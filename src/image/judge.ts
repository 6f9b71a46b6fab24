import type { Kind } from "../codec/format/zn-file.ts";
import { decibels, lambdaOf } from "../codec/rate-distortion.ts";
import type { Target } from "../codec/target.ts";

/** One possible file of a picture. */
export interface Candidate {
  readonly kind: Kind;
  readonly file: Uint8Array<ArrayBuffer>;
  /** Sum of squared errors of the decoded picture. */
  readonly sse: number;
  /** Only for latents. */
  readonly quality?: number;
  readonly model?: number;
  /** Bits of the payload according to the tables of the model. */
  readonly estimatedBits?: number;
}

/** What twice the bytes of a classical codec bring, about. */
const DECIBELS_PER_DOUBLING = 5.5;

/** How far, as a factor, the λ of a picture may be below and above that of its quality. */
const [CHEAPEST, DEAREST] = [0.5, 4];

/** Compares candidates by a target. */
export class Judge {
  readonly target: Target;
  readonly #samples: number;
  readonly #lambda: number;

  /**
   * @param lambda bits that a unit of squared error is worth, if the target is a quality; by default that of the
   *   quality
   */
  constructor(target: Target, samples: number, lambda?: number) {
    this.target = target;
    this.#samples = samples;
    this.#lambda = lambda ?? (target.kind === "quality" ? lambdaOf(target.quality) : Number.NaN);
  }

  /**
   * A judge for which one per cent fewer bytes than those of a candidate are worth one per cent more of its error. With
   * one λ for all pictures, easy ones would be stored worse, and hard ones better, than models code them at a quality:
   * see docs/experiments.md.
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

  /** By how much a candidate meets the target, in dB or in what the bytes would be worth; below 0 if it misses. */
  margin(candidate: Candidate): number {
    const { target } = this;
    if (target.kind === "psnr") return this.psnr(candidate) - target.decibels;
    if (target.kind === "quality") return 0;
    return DECIBELS_PER_DOUBLING * Math.log2(target.maxBytes / candidate.file.length);
  }

  /**
   * Whether a classical file would be larger than its rival if it had the rival's PSNR; never if the rival is lossless,
   * as that PSNR is infinite.
   * @param saving the share of its bytes that a better way to code it may need, 0–1
   */
  isHopeless(candidate: Candidate, rival: Candidate, saving: number): boolean {
    if (rival.sse === 0) return false;
    const doublings = (this.psnr(rival) - this.psnr(candidate)) / DECIBELS_PER_DOUBLING;
    return candidate.file.length * 2 ** doublings * saving > rival.file.length;
  }

  /** The best of the candidates that meet the target, if any does. */
  best<C extends Candidate>(candidates: readonly C[]): C | undefined {
    return candidates
      .filter((candidate) => this.meets(candidate))
      .reduce<C | undefined>((a, b) => (a && this.#compare(a, b) <= 0 ? a : b), undefined);
  }

  /** What is minimised for a given quality: bits + λ · SSE. */
  loss({ file, sse }: Candidate): number {
    return file.length * 8 + this.#lambda * sse;
  }

  #compare(a: Candidate, b: Candidate): number {
    if (this.target.kind === "quality") return this.loss(a) - this.loss(b);
    const [bytes, sse] = [a.file.length - b.file.length, a.sse - b.sse];
    return this.target.kind === "psnr" ? bytes || sse : sse || bytes;
  }
}
