import {
  add,
  concat,
  dispose,
  gather,
  keep,
  mul,
  reshape,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  tensor2d,
  tidy,
  topk,
  transpose,
} from "@tensorflow/tfjs-core";
import { FLOAT, matMul, native, nativeAll, splitVector } from "../network/kernels.ts";
import type { Slot } from "../network/parameters.ts";
import { type EigenbasesState, kernelShape } from "./state.ts";
import { numbersOf } from "./variables.ts";

/** Share of the past in the average of gradients' products. */
const MEMORY = 0.96;

/** One side of a kernel. */
interface Side {
  factor: Tensor2D;
  basis: Tensor2D;
}

interface Kernel {
  /** [size², in, out] */
  readonly shape: readonly [number, number, number];
  readonly input: Side;
  readonly output: Side;
}

/**
 * For the kernel of each convolution, the eigenvectors of Shampoo's two factors, E[G·Gᵀ] over its input channels and
 * E[Gᵀ·G] over its output channels: in these coordinates a gradient's elements are nearly uncorrelated, which is what
 * Adam takes them for. The rest of the vector (biases, gains) stays as it is. Vyas et al. 2024, "SOAP: Improving and
 * Stabilizing Shampoo using Adam".
 */
export class Eigenbases {
  readonly #slots: readonly Slot[];
  /** The bases of each slot; undefined where it is no kernel. */
  readonly #kernels: readonly (Kernel | undefined)[];
  #started: boolean;

  constructor(slots: readonly Slot[], { factors, bases }: EigenbasesState) {
    this.#slots = slots;
    this.#started = bases.some((value) => value !== 0);
    let at = 0;
    const side = (channels: number): Side => {
      const from = at;
      at += channels ** 2;
      const matrix = (values: Float32Array) => keep(tensor2d(values.slice(from, at), [channels, channels]));
      return { factor: matrix(factors), basis: matrix(bases) };
    };
    this.#kernels = slots.map((slot) => {
      const shape = kernelShape(slot);
      return shape && { shape, input: side(shape[1]), output: side(shape[2]) };
    });
  }

  /** False before the first gradient was observed: there are no bases to rotate into. */
  get started(): boolean {
    return this.#started;
  }

  /** Takes a gradient into the averages; the first of them makes the bases. */
  observe(gradient: Tensor1D): void {
    this.#pieces(gradient).forEach((piece, i) => {
      const kernel = this.#kernels[i];
      if (kernel) {
        tidy(() => {
          const [positions, input, output] = kernel.shape;
          const rows = reshape(piece, [positions * input, output]);
          const columns = reshape(transpose(reshape(piece, [...kernel.shape]), [1, 0, 2]), [
            input,
            positions * output,
          ]);
          average(kernel.input, matMul(columns, columns, false, true));
          average(kernel.output, matMul(rows, rows, true));
        });
      }
      piece.dispose();
    });
    if (!this.#started) this.#start();
  }

  /** The eigenvectors of what was observed. */
  #start(): void {
    this.#started = true;
    for (const side of this.#sides()) {
      tidy(() => {
        const [, vectors] = nativeAll("SelfAdjointEigV2", [side.factor], 2, {
          ...FLOAT,
          compute_v: ["BOOL", true],
        });
        replace(side, "basis", vectors as Tensor2D);
      });
    }
  }

  /**
   * Brings the bases up to what was observed since, by one step of orthogonal iteration, and Adam's moments with them.
   * @param first mean of rotated gradients: turned into the new bases
   * @param second mean of their squares: put into the order of the new bases, in which eigenvalues fall
   */
  renew(first: Tensor1D, second: Tensor1D): { first: Tensor1D; second: Tensor1D } {
    return tidy(() => {
      const lying = this.back(first);
      const ordered = this.#map(second, (squares, { input, output }) => {
        return gather(gather(squares, iterated(input), 1), iterated(output), 2);
      });
      return { first: this.rotate(lying), second: ordered };
    });
  }

  /** A vector in the coordinates of the bases. */
  rotate(vector: Tensor1D): Tensor1D {
    return this.#map(vector, (piece, { input, output }) =>
      sandwiched(input.basis, piece, output.basis, "left"),
    );
  }

  /** The inverse of `rotate`. */
  back(vector: Tensor1D): Tensor1D {
    return this.#map(vector, (piece, { input, output }) =>
      sandwiched(input.basis, piece, output.basis, "right"),
    );
  }

  state(): EigenbasesState {
    const sides = this.#sides();
    const all = (which: keyof Side) =>
      sides.length > 0
        ? numbersOf(() => concat(sides.map((side) => reshape(side[which], [-1]))))
        : new Float32Array(0);
    return { factors: all("factor"), bases: all("basis") };
  }

  dispose(): void {
    for (const { factor, basis } of this.#sides()) dispose([factor, basis]);
  }

  #sides(): Side[] {
    return this.#kernels.flatMap((kernel) => (kernel ? [kernel.input, kernel.output] : []));
  }

  #pieces(vector: Tensor1D): Tensor[] {
    return splitVector(
      vector,
      this.#slots.map(({ size }) => size),
    );
  }

  /** @param change of the kernels' pieces, [size², in, out] */
  #map(vector: Tensor1D, change: (piece: Tensor, kernel: Kernel) => Tensor): Tensor1D {
    return tidy(() => {
      const pieces = this.#pieces(vector).map((piece, i) => {
        const kernel = this.#kernels[i];
        return kernel ? reshape(change(reshape(piece, [...kernel.shape]), kernel), [-1]) : piece;
      });
      return concat(pieces) as Tensor1D;
    });
  }
}

function average(side: Side, product: Tensor): void {
  replace(side, "factor", add(mul(side.factor, MEMORY), mul(product, 1 - MEMORY)) as Tensor2D);
}

/** One step of orthogonal iteration; gives the order in which the new basis has the vectors of the old one. */
function iterated(side: Side): Tensor1D {
  const ahead = matMul(side.factor, side.basis);
  const eigenvalues = sum(mul(ahead, side.basis), 0);
  const order = topk(eigenvalues, eigenvalues.size, true).indices as Tensor1D;
  const [basis] = nativeAll("Qr", [gather(ahead, order, 1)], 2, {
    ...FLOAT,
    full_matrices: ["BOOL", false],
  });
  replace(side, "basis", basis as Tensor2D);
  return order;
}

function replace(side: Side, which: keyof Side, by: Tensor2D): void {
  side[which].dispose();
  side[which] = keep(by);
}

/** left · each matrix of `piece` · right, the left or the right one transposed. */
function sandwiched(left: Tensor2D, piece: Tensor, right: Tensor2D, transposed: "left" | "right"): Tensor {
  const rows = reshape(piece, [-1, right.shape[0]]);
  const half = matMul(rows, right, false, transposed === "right");
  return native("BatchMatMulV2", [left, reshape(half, piece.shape)], {
    ...FLOAT,
    adj_x: ["BOOL", transposed === "left"],
    adj_y: ["BOOL", false],
  });
}
