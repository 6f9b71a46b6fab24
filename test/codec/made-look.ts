import { cp, mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readBlobs } from "../../src/model/load-decoder.ts";
import { BLOBS } from "../../src/model/manifest.ts";
import type { SafeTensors } from "../../src/model/safetensors.ts";
import { floatWeights } from "../../src/train/export/exported.ts";
import { exportLook } from "../../src/train/look.ts";
import { facesFolder } from "./support.ts";

/** A folder of models, to be removed: `faces` alone, with a look `natural` that paints all a little brighter. */
export async function withLook(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "zippynet-look-"));
  const model = join(folder, "faces");
  await cp(facesFolder, model, { recursive: true });
  await exportLook(model, await brighter(), {
    look: "natural",
    licence: { licence: "CC0-1.0", attribution: "", research: false },
    card: "# A look\n",
  });
  return folder;
}

/** `g_s` of `faces` with larger biases at its end. */
async function brighter(): Promise<SafeTensors> {
  const { manifest, blobs } = await readBlobs(BLOBS, (file) => readFile(join(facesFolder, file)));
  const floats = floatWeights(manifest.architecture, blobs);
  const last = floats.get("g_s.out.bias")!;
  const data = (last.data as Float32Array).map((value) => value + 0.05);
  return new Map([["g_s.out.bias", { dtype: "F32", shape: last.shape, data }]]);
}
