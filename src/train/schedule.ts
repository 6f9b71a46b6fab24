/** Share of a run at the full learning rate, before the cosine. */
const FLAT = 0.4;
/** Steps over which the learning rate rises. */
const WARM_UP = 200;

/**
 * Learning rate: a short rise, flat for 40 % of the run, then a cosine to 0.
 * @param done share of the run that is done, 0–1
 */
export function learningRate(peak: number, step: number, done: number): number {
  const rise = Math.min(1, (step + 1) / WARM_UP);
  const fall = done < FLAT ? 1 : (1 + Math.cos((Math.PI * (Math.min(1, done) - FLAT)) / (1 - FLAT))) / 2;
  return peak * rise * fall;
}
