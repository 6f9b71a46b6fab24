import type { ModelSource } from "../image/decode.ts";
import { openDecoders } from "../model/folder.ts";
import { once } from "./once.ts";
import { readSettings, type ServiceSettings } from "./settings.ts";
import { ObjectStore } from "./store.ts";

/** What the use cases that only read need. */
export interface PictureContext {
  readonly store: ObjectStore;
  readonly models: ModelSource;
  readonly settings: ServiceSettings;
}

/** The context of this process, from its environment, with the decoder loaded of the model that uploads are encoded with. */
export const pictureContext = once(async (): Promise<PictureContext> => {
  const settings = readSettings();
  const models = await openDecoders();
  await models.choose(settings.model);
  return { settings, models, store: new ObjectStore() };
});
