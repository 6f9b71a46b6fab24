/**
 * The operations that the networks are wired from. Each network (`transforms.ts`, `prior.ts`) is written once, for any
 * feature map `T`: in the memory of the WebAssembly kernel (`integer/integer-layers.ts`), recorded for gradients
 * (`rdo/autodiff.ts`), or a tensor of the trainer.
 */
export interface Layers<T> {
  /** Convolution with zero padding of (size − 1)/2 on every side, and bias. */
  conv(x: T, name: string, options?: ConvOptions<T>): T;
  /** The leaky ReLU of the network. */
  activate(x: T): T;
  /** Convolution, then depth-to-space of 2 in TensorFlow's channel order. */
  up(x: T, name: string): T;
}

export interface ConvOptions<T> {
  readonly stride?: 1 | 2;
  /** Whether the activation follows. */
  readonly activate?: boolean;
  /** What the output is added to; it is not used afterwards. */
  readonly plus?: T;
  /** Only positions whose row + column has this parity are needed: the others may hold anything. */
  readonly parity?: number;
}

/** A network, whatever computes it. */
export type Network = <T>(layers: Layers<T>, x: T) => T;

export interface MapSize {
  readonly rows: number;
  readonly columns: number;
  readonly channels: number;
}

/**
 * Runs networks on integers. All engines find the same integers: that is what makes a file decode everywhere.
 */
export interface Engine {
  /**
   * @param input [rows, columns, channels]
   * @returns the map that the network gives, [rows, columns, channels]
   */
  run(input: Int16Array, size: MapSize, network: Network): Int16Array;
}

/** A convolution of a network, by name. */
export interface ConvolutionShape {
  readonly name: string;
  /** Height × width × in × out. */
  readonly kernel: readonly [number, number, number, number];
  /** Whether depth-to-space follows. */
  readonly finer?: true;
}
