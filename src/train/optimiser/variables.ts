import { add, keep, type Tensor, type Tensor1D, tensor1d, tidy } from "@tensorflow/tfjs-core";
import { type Attributes, native, nativeAll } from "../network/kernels.ts";

const TYPE: Attributes = { dtype: ["TYPE", "TF_FLOAT"] };

let variables = 0;

/** A handle of a vector in TensorFlow's memory, which TensorFlow's kernels update in place. */
export function variable(values: Float32Array): Tensor {
  return keep(
    tidy(() => {
      const handle = native("VarHandleOp", [], {
        container: ["STRING", ""],
        shared_name: ["STRING", `zippynet-${variables++}`],
        ...TYPE,
        shape: ["SHAPE", [values.length]],
      });
      // the sum is TensorFlow's own memory; a tensor of `values` would be the caller's, and be written to
      assign(handle, add(tensor1d(values), 0));
      return handle;
    }),
  );
}

/** Dispose the tensor before the next update, or that copies the vector. */
export function readVariable(handle: Tensor): Tensor1D {
  return native("ReadVariableOp", [handle], TYPE) as Tensor1D;
}

/**
 * A copy of a tensor's numbers. They are not returned through `tidy`, which looks for tensors in what it returns: among
 * millions of numbers for minutes.
 * @param make its other tensors are freed
 */
export function numbersOf(make: () => Tensor): Float32Array {
  const tensor = tidy(make);
  const numbers = tensor.dataSync<"float32">().slice();
  tensor.dispose();
  return numbers;
}

export function assign(handle: Tensor, value: Tensor): void {
  nativeAll("AssignVariableOp", [handle, value], 0, TYPE);
}

export function addTo(handle: Tensor, value: Tensor): void {
  nativeAll("AssignAddVariableOp", [handle, value], 0, TYPE);
}

export function disposeVariable(handle: Tensor): void {
  nativeAll("DestroyResourceOp", [handle], 0, { ignore_lookup_error: ["BOOL", true] });
  handle.dispose();
}
