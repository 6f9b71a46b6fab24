import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { decodeImage } from "../../src/codec/decode.ts";
import { encodeImage } from "../../src/codec/encode.ts";
import type { Architecture } from "../../src/codec/network/architecture.ts";
import { readBlobs } from "../../src/model/load-decoder.ts";
import { buildModel } from "../../src/model/load-model.ts";
import { BLOBS } from "../../src/model/manifest.ts";
import { writeSafetensors } from "../../src/model/safetensors.ts";
import { checkpointPath, startOf, writeCheckpoint } from "../../src/train/checkpoint.ts";
import { packModel } from "../../src/train/export/export.ts";
import { buildTables } from "../../src/train/export/tables.ts";
import { initialise, unpackParameters } from "../../src/train/network/parameters.ts";
import type { RunPlan } from "../../src/train/plan.ts";
import { startingWeights } from "../../src/train/start.ts";
import { TINY } from "./support.ts";

const MODELS = fileURLToPath(new URL("../../models", import.meta.url));
const PICTURE = {
  width: 40,
  height: 32,
  data: Uint8Array.from({ length: 40 * 32 * 3 }, (_, i) => 128 + 100 * Math.sin(i * i)),
};

it("goes on from a checkpoint under the plan that is asked for, not under the one that it had", () => {
  const fixed = {
    folders: [],
    architecture: TINY,
    seed: 1,
    heldOut: 0,
    sampling: { cut: "aligned" },
  } as const;
  const before = { ...fixed, rate: 1e-3 };
  const checkpoint = { plan: before, ...startOf(initialise(TINY, 1), before) };
  const after = { ...fixed, rate: 2e-4 };
  assert.equal({ plan: after, ...startOf(checkpoint, after) }.plan.rate, 2e-4);
});

it("leaves no half checkpoint where one cannot be written, and names it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "zippynet-checkpoint-"));
  const path = checkpointPath(folder);
  await mkdir(path); // as a full disk does, it refuses the file
  const fixed = { folders: [], architecture: TINY, seed: 1, heldOut: 0, rate: 1e-3 };
  const plan: RunPlan = { ...fixed, sampling: { cut: "aligned" } };
  const checkpoint = { plan, ...startOf(initialise(TINY, 1), plan) };
  await assert.rejects(writeCheckpoint(path, checkpoint), (error: Error) =>
    error.message.startsWith(`expected to write the checkpoint ${path}, got `),
  );
  assert.deepEqual(await readdir(folder), ["checkpoint.safetensors"]);
  await rm(folder, { recursive: true });
});

describe("weights to start from", async () => {
  const folder = await mkdtemp(join(tmpdir(), "zippynet-start-"));
  after(() => rm(folder, { recursive: true }));

  /** A model's blobs, with the tables that come before counting. */
  const packed = (architecture: Architecture, vector: Float32Array) =>
    packModel({
      number: 201,
      name: "made",
      description: "",
      orientations: 1,
      architecture,
      weights: unpackParameters(architecture, vector),
      tables: buildTables(),
    });

  const coded = (architecture: Architecture, vector: Float32Array) => {
    const described = { number: 201, name: "made", orientations: 1, architecture } as const;
    const model = buildModel(described, packed(architecture, vector));
    const { file } = encodeImage(model, PICTURE, 60);
    return { file, picture: decodeImage(model, file) };
  };

  it("come from a model's folder as the integers that it has", async () => {
    const folders = (await readdir(MODELS, { withFileTypes: true })).filter((each) => each.isDirectory());
    for (const { name } of folders) {
      const path = join(MODELS, name);
      const { manifest, blobs } = await readBlobs(BLOBS, (file) => readFile(join(path, file)));
      const { architecture } = manifest;
      const again = packed(architecture, await startingWeights({ architecture, seed: 1 }, path));
      for (const blob of BLOBS) {
        for (const [tensor, { dtype, data }] of blobs[blob]) {
          if (tensor.startsWith("tables.")) continue;
          const found = again[blob].get(tensor)!.data;
          const exact = dtype !== "F32";
          for (let i = 0; i < data.length; i++) {
            const tolerance = exact ? 0 : 1e-4 * Math.abs(data[i]!);
            assert.ok(Math.abs(found[i]! - data[i]!) <= tolerance, `${name} ${tensor}[${i}]`);
          }
        }
      }
    }
  });

  it("of fewer residual blocks make the same files and pictures", async () => {
    const small = initialise(TINY, 3);
    const file = join(folder, "small.safetensors");
    const tensors = new Map(
      [...unpackParameters(TINY, small)].map(([name, { shape, data }]) => [
        name,
        { dtype: "F32" as const, shape, data },
      ]),
    );
    await writeFile(file, writeSafetensors(tensors));
    const large: Architecture = {
      ...TINY,
      analysis: { ...TINY.analysis, blocks: [2, 1, 3] },
      synthesis: { ...TINY.synthesis, blocks: [3, 2, 1] },
    };
    const grown = await startingWeights({ architecture: large, seed: 4 }, file);
    assert.ok(grown.length > small.length);
    assert.deepEqual(coded(large, grown), coded(TINY, small));
    await assert.rejects(
      startingWeights(
        { architecture: { ...TINY, synthesis: { ...TINY.synthesis, blocks: [1, 1, 0] } }, seed: 1 },
        file,
      ),
      /g_s: expected weights of at most 0 residual blocks at resolution 1 from its input, got 1/,
    );
    await assert.rejects(
      startingWeights({ architecture: { ...TINY, latentChannels: 16 }, seed: 1 }, file),
      /g_a.out.kernel: expected a tensor of \[1,1,16,16\], got \[1,1,16,8\]/,
    );
  });

  it("are missed with a word on what was expected", async () => {
    const start = startingWeights({ architecture: TINY, seed: 1 }, join(folder, "none"));
    await assert.rejects(start, /--init: expected a file of weights, or a model's folder, at .*none/);
    const empty = startingWeights({ architecture: TINY, seed: 1 }, folder);
    await assert.rejects(empty, /--init: expected a file of weights, or a model's folder/);
  });
});
