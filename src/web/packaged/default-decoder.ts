import type { ModelPackage } from "../../model/package.ts";

/** The model that the package depends on, without `g_a`. The build replaces this file by one that imports it. */
export async function importDefaultDecoder(): Promise<ModelPackage | undefined> {
  return undefined;
}
