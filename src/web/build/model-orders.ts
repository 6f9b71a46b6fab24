import { readFile } from "node:fs/promises";
import { encodeInOneRun } from "../../codec/encode.ts";
import { resizeImage } from "../../image/fit.ts";
import { readImage } from "../../image/read.ts";
import { openModels } from "../../model/folder.ts";

/** Models are compared at this size and quality: at half the size, a portrait no longer differs from a photograph. */
const [SIDE, QUALITY] = [64, 50] as const;

/** Names of the models that `auto` takes, the one that codes best first. */
export interface ModelOrders {
  /** For each picture, by its path. */
  readonly of: ReadonlyMap<string, readonly string[]>;
  /** For all of them together, for pictures that are not among them. */
  readonly general: readonly string[];
}

/** The order in which a page should load weights, from how well the models code its samples. Takes a second. */
export async function modelOrders(pictures: readonly string[], folder: string): Promise<ModelOrders> {
  const models = await (await openModels(folder)).choose("auto");
  const sums = new Map(models.map(({ name }) => [name, 0]));
  const of = new Map<string, readonly string[]>();
  for (const path of pictures) {
    const image = await resizeImage((await readImage(await readFile(path))).image, SIDE, SIDE);
    const losses = new Map<string, number>();
    for (const model of models) {
      const { file, sse } = encodeInOneRun(model, image, QUALITY);
      const loss = Math.log(file.length * (sse + 1));
      losses.set(model.name, loss);
      sums.set(model.name, sums.get(model.name)! + loss);
    }
    of.set(path, ascending(losses));
  }
  return { of, general: ascending(sums) };
}

function ascending(losses: ReadonlyMap<string, number>): string[] {
  return [...losses].sort(([, a], [, b]) => a - b).map(([name]) => name);
}
