import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { env, ready, setBackend } from "@tensorflow/tfjs-core";
import { ZippyNetError } from "../../../codec/errors.ts";

/** Makes TensorFlow.js run on WebAssembly with SIMD, one thread. Throws `unavailable`. */
export async function startWasm(url: string): Promise<void> {
  if (typeof WebAssembly !== "object" || !(await env().getAsync("WASM_HAS_SIMD_SUPPORT"))) {
    throw new ZippyNetError("unavailable", "expected a browser with WebAssembly and SIMD");
  }
  env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  setWasmPaths({
    "tfjs-backend-wasm.wasm": url,
    "tfjs-backend-wasm-simd.wasm": url,
    "tfjs-backend-wasm-threaded-simd.wasm": url,
  });
  const started = await setBackend("wasm").catch(() => false);
  if (!started) {
    throw new ZippyNetError(
      "unavailable",
      `WebAssembly did not start: expected ${url} to be there, and 'wasm-unsafe-eval' in script-src`,
    );
  }
  await ready();
}
