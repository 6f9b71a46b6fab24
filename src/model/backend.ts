import { ready, setBackend } from "@tensorflow/tfjs-core";

/**
 * Makes TensorFlow.js, which an encoder's search needs, run on WebAssembly; the first call takes some ten milliseconds, later ones
 * nothing. The compiled kernels lie beside `@tensorflow/tfjs-backend-wasm`, or in the folder that ZIPPYNET_WASM names (a bundle's).
 */
export function useWasm(): Promise<void> {
  wasm ??= start().catch((error: unknown) => {
    wasm = undefined; // a failed start is tried again
    throw error;
  });
  return wasm;
}

let wasm: Promise<void> | undefined;

async function start(): Promise<void> {
  const { setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
  const folder = globalThis.process?.env["ZIPPYNET_WASM"];
  if (folder) setWasmPaths(folder.endsWith("/") ? folder : `${folder}/`);
  await setBackend("wasm");
  await ready();
}
