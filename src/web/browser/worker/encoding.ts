import type { Wish } from "../../../api/options.ts";
import { draftTo, encodeToWith } from "../../../codec/encode-to-target.ts";
import { type Image, laidOnWhite } from "../../../codec/image.ts";
import type { Model } from "../../../codec/model.ts";
import { isTooLargeToSearch, type SearchListener } from "../../../codec/rdo/refine.ts";
import { chosenEncoder, PictureEncoders } from "../../../image/by-models.ts";
import { loadModel } from "../../../model/load-model.ts";
import { BLOBS } from "../../../model/manifest.ts";
import type { Request, Serve } from "../protocol.ts";
import { WorkerModels } from "./models.ts";
import { failure } from "./scope.ts";

/**
 * Answers requests to encode, by models only, not by classical codecs. It is a module of its own, so that pages that
 * only decode load neither `g_a` nor the search.
 */
export const serveEncoder: Serve = (answer) => {
  const models = new WorkerModels<Model>(BLOBS, loadModel, answer);
  const pictures = new LastPicture();
  const encode = async (
    image: Image,
    { model, target, effort, tune }: Wish,
    draft: boolean,
    onSearch: SearchListener,
  ): Promise<Uint8Array<ArrayBuffer>> => {
    const chosen = await models.choose(model, tune);
    const opaque = laidOnWhite(image); // latents have no transparency
    const encoder = chosenEncoder(chosen, pictures.of(opaque), target, draft ? undefined : effort);
    encoder.onSearch = onSearch;
    const { file } = draft ? draftTo(encoder, opaque, target) : encodeToWith(encoder, opaque, target, effort);
    return Uint8Array.from(file); // a buffer of its own can be transferred
  };
  return (request: Request) => {
    switch (request.type) {
      case "encode": {
        const { id, image, wish, draft } = request;
        encode(image, wish, draft, (done, total) => answer({ type: "search", id, done, total })).then(
          (file) => answer({ type: "encoded", id, file }, file.buffer),
          (error: unknown) => answer(failure(id, error)),
        );
        return;
      }
      case "decode":
      case "cancel":
        throw new TypeError("expected a request to encode");
      default:
        models.take(request);
    }
  };
};

/** Keeps the encoders of the last picture: for a small one, another target then takes only a few runs. */
class LastPicture {
  #last: PictureEncoders | undefined;

  of(image: Image): PictureEncoders {
    if (isTooLargeToSearch(image, 0)) return new PictureEncoders(image); // too large to be kept
    if (!this.#last || !isSame(this.#last.image, image)) this.#last = new PictureEncoders(image);
    return this.#last;
  }
}

function isSame(a: Image, b: Image): boolean {
  return a.width === b.width && a.height === b.height && a.data.every((value, i) => value === b.data[i]);
}
