import { infoOfModel, type ModelInfo } from "../api/models.ts";
import { assertBase, assertKnown, type Base } from "../api/options.ts";
import { assertWithin } from "../codec/errors.ts";
import { modelsIn } from "../model/folder.ts";
import { assertPackages, type ModelPackage } from "../model/package.ts";
import { locationOfPackage } from "../model/packages.ts";
// a module of its own, so that the types of this one do not lead to what only sources have: valibot, Node's threads
import { replan, runtime } from "./runtime.ts";

export interface Settings {
  /**
   * The models to use: what packages `@zippynet/model-NAME` export, or the path of a folder with one sub-folder each.
   * By default: the folder that ZIPPYNET_MODELS names, else all packages that are installed.
   */
  readonly models?: readonly ModelPackage[] | string | undefined;
  /**
   * Threads that encode, 0–64; 0 encodes in the caller's own. By default one less than there are cores, at most four.
   */
  readonly threads?: number | undefined;
  /** Of a page: the folder of the workers and the weights. Nothing here. */
  readonly base?: Base | undefined;
}

/** Changes settings for all calls that follow. Settings that are not given stay. Throws `bad-option`. */
export function configure(settings: Settings): void {
  assertKnown(settings, ["models", "threads", "base"]);
  const { models, threads, base } = settings;
  if (threads !== undefined) assertWithin("threads", threads, 0, 64);
  if (models !== undefined && typeof models !== "string")
    assertPackages(models, ", or as the path of a folder");
  if (base !== undefined) assertBase(base);
  replan({
    ...(threads !== undefined && { threads }),
    ...(models !== undefined && {
      locate:
        typeof models === "string"
          ? () => modelsIn(models)
          : () => Promise.all(models.map(locationOfPackage)),
    }),
  });
}

/** The models that are here, by number. Throws `bad-model` if there are none. */
export async function listModels(): Promise<ModelInfo[]> {
  const { locations } = await runtime();
  return locations.map(({ manifest }) => infoOfModel(manifest)).sort((a, b) => a.number - b.number);
}
