import type { Image } from "../../codec/image.ts";
import type { Architecture } from "../../codec/network/architecture.ts";
import { QUALITIES } from "../../codec/target.ts";
import { buildModel } from "../../model/load-model.ts";
import type { Manifest } from "../../model/manifest.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { centred } from "../data/batch.ts";
import { evenly } from "../data/images.ts";
import { heldOutSizes } from "../holdout.ts";
import { unpackParameters } from "../network/parameters.ts";
import type { Sampling } from "../plan.ts";
import { type ExportOptions, exportModel, packModel } from "./export.ts";
import { buildTables, countSymbols, noCounts, type SymbolCounts } from "./tables.ts";

/** What is said of a model that is not in its checkpoint. */
export type ModelNaming = Omit<ExportOptions, "architecture" | "weights" | "tables">;

const IMAGES_OF_A_FOLDER = 128;
const QUALITY_STEP = 11;

/**
 * Exports the averaged weights of a checkpoint as a model folder, with tables counted on training images, by the code
 * that will encode. Images of a folder count as often as the run drew them.
 * @param images of each folder of the run
 */
export async function exportTrained(
  folder: string,
  { plan: { architecture, sampling }, optimiser }: Checkpoint,
  images: readonly (readonly Image[])[],
  { orientations, ...naming }: ModelNaming,
): Promise<Manifest> {
  const weights = unpackParameters(architecture, optimiser.average);
  const options = { ...naming, architecture, orientations, weights };
  const tables = buildTables(countOf(architecture, options, images, sampling));
  return exportModel(folder, { ...options, tables });
}

function countOf(
  architecture: Architecture,
  options: Omit<Parameters<typeof packModel>[0], "tables">,
  images: readonly (readonly Image[])[],
  sampling: Sampling,
): SymbolCounts {
  const blobs = packModel({ ...options, tables: buildTables() });
  const { number, name, orientations } = options;
  const model = buildModel({ number, name, architecture, orientations }, blobs);
  const qualities = Array.from(
    { length: Math.ceil(QUALITIES / QUALITY_STEP) },
    (_, i) => 1 + i * QUALITY_STEP,
  );
  const counts = noCounts();
  const chosen = images.map((folder) => evenly(folder, IMAGES_OF_A_FOLDER));
  const shares = sampling.shares ?? images.map(({ length }) => length);
  const perShare = chosen.flat().length / shares.reduce((sum, share) => sum + share, 0);
  chosen.forEach((folder, i) => {
    const weight = (shares[i]! * perShare) / folder.length; // of all images about 1 in the mean
    for (const size of heldOutSizes(sampling))
      for (const image of folder) countSymbols(model, centred(image, size), qualities, weight, counts);
  });
  model.dispose();
  return counts;
}
