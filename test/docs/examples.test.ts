import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { defaultModel, ownModels } from "../../scripts/build/models.ts";
import { ROOT } from "../../scripts/imports.ts";
import { decode, info } from "../../src/index.ts";

const FOLDER = join(ROOT, "examples");
/** A picture, as `zippynet inline` prints it. */
const TEXT = /"([\w-]{80,})"/g;

const texts = readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
  .filter((path) => !path.includes("node_modules") && /\.(html|jsx?)$/.test(path))
  .flatMap((path) => [...readFileSync(join(FOLDER, path), "utf8").matchAll(TEXT)].map(([, text]) => text!));

test("the pictures of the examples are of the model that the package brings, so that whoever tries one sees it", async () => {
  const { number } = defaultModel(await ownModels()).manifest;
  assert.equal(texts.length, 3);
  for (const text of texts) {
    const told = info(text);
    assert.equal(told.kind === "latents" && told.model, number);
    const { width, height } = await decode(text);
    assert.deepEqual([width, height], [64, 64]);
  }
});
