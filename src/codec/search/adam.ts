const [MEMORY, MEMORY_OF_SQUARES] = [0.8, 0.99];

/** Adam (Kingma and Ba, 2015), with memories short enough for a few dozen steps. */
export class Adam {
  readonly #first: Float64Array;
  readonly #second: Float64Array;
  #steps = 0;

  constructor(length: number) {
    this.#first = new Float64Array(length);
    this.#second = new Float64Array(length);
  }

  step(values: Float32Array, gradient: Float32Array, rate: number): void {
    this.#steps++;
    const corrected = (rate * Math.sqrt(1 - MEMORY_OF_SQUARES ** this.#steps)) / (1 - MEMORY ** this.#steps);
    for (let i = 0; i < values.length; i++) {
      const g = gradient[i]!;
      this.#first[i] = MEMORY * this.#first[i]! + (1 - MEMORY) * g;
      this.#second[i] = MEMORY_OF_SQUARES * this.#second[i]! + (1 - MEMORY_OF_SQUARES) * g * g;
      values[i]! -= (corrected * this.#first[i]!) / (Math.sqrt(this.#second[i]!) + 1e-8);
    }
  }
}
