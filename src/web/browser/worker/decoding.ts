import { pictureOf } from "../../../api/picture.ts";
import { decodeImage } from "../../../codec/decode.ts";
import { type LatentsFile, readZn } from "../../../codec/format/zn-file.ts";
import type { Decoder } from "../../../codec/model.ts";
import type { Look } from "../../../codec/network/architecture.ts";
import { DECODER_BLOBS, loadDecoder } from "../../../model/load-decoder.ts";
import type { DecodeJob, Request, Serve } from "../protocol.ts";
import { applyAlpha, decodeClassical } from "./classical.ts";
import { WorkerModels } from "./models.ts";
import { failure } from "./scope.ts";

/** Answers requests to decode. */
export const serveDecoder: Serve = (answer) => {
  const models = new WorkerModels<Decoder>(DECODER_BLOBS, loadDecoder, answer);
  const wanted = new Set<number>();
  const decode = async ({ id, file: bytes, look }: DecodeJob): Promise<void> => {
    const file = readZn(bytes);
    const opaque =
      file.kind === "latents" ? await decodeLatents(file, look, id) : await decodeClassical(file);
    const picture = file.alpha ? await applyAlpha(opaque, file.alpha, file) : opaque;
    answer({ type: "decoded", id, picture }, picture.data.buffer);
  };
  let last: Promise<void> = Promise.resolve();
  const decodeLatents = async ({ header, file }: LatentsFile, look: Look, id: number) => {
    const model = await (await models.byNumber(header.model)).withLook(look);
    // one picture in each task, so that a page that decodes without a worker can paint between them
    last = last.then(nextTask);
    await last;
    if (!wanted.has(id)) throw new Error(); // no one waits for an answer
    return pictureOf(decodeImage(model, file));
  };
  return (request: Request) => {
    switch (request.type) {
      case "decode":
        for (const job of request.jobs) {
          wanted.add(job.id);
          void decode(job)
            .catch((error: unknown) => answer(failure(job.id, error)))
            .finally(() => wanted.delete(job.id));
        }
        return;
      case "cancel":
        wanted.delete(request.id);
        return;
      case "encode":
        throw new TypeError("expected a request to decode");
      default:
        models.take(request);
    }
  };
};

/** Waits for the next task. A timer would not do: browsers delay it by some milliseconds. */
function nextTask(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((done) => {
    port1.onmessage = () => done(port1.close());
    port2.postMessage(undefined);
  });
}
