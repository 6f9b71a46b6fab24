import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { licenceOf, parseManifest } from "../../src/model/manifest.ts";
import { parseRecipe } from "../../src/train/recipe.ts";

const MODELS = fileURLToPath(new URL("../../models", import.meta.url));

/**
 * Sets whose terms allow any use, by the SHA-256 of their archives, and what of them does not: share-alike pictures.
 */
const FREE_DATA: Readonly<Record<string, { readonly sha256: string; readonly without?: readonly string[] }>> =
  {
    "portraits-train": { sha256: "d7d7e08ca9b8cc41c8696c99beaeff72e71c1973f488d0fe38e9041e505bf028" },
    "products-train": { sha256: "45c6188244ed195f8fa0c1bd80e43985dfa03daa6d6a927eb40b54d563004c27" },
    "photos-train": {
      sha256: "a0cfceae272b032e0f0a1dc31e589631cb1121fc8d8d43bfc1bc9c19c33022c0",
      without: ["bysa_", "gpl_"],
    },
  };
/** SPDX identifiers of licences that allow any use. */
const FREE_LICENCES = ["CC0-1.0", "CC-BY-4.0", "MIT"];

describe("lineage of the models", () => {
  const folders = readdirSync(MODELS).filter((name) => existsSync(join(MODELS, name, "manifest.json")));
  for (const folder of folders) {
    const manifest = parseManifest(readFileSync(join(MODELS, folder, "manifest.json"), "utf8"));

    it(`${folder} has the name of its folder, and a licence`, () => {
      assert.equal(manifest.name, folder);
      assert.match(manifest.licence, /^(https:\/\/|[A-Z][\w.-]+$)/);
      assert.equal(manifest.research, !FREE_LICENCES.includes(manifest.licence));
    });

    it(`${folder} has looks on its own terms`, () => {
      for (const look of Object.values(manifest.looks ?? {}))
        assert.deepEqual(licenceOf(look), licenceOf(manifest));
    });

    if (manifest.research) continue;
    it(`${folder}, which is free, descends from free data alone, and from noise`, () => {
      const recipe = parseRecipe(readFileSync(join(MODELS, folder, "recipe.json"), "utf8"));
      assert.equal(recipe.init, undefined, "weights of which nothing is known");
      for (const { name, sha256, without = [] } of recipe.data) {
        const free = FREE_DATA[name];
        assert.ok(free, `${name} is not among the free sets`);
        assert.equal(sha256, free.sha256, name);
        for (const start of free.without ?? [])
          assert.ok(without.includes(start), `${name}: ${start} is not left out`);
      }
      const { number, licence, attribution, architecture } = manifest;
      const last = recipe.stages.findLast((stage) => stage.architecture)?.architecture ?? recipe.architecture;
      assert.deepEqual(
        { number, licence, attribution, architecture },
        {
          number: recipe.number,
          licence: recipe.licence,
          attribution: recipe.attribution,
          architecture: last,
        },
      );
      assert.ok(attribution.length > 0);
    });
  }

  it("is in the card of each model that has a recipe", () => {
    for (const name of folders.filter((folder) => existsSync(join(MODELS, folder, "recipe.json")))) {
      assert.match(readFileSync(join(MODELS, name, "README.md"), "utf8"), /--recipe recipe\.json/);
    }
  });
});
