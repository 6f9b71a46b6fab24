import { cp, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readBlobs } from "../../src/model/load-decoder.ts";
import { BLOBS } from "../../src/model/manifest.ts";
import type { SafeTensors } from "../../src/model/safetensors.ts";
import { floatWeights } from "../../src/train/export/exported.ts";
import { exportLook } from "../../src/train/look.ts";
import { modelFolder } from "./support.ts";

/**
 * A folder of models, to be removed: `faces`, or another, with a look `natural` that paints all a little brighter.
 * @param others models that are there as well, without further looks
 */
export async function withLook(name = "faces", others: readonly string[] = []): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "zippynet-look-"));
  for (const each of [name, ...others]) await cp(modelFolder(each), join(folder, each), { recursive: true });
  for (const each of others) {
    const path = join(folder, each, "manifest.json");
    const { looks: _, ...manifest } = JSON.parse(await readFile(path, "utf8"));
    await writeFile(path, JSON.stringify(manifest));
  }
  const model = join(folder, name);
  await exportLook(model, await brighter(model), {
    look: "natural",
    licence: { licence: "CC0-1.0", attribution: "", research: false },
    card: "# A look\n",
  });
  return folder;
}

/** `g_s` of a model with larger biases at its end. */
async function brighter(model: string): Promise<SafeTensors> {
  const { manifest, blobs } = await readBlobs(BLOBS, (file) => readFile(join(model, file)));
  const floats = floatWeights(manifest.architecture, blobs);
  const last = floats.get("g_s.out.bias")!;
  const data = (last.data as Float32Array).map((value) => value + 0.05);
  return new Map([["g_s.out.bias", { dtype: "F32", shape: last.shape, data }]]);
}
