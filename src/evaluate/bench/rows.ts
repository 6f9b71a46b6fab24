/** Times are milliseconds an image, or a start. */
export interface Row {
  readonly name: string;
  readonly ours: number;
  /** The same of AVIF, or of what the name says. */
  readonly avif: number;
  readonly ratio: number;
}

/** The medians of some times, in turns, and their ratio. */
export function rowOf(name: string, ours: readonly number[], theirs: readonly number[]): Row {
  const [a, b] = [median(ours), median(theirs)];
  return { name, ours: a, avif: b, ratio: a / b };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
