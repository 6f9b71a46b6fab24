/**
 * The widths of a model's networks; its manifest holds one. The wiring is in `transforms.ts` and `prior.ts`.
 *
 * `blocks` are the residual blocks at each resolution: 1/2, 1/4, 1/8 of the image in `g_a`, the reverse in `g_s`.
 */
export interface Architecture {
  latentChannels: number;
  slices: number;
  analysis: TransformWidths;
  synthesis: TransformWidths;
  prior: { hidden: number };
}

export interface TransformWidths {
  /** Channels at 1/2, 1/4 and 1/8 of the image's resolution. */
  widths: [number, number, number];
  blocks: [number, number, number];
}

/** Image pixels a latent position spans on each side. */
export const STRIDE = 8;
/** Checkerboard passes a slice. */
export const PASSES = 2;
/** Numbers that the prior gives for each latent: its mean and the index of its scale. */
export const MEANS_AND_SCALES = 2;

export const DEFAULT_ARCHITECTURE: Readonly<Architecture> = {
  latentChannels: 64,
  slices: 4,
  analysis: { widths: [48, 128, 256], blocks: [2, 5, 8] },
  synthesis: { widths: [48, 128, 256], blocks: [2, 5, 5] },
  prior: { hidden: 96 },
};

/** Rows and columns of latents of an image of this size. */
export function latentSize(width: number, height: number): { rows: number; columns: number } {
  return { rows: Math.ceil(height / STRIDE), columns: Math.ceil(width / STRIDE) };
}

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
  /** The output is added to this map, which is not used afterwards. */
  readonly plus?: T;
  /** Only positions whose row + column has this parity are needed: the others may hold anything. */
  readonly parity?: number;
}

/** A network, independent of what computes it. */
export type Network = <T>(layers: Layers<T>, x: T) => T;

export interface MapSize {
  readonly rows: number;
  readonly columns: number;
  readonly channels: number;
}

/** Runs networks on integers. All engines give the same integers, so a file decodes in the same way everywhere. */
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

/**
 * What a synthesis network is for. `faithful` is as near to the original as it can be, sample by sample. `natural`
 * shows people more than the file holds: crisp hair and cloth that are likely, and not always true (docs/looks.md). A
 * file does not say which; who decodes chooses.
 */
export const LOOKS = ["faithful", "natural"] as const;
export type Look = (typeof LOOKS)[number];
