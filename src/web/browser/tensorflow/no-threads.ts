/** Stands for the backend's threaded variant, which is never asked for: `startWasm` turns threads off. */
export const wasmWorkerContents = "";

export default function noThreads(): never {
  throw new Error("threads are off");
}
