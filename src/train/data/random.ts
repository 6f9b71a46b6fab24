import { Mulberry32 } from "../../codec/rdo/sga.ts";

/** Random numbers for training. A checkpoint keeps their state. */
export class Random extends Mulberry32 {
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** 0 ≤ whole number < count. */
  below(count: number): number {
    return Math.floor(this.uniform() * count);
  }

  /** Standard normal (Box and Muller 1958). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }
}
