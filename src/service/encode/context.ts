import { type Models, openModels } from "../../model/folder.ts";
import { once } from "../aws/concurrency.ts";
import { ObjectStore } from "../aws/s3.ts";
import { readSettings, type ServiceSettings } from "../settings.ts";

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
