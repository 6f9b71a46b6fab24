import { KERNEL } from "./kernel.wasm.ts";

/** What is used of WebAssembly's interface, which the types of Node leave out and those of browsers have. */
interface WebAssemblyInterface {
  Module: new (bytes: Uint8Array) => object;
}

let module: object | undefined;

/** Takes the kernel, compiled: for the edge, where nothing may be compiled from bytes. Before anything is coded. */
export function useKernel(compiled: object): void {
  module = compiled;
}

/** The kernel, compiled once. */
export function kernelModule(): object {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyInterface };
  module ??= new WebAssembly.Module(Uint8Array.from(atob(KERNEL), (character) => character.charCodeAt(0)));
  return module;
}
