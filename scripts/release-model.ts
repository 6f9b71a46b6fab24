/**
 * Releases a model: `npm run release-model -- NAME`. Marks it as released in its manifest and its card, and adds the
 * SHA-256 of its manifest and weights to `test/model/released.json`. From then on a test refuses every change of them.
 * Its golden files have to exist before (`node test/golden/make.ts`), and have to decode to what they state. Of a model
 * that is released, it releases the looks that it has gained: until then they may be bettered, as files do not change.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { decodeImage } from "../src/codec/decode.ts";
import { openModels } from "../src/model/folder.ts";
import { parseManifest } from "../src/model/manifest.ts";
import { OWN } from "../src/train/export/destination.ts";
import { hashOfReleased, hashPixels } from "../test/codec/support.ts";
import type { Golden } from "../test/golden/make.ts";

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const read = (path: string) => readFileSync(at(path), "utf8");

const [, , name] = process.argv;
if (!name) throw new Error("expected the name of a model, got none");
const model = await (await openModels()).byName(name);
if (model.number >= OWN.first) throw new Error(`expected a number below ${OWN.first}, got ${model.number}`);

const golden = (JSON.parse(read("test/golden/golden.json")) as Golden[]).filter(
  ({ header }) => header.model === model.number,
);
if (golden.length === 0) throw new Error(`expected golden files of ${name}: run node test/golden/make.ts`);
for (const { file, pixels } of golden) {
  const image = decodeImage(model, new Uint8Array(readFileSync(at(`test/golden/${file}`))));
  if (hashPixels(image) !== pixels) throw new Error(`${file}: expected pixels of ${pixels}, got others`);
}

const text = read(`models/${name}/manifest.json`);
const { blobs, looks = {}, released: isReleased } = parseManifest(text);
const files = [
  "manifest.json",
  ...[...Object.values(blobs), ...Object.values(looks)].map(({ file }) => file),
];
const released = JSON.parse(read("test/model/released.json")) as Record<string, Record<string, string>>;
const before = released[name] ?? {};
if (isReleased && files.every((file) => file in before)) {
  throw new Error(`expected ${name} not to be released or to have a new look, got it released as it is`);
}
if (!isReleased) {
  writeFileSync(at(`models/${name}/manifest.json`), text.replace('"released": false', '"released": true'));
  const card = read(`models/${name}/README.md`);
  const line = `Model number ${model.number}`;
  if (!card.includes(`${line}.`)) throw new Error(`expected "${line}." on the card of ${name}, got none`);
  writeFileSync(
    at(`models/${name}/README.md`),
    card.replace(`${line}.`, `${line}, released: it never changes.`),
  );
}

released[name] = {
  ...Object.fromEntries(files.map((file) => [file, hashOfReleased(at(`models/${name}/${file}`))])),
  ...before,
};
writeFileSync(at("test/model/released.json"), `${JSON.stringify(released, null, 2)}\n`);
console.log(`${name} (${model.number}) is released: ${files.join(", ")} never change`);
