import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { defaultModel, ownModels } from "../../scripts/build/models.ts";
import { ROOT } from "../../scripts/imports.ts";
import { decode, info } from "../../src/index.ts";
import { summaryOf, usualModels } from "../../src/model/models.ts";

const FOLDER = join(ROOT, "examples");
/** A picture, as `zippynet inline` prints it. */
const TEXT = /"([\w-]{80,})"/g;

const { number, name } = defaultModel(await ownModels()).manifest;
const texts = readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
  .filter((path) => !path.includes("node_modules") && /\.(html|jsx?)$/.test(path))
  .flatMap((path) => [...readFileSync(join(FOLDER, path), "utf8").matchAll(TEXT)].map(([, text]) => text!));

test("the pictures of the examples are of the model that the package brings, so that whoever tries one sees it", async () => {
  assert.equal(texts.length, 3);
  for (const text of texts) {
    const told = info(text);
    assert.equal(told.kind === "latents" && told.model, number);
    const { width, height } = await decode(text);
    assert.deepEqual([width, height], [64, 64]);
  }
});

test("the README shows the number and the text of the model that the package brings", () => {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  assert.equal(Number(/model: (\d+)/.exec(readme)?.[1]), number);
  const text = /<zippy-img src="([\w-]+)…"/.exec(readme)?.[1] ?? "";
  assert.equal(Buffer.from(text, "base64url")[1], number); // format.md: the long form has the number second
});

test("the list of models has each under its number, and those in use are the ones that encoders take", async () => {
  const text = readFileSync(join(ROOT, "models/README.md"), "utf8");
  const rows = text.split("\n").flatMap((line) => {
    const [, names = "", numbers = ""] = line.split("|");
    const linked = [...names.matchAll(/\[([\w-]+)\]\(\1\)/g)].map(([, each]) => each!);
    return linked.length > 0 ? [{ names: linked, numbers: numbers.split(",").map(Number) }] : [];
  });
  const listed = rows.flatMap(({ names, numbers }) => names.map((each, i) => [numbers[i]!, each] as const));
  const models = (await ownModels()).map(({ manifest }) => summaryOf(manifest));
  assert.deepEqual(
    listed.sort(([a], [b]) => a - b),
    models.map((model) => [model.number, model.name]),
  );
  const usual = usualModels(models).map((model) => model.name);
  assert.deepEqual(
    rows.slice(0, usual.length).flatMap(({ names }) => names),
    usual,
  );
});

test("the README of the examples lists them all, and installs the model that the package brings", () => {
  const text = readFileSync(join(FOLDER, "README.md"), "utf8");
  for (const entry of readdirSync(FOLDER, { withFileTypes: true })) {
    if (entry.isDirectory()) assert.ok(text.includes(`(${entry.name})`), `expected a row of ${entry.name}`);
  }
  assert.ok(text.includes(`zippynet-model-${name}-0`), `expected the tarball of ${name}`);
});
