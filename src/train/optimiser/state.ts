import type { Slot } from "../network/parameters.ts";

/** Of all kernels, one after the other: of its input channels, then of its output channels, square matrices by rows. */
export interface EigenbasesState {
  /** Averaged products of gradients. */
  readonly factors: Float32Array;
  /** Their eigenvectors, as columns. */
  readonly bases: Float32Array;
}

/** The optimiser's state, for a checkpoint; vectors of one length but for those of the bases. */
export interface OptimiserState extends EigenbasesState {
  readonly step: number;
  readonly parameters: Float32Array;
  readonly average: Float32Array;
  /** Moments of the gradient in the bases' coordinates. */
  readonly first: Float32Array;
  readonly second: Float32Array;
}

/** The state for weights before any gradient is known. */
export function initialState(slots: readonly Slot[], parameters: Float32Array): OptimiserState {
  const zeros = () => new Float32Array(parameters.length);
  const average = parameters.slice();
  return { step: 0, parameters, average, first: zeros(), second: zeros(), ...noEigenbases(slots) };
}

/** The state before the first step: nothing observed. */
export function noEigenbases(slots: readonly Slot[]): EigenbasesState {
  const size = slots.reduce((total, slot) => {
    const [, input, output] = kernelShape(slot) ?? [0, 0, 0];
    return total + input ** 2 + output ** 2;
  }, 0);
  return { factors: new Float32Array(size), bases: new Float32Array(size) };
}

/** [size², in, out] of the kernel of a convolution; undefined for what is none. */
export function kernelShape({ shape }: Slot): readonly [number, number, number] | undefined {
  const [height, width, input, output] = shape;
  return output === undefined ? undefined : [height! * width!, input!, output];
}
