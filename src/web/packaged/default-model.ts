import type { ModelPackage } from "../../model/package.ts";

/** The model that the package depends on; the build puts its name in. */
export async function importDecoderModel(): Promise<ModelPackage | undefined> {
  return undefined;
}

/** The same with what encodes. */
export async function importEncoderModel(): Promise<ModelPackage | undefined> {
  return undefined;
}
