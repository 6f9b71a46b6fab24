import type { Progress } from "../api/options.ts";
import type { Image } from "../codec/image.ts";
import type { Model } from "../codec/model.ts";
import type { Look } from "../codec/network/architecture.ts";
import type { EncodedPicture, EncodeWish } from "../image/encode.ts";
import { entryOf } from "../model/folder.ts";
import { loadModel } from "../model/load-model.ts";
import { type ModelLocation, type Models, modelsOf } from "../model/models.ts";

/** Work for this thread or another. It is plain data, so that it can be sent to a thread. */
export type Task =
  | {
      readonly kind: "encode";
      readonly image: Image;
      readonly model: string | number;
      readonly tune: Look;
      readonly wish: Omit<EncodeWish, "budget" | "onSearch">;
    }
  | { readonly kind: "decode"; readonly file: Uint8Array; readonly look: Look };

/** The result of a task of each kind. */
export interface Results {
  readonly encode: EncodedPicture;
  readonly decode: Image;
}
export type ResultOf<T extends Task> = Results[T["kind"]];

/** Does tasks in its own thread. The codec is imported when the first task comes. */
export class Engine {
  readonly #models: Models;

  constructor(locations: readonly ModelLocation[]) {
    this.#models = modelsOf(locations.map(entryOf), loadModel);
  }

  get models(): Models {
    return this.#models;
  }

  /** @param onProgress called with how far a search has come */
  async run<T extends Task>(task: T, onProgress?: (progress: Progress) => void): Promise<ResultOf<T>> {
    return (await this.#do(task, onProgress)) as ResultOf<T>;
  }

  async #do(task: Task, onProgress?: (progress: Progress) => void): Promise<EncodedPicture | Image> {
    if (task.kind === "decode") {
      const { decodePicture } = await import("../image/decode.ts");
      return decodePicture(this.#models, task.file, task.look);
    }
    const { encodePicture } = await import("../image/encode.ts");
    const chosen: readonly Model[] = await this.#models.choose(task.model, task.tune);
    const onSearch =
      onProgress && ((done: number, total: number) => onProgress({ stage: "search", done, total }));
    return encodePicture(chosen, task.image, { ...task.wish, onSearch });
  }
}
