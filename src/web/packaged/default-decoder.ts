import type { ModelPackage } from "../../model/package.ts";

/**
 * The model that the package depends on, with what only decodes; the build puts its name in.
 */
export async function importDefaultDecoder(): Promise<ModelPackage | undefined> {
  return undefined;
}
