import { type Failure, isFailure } from "../results.ts";
import type { ObjectDone, ObjectResult } from "./object-work.ts";

/** Failures that `--json` lists. The others are only counted; all are reported on standard error. */
const LISTED = 10_000;

/** The results of many objects, summed up in little memory. */
export class Summary {
  readonly outcomes: Partial<Record<ObjectDone["outcome"], number>> = {};
  /** Objects that were verified, by their models. */
  readonly models: Record<string, number> = {};
  readonly failures: Failure[] = [];
  failed = 0;
  bytesBefore = 0;
  bytesAfter = 0;
  readonly #onFailure: (failure: Failure) => void;

  /** `onFailure` is called with each failure as it comes. */
  constructor(onFailure: (failure: Failure) => void) {
    this.#onFailure = onFailure;
  }

  add(result: ObjectResult): void {
    if (isFailure(result)) {
      this.failed++;
      if (this.failures.length < LISTED) this.failures.push(result);
      this.#onFailure(result);
      return;
    }
    const { outcome, model, bytesBefore = 0, bytesAfter = 0 } = result;
    if (model !== undefined) this.models[model] = (this.models[model] ?? 0) + 1;
    this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1;
    this.bytesBefore += bytesBefore;
    this.bytesAfter += bytesAfter;
  }

  of(outcome: ObjectDone["outcome"]): number {
    return this.outcomes[outcome] ?? 0;
  }

  get saved(): number {
    return this.bytesBefore - this.bytesAfter;
  }
}

/** A number of bytes for people: `1.2 MB`. */
export function bytesText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let [value, unit] = [Math.abs(bytes), 0];
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${bytes < 0 ? "−" : ""}${value.toFixed(digits)} ${units[unit]}`;
}

export function countText(count: number, singular: string, plural = `${singular}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? singular : plural}`;
}
