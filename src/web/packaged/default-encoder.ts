import type { ModelPackage } from "../../model/package.ts";

/**
 * The model that the package depends on, with `g_a`. The build replaces this file by one that imports it. It is a file
 * of its own, so that bundlers give `g_a` only to pages that encode.
 */
export async function importDefaultEncoder(): Promise<ModelPackage | undefined> {
  return undefined;
}
