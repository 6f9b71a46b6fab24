import { once } from "../concurrency.ts";
import type { ModelSource } from "../image/decode.ts";
import { type Models, openDecoders, openModels } from "../model/folder.ts";
import { ObjectStore } from "./aws/s3.ts";
import { readSettings, type ServiceSettings } from "./settings.ts";

/** What the use cases need. */
export interface ServiceContext {
  readonly store: ObjectStore;
  readonly models: Models;
  readonly settings: ServiceSettings;
}

/** The context of this process, from its environment, with the model loaded that uploads are encoded with. */
export const serviceContext = once(async (): Promise<ServiceContext> => {
  const settings = readSettings();
  const models = await openModels();
  await models.choose(settings.model);
  return { settings, models, store: new ObjectStore() };
});

/** What the use cases that only read need. */
export interface PictureContext {
  readonly store: ObjectStore;
  readonly models: ModelSource;
  readonly settings: ServiceSettings;
}

/**
 * The context of this process, from its environment, with one decoder loaded: the others wait for a file that names
 * them.
 */
export const pictureContext = once(async (): Promise<PictureContext> => {
  const settings = readSettings();
  const models = await openDecoders();
  const first = settings.model.split(",", 1)[0]!.trim();
  await (first === "auto" ? models.default() : models.byName(first));
  return { settings, models, store: new ObjectStore() };
});
