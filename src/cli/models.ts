import type { ChooseModels } from "../image/file-of.ts";
import { type Models, openModels } from "../model/folder.ts";

/** Opens models when the first image asks for them: `.zn` files need none. */
export function chooser(model: string): ChooseModels {
  let models: Promise<Models> | undefined;
  return async () => {
    models ??= openModels();
    return (await models).choose(model);
  };
}
