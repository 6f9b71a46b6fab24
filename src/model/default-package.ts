import type { ModelPackage } from "./package.ts";

/**
 * The model that this package depends on. A checkout has its models in a folder, and none here: `npm run build` puts
 * the name of the package in, so that bundlers see it.
 */
export async function importDefaultModel(): Promise<ModelPackage | undefined> {
  return undefined;
}
