import type {
  Architecture,
  ConvOptions,
  ConvolutionShape,
  Engine,
  Layers,
  MapSize,
  Network,
} from "./network/architecture.ts";
import { priorShapes } from "./network/prior.ts";
import { analysisShapes, synthesisShapes } from "./network/transforms.ts";

/**
 * What one encoding may cost. Every pass of a network is counted; searches ask before each further step whether
 * anything is left, and end with the best that they have. The first pass is always made, so that there is a file.
 * A budget of multiplications gives the same file on every machine; the deadline is for machines that are slower than
 * expected.
 * @example
 * const budget = new Budget({ multiplications: 50e9, deadline: performance.now() + 20_000 });
 * const { file } = encodeImage(metered(model, budget), image, 50, 9);
 * if (budget.cut) console.log("better files were possible");
 */
export class Budget {
  readonly #multiplications: number;
  readonly #deadline: number;
  #spent = 0;
  #cut = false;

  /** @param deadline in milliseconds, on the clock of `performance.now()` */
  constructor({
    multiplications = Number.POSITIVE_INFINITY,
    deadline = Number.POSITIVE_INFINITY,
  }: {
    readonly multiplications?: number;
    readonly deadline?: number;
  }) {
    this.#multiplications = multiplications;
    this.#deadline = deadline;
  }

  /** Multiplications so far. */
  get spent(): number {
    return this.#spent;
  }

  /** Whether a search was cut short. */
  get cut(): boolean {
    return this.#cut;
  }

  spend(multiplications: number): void {
    this.#spent += multiplications;
  }

  /** Whether the budget is spent. A search that asks has to end then, and `cut` says so. */
  isSpent(): boolean {
    return !this.allows(1);
  }

  /** Whether a step of this cost fits in what is left. One that does not is left out, and `cut` says so. */
  allows(multiplications: number): boolean {
    const fits = this.#spent + multiplications <= this.#multiplications && performance.now() < this.#deadline;
    this.#cut ||= !fits;
    return fits;
  }
}

/** The networks of a model; see `model.ts`. */
interface Networks {
  readonly architecture: Architecture;
  readonly analysis: Engine;
  readonly synthesis: Engine;
  readonly prior: Engine;
}

/** The model, whose networks count their cost in the budget. */
export function metered<M extends Networks>(model: M, budget: Budget): M & { readonly budget: Budget } {
  const { architecture } = model;
  return {
    ...model,
    budget,
    analysis: meteredEngine(model.analysis, analysisShapes(architecture), budget),
    synthesis: meteredEngine(model.synthesis, synthesisShapes(architecture), budget),
    prior: meteredEngine(model.prior, priorShapes(architecture), budget),
  };
}

function meteredEngine(engine: Engine, shapes: ReturnType<typeof analysisShapes>, budget: Budget): Engine {
  const byName = new Map(shapes.map((shape) => [shape.name, shape]));
  return {
    run(input: Int16Array, size: MapSize, network: Network): Int16Array {
      budget.spend(multiplicationsOf(byName, size, network));
      return engine.run(input, size, network);
    },
  };
}

/** Multiplications that a network takes for a map of a size. Its time is proportional to them. */
export function multiplicationsOf(
  shapes: ReadonlyMap<string, ConvolutionShape>,
  size: MapSize,
  network: Network,
): number {
  const counting = new CountingLayers(shapes);
  network(counting, size);
  return counting.count;
}

/** Layers that compute sizes alone. */
class CountingLayers implements Layers<MapSize> {
  count = 0;
  readonly #shapes: ReadonlyMap<string, ConvolutionShape>;

  constructor(shapes: ReadonlyMap<string, ConvolutionShape>) {
    this.#shapes = shapes;
  }

  conv(x: MapSize, name: string, { stride = 1, parity }: ConvOptions<MapSize> = {}): MapSize {
    const out = { rows: x.rows / stride, columns: x.columns / stride };
    const share = parity === undefined ? 1 : 0.5; // every other position
    return { ...out, channels: this.#multiply(name, out.rows * out.columns * share) };
  }

  activate(x: MapSize): MapSize {
    return x;
  }

  up(x: MapSize, name: string): MapSize {
    const channels = this.#multiply(name, x.rows * x.columns) / 4;
    return { rows: x.rows * 2, columns: x.columns * 2, channels };
  }

  /** Counts a convolution at so many positions; returns its output channels. */
  #multiply(name: string, positions: number): number {
    const [height, width, from, to] = this.#shapes.get(name)!.kernel;
    this.count += positions * height * width * from * to;
    return to;
  }
}
