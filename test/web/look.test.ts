import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { serveDecoder } from "../../src/web/browser/worker/decoding.ts";
import { withLook } from "../codec/made-look.ts";

test("a page's decoder reads the second network when a picture asks for it, and not before", async (t) => {
  const folder = await withLook();
  t.after(() => rm(folder, { recursive: true }));
  const model = join(folder, "faces");
  const bytes = new Uint8Array(readFileSync(new URL("../golden/made-42x42-q50.zn", import.meta.url)));
  const manifest = await readFile(join(model, "manifest.json"), "utf8");
  const names = ["g_s.safetensors", "prior.safetensors", "g_s.natural.safetensors"];
  const weights = new Map(names.map((name) => [name, new Uint8Array(readFileSync(join(model, name)))]));
  const asked: string[] = [];
  const pictures: Uint8ClampedArray[] = [];
  const both = new Promise<void>((done, failed) => {
    const ask = serveDecoder((answer) => {
      if (answer.type === "missing") {
        asked.push(answer.file);
        ask({ type: "weights", id: answer.id, bytes: weights.get(answer.file) });
      } else if (answer.type === "decoded") {
        if (pictures.push(answer.picture.data) === 2) return done();
        ask({ type: "decode", jobs: [{ id: 2, file: bytes, look: "natural" }] });
      } else if (answer.type === "failed") failed(new Error(answer.message));
    });
    ask({ type: "start", models: [{ manifest, files: {} }] });
    ask({ type: "decode", jobs: [{ id: 1, file: bytes, look: "faithful" }] });
  });
  await both;
  assert.deepEqual(asked, names);
  assert.notDeepEqual(pictures[1], pictures[0]);
});
