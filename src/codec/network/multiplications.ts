import type { ConvOptions, ConvolutionShape, Layers, MapSize, Network } from "./layers.ts";

/** How many multiplications a network takes for a map of a size: what its time is proportional to. */
export function multiplicationsOf(
  shapes: ReadonlyMap<string, ConvolutionShape>,
  size: MapSize,
  network: Network,
): number {
  const counting = new CountingLayers(shapes);
  network(counting, size);
  return counting.count;
}

/** Feature maps without their features. */
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

  /** Counts a convolution at so many positions; gives its channels. */
  #multiply(name: string, positions: number): number {
    const [height, width, from, to] = this.#shapes.get(name)!.kernel;
    this.count += positions * height * width * from * to;
    return to;
  }
}
