import type { ModelPackage } from "../../model/package.ts";

/**
 * The model that the package depends on, with what encodes; the build puts its name in. A module of its own, so that
 * bundlers leave g_a to pages that encode.
 */
export async function importDefaultEncoder(): Promise<ModelPackage | undefined> {
  return undefined;
}
