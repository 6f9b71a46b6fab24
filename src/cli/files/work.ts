import type { EncodeWish } from "../../image/encode.ts";
import type { PictureFormat } from "../../image/formats.ts";
import { openModels } from "../../model/folder.ts";
import type { OnResults } from "../results.ts";
import { decodeFiles } from "./decode-files.ts";
import { encodeFiles } from "./encode-files.ts";
import type { Task } from "./outputs.ts";

/** What is to be done to every input of a run; plain data, so that it can be sent to a thread. */
export type Work =
  | ({ readonly kind: "encode"; readonly model: string } & EncodeWish)
  | { readonly kind: "decode"; readonly format: PictureFormat };

/** Does a portion of a run; every task has one result, told as it comes, in any order. */
export type Worker = (tasks: readonly Task[], onResults: OnResults) => Promise<void>;

/** Opens the models once; throws what keeps every input from being done. */
export async function makeWorker(work: Work): Promise<Worker> {
  const models = await openModels();
  if (work.kind === "decode") return (tasks, onResults) => decodeFiles(models, work.format, tasks, onResults);
  const chosen = await models.choose(work.model);
  return (tasks, onResults) => encodeFiles(chosen, work, tasks, onResults);
}
