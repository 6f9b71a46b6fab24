import type { ModelSource } from "../../image/decode.ts";
import { openDecoders } from "../../model/folder.ts";
import { once } from "../aws/concurrency.ts";
import { ObjectStore } from "../aws/s3.ts";
import { readSettings, type ServiceSettings } from "../settings.ts";

/** What the use cases that only read need. */
export interface PictureContext {
  readonly store: ObjectStore;
  readonly models: ModelSource;
  readonly settings: ServiceSettings;
}

/** The context of this process, from its environment, with one decoder loaded: the others wait for a file that names them. */
export const pictureContext = once(async (): Promise<PictureContext> => {
  const settings = readSettings();
  const models = await openDecoders();
  await (settings.model === "auto" ? models.default() : models.byName(settings.model));
  return { settings, models, store: new ObjectStore() };
});
