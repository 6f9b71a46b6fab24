import { once } from "../../concurrency.ts";
import type { ModelSource } from "../../image/decode.ts";
import { openDecoders } from "../../model/folder.ts";
import { ObjectStore } from "../aws/s3.ts";
import { readSettings, type ServiceSettings } from "../settings.ts";

/** What decoding needs. */
export interface PictureContext {
  readonly store: ObjectStore;
  readonly models: ModelSource;
  readonly settings: ServiceSettings;
}

/**
 * The context of this process, made from its environment. One decoder is loaded; the others are loaded when a file
 * names them.
 */
export const pictureContext = once(async (): Promise<PictureContext> => {
  const settings = readSettings();
  const models = await openDecoders();
  const first = settings.model.split(",", 1)[0]!.trim();
  await (first === "auto" ? models.default() : models.byName(first));
  return { settings, models, store: new ObjectStore() };
});
