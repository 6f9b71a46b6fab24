import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { readBlobs } from "../../src/model/load-decoder.ts";
import { BLOBS, licenceOf } from "../../src/model/manifest.ts";
import { floatWeights } from "../../src/train/export/exported.ts";
import { carriedOver, exportLook, lookCard } from "../../src/train/look.ts";
import { LOOK_RATE } from "../../src/train/plan.ts";
import { withLook } from "../codec/made-look.ts";
import { modelFolder } from "../codec/support.ts";

const folder = await withLook("faces"); // its look has 0.05 more in the last biases
after(() => rm(folder, { recursive: true }));

test("a look carried over adds to another g_s what it changed in its own", async () => {
  const { manifest, blobs } = await readBlobs(BLOBS, (file) => readFile(join(folder, "faces", file)));
  const floats = new Map(floatWeights(manifest.architecture, blobs));
  const bias = floats.get("g_s.out.bias")!;
  floats.set("g_s.out.bias", {
    dtype: "F32",
    shape: bias.shape,
    data: Float32Array.from(bias.data, (b) => b - 1),
  });

  const start = await carriedOver(join(folder, "faces"), manifest, floats);

  const names = [...floats.keys()].filter((name) => name.startsWith("g_s."));
  assert.deepEqual([...start.keys()], names);
  for (const name of names) {
    const more = name === "g_s.out.bias" ? 0.05 : 0;
    const { data } = start.get(name)!;
    for (const [i, before] of floats.get(name)!.data.entries()) {
      assert.ok(Math.abs(data[i]! - before - more) < 1e-3, name);
    }
  }
});

test("what has no look, or another g_s, is not carried over", async () => {
  const { manifest, blobs } = await readBlobs(BLOBS, (file) => readFile(join(folder, "faces", file)));
  const floats = floatWeights(manifest.architecture, blobs);
  await assert.rejects(carriedOver(modelFolder("signs"), manifest, floats), /signs has no look natural/);
  const { architecture } = manifest;
  const larger = {
    ...architecture,
    synthesis: { ...architecture.synthesis, blocks: [9, 9, 9] as [number, number, number] },
  };
  await assert.rejects(
    carriedOver(join(folder, "faces"), { name: "mine", architecture: larger }, floats),
    /expected a model with the g_s of mine/,
  );
});

test("a look has the terms of its model, but for those that are stated", async () => {
  const model = join(folder, "faces");
  const naming = { look: "natural", card: "# A look\n" } as const;
  const manifest = await exportLook(model, new Map(), { ...naming, licence: {} });
  assert.match(manifest.attribution, /CelebA/);
  assert.deepEqual(licenceOf(manifest.looks!.natural!), licenceOf(manifest));
  const stated = await exportLook(model, new Map(), { ...naming, licence: { licence: "MIT" } });
  assert.deepEqual(licenceOf(stated.looks!.natural!), { ...licenceOf(manifest), licence: "MIT" });
});

test("a look's card has the command that makes it again, with the learning rate where it is not the usual one", async () => {
  const log = join(folder, "log.jsonl");
  await writeFile(log, "");
  const { architecture } = (await readBlobs(BLOBS, (file) => readFile(join(folder, "faces", file)))).manifest;
  const cardAt = (rate: number): Promise<string> =>
    lookCard(log, {
      ...{ look: "natural", model: "faces", terms: "CC0", budget: { samples: 9 }, carried: "signs" },
      keep: 0.2,
      strength: 0.75,
      loss: { mse: 0.01, identity: 0.4, critic: 0.01 },
      plan: { folders: ["/made"], architecture, seed: 3, sampling: { cut: "aligned" }, heldOut: 0.02, rate },
    });
  const command =
    "--look natural --init models/faces --carry models/signs --keep 0.2 --strength 0.75 --samples 9";
  assert.match(await cardAt(LOOK_RATE), new RegExp(`train made --engine torch ${command} --seed 3 `));
  assert.match(await cardAt(2e-4), new RegExp(`${command} --lr 0.0002 --seed 3 `));
});
