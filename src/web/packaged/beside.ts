import type { ModelPackage } from "../../model/package.ts";

/**
 * A model's weights: where its package has them or, where the page names a folder of its own, in that folder's
 * `models/NAME`.
 */
export function modelsBeside(
  base: URL | undefined,
  model: ModelPackage | undefined,
): readonly ModelPackage[] {
  if (!model) return [];
  if (!base) return [model];
  const { manifest, files } = model;
  const at = (name: string) => () => new URL(`models/${manifest.name}/${name}`, base);
  return [{ manifest, files: Object.fromEntries(Object.keys(files).map((name) => [name, at(name)])) }];
}
