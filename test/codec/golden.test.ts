/** Old file, new decoder: the committed files decode to what they decoded to when they were made. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { decodeImage, decodeLatents } from "../../src/codec/decode.ts";
import { info } from "../../src/index.ts";
import { openModels } from "../../src/model/folder.ts";
import { parseManifest } from "../../src/model/manifest.ts";
import type { Golden } from "../golden/make.ts";
import { decodeByFormat, openFormatModel } from "./format-decoder.ts";
import { goldenFolder, hashLatents, hashPixels, modelFolder } from "./support.ts";

const golden = JSON.parse(readFileSync(join(goldenFolder, "golden.json"), "utf8")) as Golden[];
const read = (name: string) => new Uint8Array(readFileSync(join(goldenFolder, name)));
const models = await openModels();
const byFormat = new Map(
  models
    .list()
    .map(({ name, number }) => [
      number,
      openFormatModel((file) => readFileSync(join(modelFolder(name), file))),
    ]),
);

for (const { file, header, orientation, yHat, pixels } of golden) {
  test(`golden ${file}: header, y_hat and pixels`, async () => {
    const bytes = read(file);
    assert.deepEqual(info(bytes), { ...header, kind: "latents", alpha: false, bytes: bytes.length });
    const model = await models.byNumber(header.model);
    const latents = decodeLatents(model, bytes);
    assert.equal(latents.orientation, orientation);
    assert.equal(hashLatents(latents.yHat), yHat);
    const image = decodeImage(model, bytes);
    assert.equal(image.data.length, header.width * header.height * 3);
    assert.equal(hashPixels(image), pixels);
  });

  test(`golden ${file}: the decoder written from docs/format.md agrees`, () => {
    const bytes = read(file);
    const picture = decodeByFormat(byFormat.get(header.model)!, bytes);
    assert.equal(picture.orientation, orientation);
    assert.equal(hashLatents(picture.yHat), yHat);
    assert.equal(hashPixels({ data: picture.pixels }), pixels);
  });
}

test("the worked example of docs/format.md is the golden file it names", () => {
  const page = readFileSync(new URL("../../docs/format.md", import.meta.url), "utf8");
  const [, example] = page.split("<!-- example: written by test/golden/make.ts -->");
  const name = /test\/golden\/([\w.-]+\.zn)/.exec(example!)![1]!;
  const block = /```\n([\s\S]*?)```/.exec(example!)![1]!;
  const bytes = block.match(/^([0-9a-f]{2} ?)+(?=$|\s)/gm)!.flatMap((row) => row.trim().split(" "));
  assert.equal(bytes.join(""), Buffer.from(read(name)).toString("hex"));
  assert.ok(example!.includes(golden.find(({ file }) => file === name)!.yHat));
});

test("the table of docs/format.md has the shape of `faces`, and names the fields of its manifest", () => {
  const page = readFileSync(new URL("../../docs/format.md", import.meta.url), "utf8");
  const told = new Map(
    [...page.matchAll(/^\| (\S.*?) +\| (.+?) +\| ([\d ]+?) +\|$/gm)].map(([, letter, field, value]) => [
      letter,
      { field, value },
    ]),
  );
  const text = readFileSync(join(modelFolder("faces"), "manifest.json"), "utf8");
  const { architecture, orientations } = parseManifest(text);
  const { latentChannels, slices, prior, synthesis } = architecture;
  const shape: Record<string, [name: string, value: number | readonly number[]]> = {
    C: ["`latentChannels`", latentChannels],
    S: ["`slices`", slices],
    N: ["C / S", latentChannels / slices],
    H: ["`prior.hidden`", prior.hidden],
    O: ["`orientations`", orientations],
    "W₀ W₁ W₂": ["`synthesis.widths`", synthesis.widths],
    "B₀ B₁ B₂": ["`synthesis.blocks`", synthesis.blocks],
  };
  for (const [letter, [name, value]] of Object.entries(shape)) {
    const row = told.get(letter);
    assert.ok(row?.field?.startsWith(name), `expected a row of ${letter}, ${name}`);
    assert.equal(row?.value, [value].flat().join(" "), letter);
  }
});
