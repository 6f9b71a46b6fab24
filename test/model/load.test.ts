/** A model folder is refused unless all of it is what the manifest says. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { decodeImage } from "../../src/codec/decode.ts";
import { encodeImage } from "../../src/codec/encode.ts";
import { sha256Hex } from "../../src/model/load-decoder.ts";
import { loadModel } from "../../src/model/load-model.ts";
import { BLOBS, type BlobName, parseManifest } from "../../src/model/manifest.ts";
import { readSafetensors, type SafeTensor, writeSafetensors } from "../../src/model/safetensors.ts";
import { facesFolder, madePicture, zippyError } from "../codec/support.ts";

type Files = Map<string, Uint8Array>;

const original = (): Files =>
  new Map(
    ["manifest.json", ...BLOBS.map((blob) => `${blob}.safetensors`)].map((name) => [
      name,
      new Uint8Array(readFileSync(join(facesFolder, name))),
    ]),
  );

const load = (files: Files) =>
  loadModel(async (name) => files.get(name) ?? Promise.reject(new Error(`no file ${name}`)));

/** The folder with a manifest changed. */
function withManifest(change: (manifest: Record<string, unknown>) => void): Files {
  const files = original();
  const manifest = JSON.parse(new TextDecoder().decode(files.get("manifest.json")));
  change(manifest);
  return files.set("manifest.json", new TextEncoder().encode(JSON.stringify(manifest)));
}

/** The folder with the tensors of a blob changed, and its length and hash made to agree. */
async function withTensors(
  blob: BlobName,
  change: (tensors: Map<string, SafeTensor>) => void,
): Promise<Files> {
  const file = `${blob}.safetensors`;
  const tensors = new Map(readSafetensors(original().get(file)!));
  change(tensors);
  const bytes = writeSafetensors(tensors);
  const sha256 = await sha256Hex(bytes);
  return withManifest((manifest) => {
    (manifest["blobs"] as Record<string, object>)[blob] = { file, bytes: bytes.length, sha256 };
  }).set(file, bytes);
}

const refused = (files: Files, text: RegExp): Promise<void> =>
  assert.rejects(load(files), zippyError("bad-model", text));

test("the model loads, works, gives its memory back, and takes it anew when it is needed", async () => {
  const model = await load(original());
  assert.deepEqual([model.number, model.name], [1, "faces"]);
  const image = madePicture(24, 24, 0);
  const encoded = encodeImage(model, image, 50);
  const decoded = decodeImage(model, encoded.file);
  model.dispose();
  assert.deepEqual(decodeImage(model, encoded.file), decoded);
});

test("a kernel or bias that could overflow a sum is refused", async () => {
  const files = await withTensors("g_s", (tensors) => {
    const { shape, data } = tensors.get("g_s.res1.b.bias")!;
    const bias = Float32Array.from(data, (value, o) => (o === 3 ? 1e9 : value));
    tensors.set("g_s.res1.b.bias", { dtype: "F32", shape, data: bias });
  });
  await refused(files, /g_s\.res1\.b: expected biases below 2\^30/);
});

test("an altered byte anywhere in a blob is found by its hash", async () => {
  for (const blob of BLOBS) {
    const file = `${blob}.safetensors`;
    const { length } = original().get(file)!;
    for (const at of [0, 100, length >> 1, length - 1]) {
      const files = original();
      files.get(file)![at]! ^= 1;
      await refused(files, new RegExp(`faces/${file}: expected SHA-256 [0-9a-f]{64}, got [0-9a-f]{64}`));
    }
    const files = original();
    await refused(files.set(file, files.get(file)!.subarray(0, -1)), /expected \d+ bytes, got \d+/);
    await refused(files.set(file, new Uint8Array()), /expected \d+ bytes, got 0/);
  }
});

test("a wrong hash in the manifest is found", async () => {
  const files = withManifest((manifest) => {
    (manifest["blobs"] as Record<string, { sha256: string }>)["g_s"]!.sha256 = "0".repeat(64);
  });
  await refused(files, /g_s\.safetensors: expected SHA-256 0{64}/);
});

test("a manifest with a field missing or out of range is refused, and the field is named", async () => {
  const cases: [(manifest: Record<string, unknown>) => void, RegExp][] = [
    [(m) => delete m["number"], /manifest\.json: number/],
    [(m) => (m["number"] = 256), /number/],
    [(m) => (m["number"] = 1.5), /number/],
    [(m) => (m["number"] = 80), /number/],
    [(m) => (m["number"] = 0), /number/],
    [(m) => (m["number"] = -1), /number/],
    [(m) => (m["format"] = 1), /format/],
    [(m) => (m["name"] = "Faces!"), /name/],
    [(m) => (m["released"] = "yes"), /released/],
    [(m) => ((m["architecture"] as Record<string, unknown>)["slices"] = 0), /architecture\.slices/],
    [(m) => delete (m["blobs"] as Record<string, unknown>)["prior"], /blobs\.prior/],
    [
      (m) => ((m["blobs"] as Record<string, Record<string, unknown>>)["prior"]!["file"] = "../prior"),
      /blobs\.prior\.file/,
    ],
    [
      (m) => ((m["blobs"] as Record<string, Record<string, unknown>>)["g_a"]!["sha256"] = "abc"),
      /g_a\.sha256/,
    ],
  ];
  for (const [change, text] of cases) await refused(withManifest(change), text);
  await refused(
    original().set("manifest.json", new TextEncoder().encode("{")),
    /manifest\.json: expected JSON/,
  );
  assert.throws(() => parseManifest("[]"), zippyError("bad-model", /manifest\.json/));
});

test("an architecture that the weights do not have is refused", async () => {
  type Shape = {
    latentChannels: number;
    slices: number;
    prior: { hidden: number };
    synthesis: { blocks: number[] };
  };
  const cases: [(architecture: Shape) => void, RegExp][] = [
    [(a) => (a.latentChannels = 32), /expected \w+ \[/],
    [(a) => (a.slices = 3), /architecture: expected slices that divide latentChannels/],
    [(a) => (a.slices = 8), /expected \w+ \[/],
    [(a) => (a.prior.hidden = 97), /prior\.0\.0\.conv0/],
    [(a) => a.synthesis.blocks.fill(5), /g_s\.\w+.*, got none|expected/],
  ];
  for (const [change, text] of cases) {
    await refused(
      withManifest((manifest) => change(manifest["architecture"] as Shape)),
      text,
    );
  }
});

test("a missing tensor, or one of another type or shape, is named", async () => {
  for (const [blob, name] of [
    ["g_a", "gain"],
    ["g_a", "g_a.down3.kernel"],
    ["g_s", "inverse_gain"],
    ["g_s", "g_s.conv0.scale"],
    ["g_s", "g_s.out.bias"],
    ["prior", "levels"],
    ["prior", "tables.lengths"],
    ["prior", "tables.frequencies"],
    ["prior", "prior.3.1.conv2.multiplier"],
    ["prior", "prior.0.0.conv0.kernel"],
  ] as const) {
    const escaped = name.replaceAll(".", "\\.");
    await refused(
      await withTensors(blob, (tensors) => tensors.delete(name)),
      new RegExp(`^${escaped}: expected \\w+ \\[[\\d,]+\\], got none`),
    );
    await refused(
      await withTensors(blob, (tensors) => {
        const { dtype, shape, data } = tensors.get(name)!;
        tensors.set(name, { dtype, shape: [...shape, 1], data } as SafeTensor);
      }),
      new RegExp(`^${escaped}: expected \\w+ \\[[\\d,]+\\], got \\w+ \\[[\\d,]+,1\\]`),
    );
  }
  await refused(
    await withTensors("prior", (tensors) => {
      const { shape, data } = tensors.get("prior.1.0.conv1.kernel")!;
      tensors.set("prior.1.0.conv1.kernel", { dtype: "F32", shape, data: Float32Array.from(data) });
    }),
    /prior\.1\.0\.conv1\.kernel: expected I8 .*, got F32/,
  );
});

test("values that the arithmetic does not allow are refused", async () => {
  await refused(
    await withTensors("prior", (tensors) => {
      tensors.get("prior.0.1.conv1.bias")!.data[3] = 1 - 2 ** 31;
    }),
    /prior\.0\.1\.conv1: expected sums below 2\^31/,
  );
  await refused(
    await withTensors("prior", (tensors) => {
      tensors.get("levels")!.data[99] = 65;
    }),
    /levels: expected values within ±64/,
  );
  await refused(
    await withTensors("prior", (tensors) => {
      tensors.get("tables.frequencies")!.data[0] = 0;
    }),
    /table 0: entry 0 is zero/,
  );
});

test("numbers that are none, infinite ones and scales below zero are refused, wherever they are", async () => {
  for (const [blob, name] of [
    ["g_a", "gain"],
    ["g_a", "g_a.conv0.scale"],
    ["g_s", "inverse_gain"],
    ["g_s", "g_s.out.scale"],
    ["g_s", "g_s.up8.bias"],
    ["prior", "prior.1.0.conv2.multiplier"],
  ] as const) {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, ...(name.endsWith("bias") ? [] : [-0.5])]) {
      const files = await withTensors(blob, (tensors) => {
        const { shape, data } = tensors.get(name)!;
        const changed = Float32Array.from(data, (old, i) => (i === 1 ? value : old));
        tensors.set(name, { dtype: "F32", shape, data: changed });
      });
      await refused(
        files,
        new RegExp(`${name.replaceAll(".", "\\.")}: expected finite numbers.*got ${value}`),
      );
    }
  }
  const files = await withTensors("g_s", (tensors) => {
    tensors.get("g_s.out.scale")!.data[0] = 3e38; // finite, but not in 32nds of a level
  });
  await refused(files, /g_s\.out: expected scales that are finite/);
});

test("a tensor that no model has is refused, and named", async () => {
  for (const blob of BLOBS) {
    const files = await withTensors(blob, (tensors) => {
      tensors.set("momentum", { dtype: "F32", shape: [1], data: Float32Array.of(1) });
    });
    await refused(files, /momentum: expected no tensor of this name/);
  }
});

test("a file that is not there rejects with the reader's own error", async () => {
  const files = original();
  files.delete("g_s.safetensors");
  await assert.rejects(load(files), /no file g_s\.safetensors/);
});
