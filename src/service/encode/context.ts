import { once } from "../../concurrency.ts";
import { type Models, openModels } from "../../model/folder.ts";
import { ObjectStore } from "../aws/s3.ts";
import { readSettings, type ServiceSettings } from "../settings.ts";

/** What encoding and backfills need. */
export interface ServiceContext {
  readonly store: ObjectStore;
  readonly models: Models;
  readonly settings: ServiceSettings;
}

/** The context of this process, made from its environment. The model that encodes uploads is loaded. */
export const serviceContext = once(async (): Promise<ServiceContext> => {
  const settings = readSettings();
  const models = await openModels(undefined, settings.deployedModels);
  await models.choose(settings.model);
  return { settings, models, store: new ObjectStore() };
});
