/** TensorFlow.js's WebAssembly backend with the kernels that decoding runs, a tenth of what its own entry point registers. */
import { addConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Add.js";
import { clipByValueConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/ClipByValue.js";
import { depthToSpaceConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/DepthToSpace.js";
import { fusedConv2DConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/FusedConv2D.js";
import { identityConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Identity.js";
import { leakyReluConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/LeakyRelu.js";
import { reshapeConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Reshape.js";
import { roundConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Round.js";
import { type KernelConfig, registerKernel } from "@tensorflow/tfjs-core";

export * from "@tensorflow/tfjs-backend-wasm/dist/base.js";

const KERNELS: readonly KernelConfig[] = [
  addConfig,
  clipByValueConfig,
  depthToSpaceConfig,
  fusedConv2DConfig,
  identityConfig,
  leakyReluConfig,
  reshapeConfig,
  roundConfig,
];

KERNELS.forEach(registerKernel);
