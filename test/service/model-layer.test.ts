/** Which models a deployment takes along. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { buildModelLayer, type ModelWish } from "../../layers/layers.ts";
import { openModels } from "../../src/model/folder.ts";
import { planFor } from "../../src/service/encode/encode-settings.ts";
import { DEPLOYED_MODELS, readSettings } from "../../src/service/settings.ts";
import { modelFolder } from "../codec/support.ts";
import { resolve } from "./resolved.ts";

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "zippynet-layer-"));
});
after(() => rm(folder, { recursive: true }));

/** The models of a layer that is made of some. */
async function layerOf(models: readonly string[], wish: ModelWish): Promise<string[]> {
  const from = await mkdtemp(join(folder, "from-"));
  for (const name of models) await symlink(modelFolder(name), join(from, name), "junction");
  await buildModelLayer(wish, from, join(folder, "layer"));
  return (await readdir(join(folder, "layer"))).sort();
}

test("the layer has the models that are free, and of those for research the ones that are named", async () => {
  const models = ["faces", "portraits-4", "signs"];
  assert.deepEqual(await layerOf(models, { model: "auto", research: false }), ["portraits-4"]);
  assert.deepEqual(await layerOf(models, { model: "signs, auto", research: false }), [
    "portraits-4",
    "signs",
  ]);
  assert.deepEqual(await layerOf(models, { model: "auto", research: true }), models);
  assert.deepEqual(await layerOf(["faces", "signs"], { model: "auto", research: false }), ["faces", "signs"]);
  await assert.rejects(
    layerOf(models, { model: "auto,cats", research: false }),
    /expected a model of faces, portraits-4, signs or auto, got "cats"/,
  );
});

test("a model of the layer has what it needs in both looks, and nothing else", async () => {
  await layerOf(["portraits-4"], { model: "auto", research: false });
  assert.deepEqual((await readdir(join(folder, "layer", "portraits-4"))).sort(), [
    "g_a.safetensors",
    "g_s.natural.safetensors",
    "g_s.safetensors",
    "manifest.json",
    "prior.safetensors",
  ]);
  const [model] = await (await openModels(join(folder, "layer"))).choose("auto", "natural");
  assert.equal(model!.name, "portraits-4");
});

test("commands with the settings of a deployment encode with its models alone: its functions could not decode others", async () => {
  const from = await mkdtemp(join(folder, "from-"));
  for (const name of ["faces", "portraits-4"]) await symlink(modelFolder(name), join(from, name), "junction");
  const deployed = await buildModelLayer({ model: "auto", research: false }, from, join(folder, "layer"));
  assert.deepEqual(deployed, ["portraits-4"]);
  const settings = readSettings({
    ZIPPYNET_LATENTS_BUCKET: "b",
    [DEPLOYED_MODELS]: deployed.join(),
  });
  const models = await openModels(from, settings.deployedModels);
  assert.deepEqual(
    models.list().map(({ name }) => name),
    deployed,
  );
  const upload = { etag: '"1"', size: 10, metadata: { "zippynet-model": "faces" } };
  await assert.rejects(planFor(models, settings, upload), { code: "bad-option" });
  assert.equal((await planFor(await openModels(from), settings, upload)).models.length, 1); // of this machine alone
  await assert.rejects(openModels(from, ["portraits-4", "new"]), {
    code: "unknown-model",
    message: "expected also the models new, got faces, portraits-4",
  });
});

test("parameters of the deployment say which", async () => {
  const layerFor = async (...parameters: string[]) => (await resolve(...parameters)).custom.layer;
  assert.deepEqual(await layerFor(), { model: "auto", research: false });
  const named = await layerFor("model=faces,auto", "researchModels=true");
  assert.deepEqual(named, { model: "faces,auto", research: true });
});
