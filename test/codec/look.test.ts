/** A further synthesis network of a model: the same files, other pictures. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { decodeImage } from "../../src/codec/decode.ts";
import type { Look } from "../../src/codec/network/architecture.ts";
import { psnr } from "../../src/codec/rate-distortion.ts";
import { readImage } from "../../src/image/read.ts";
import { configure, decode, encode, listModels } from "../../src/index.ts";
import { openDecoders } from "../../src/model/folder.ts";
import { decodeByFormat, openFormatModel } from "./format-decoder.ts";
import { withLook } from "./made-look.ts";
import { facesFolder, goldenFolder } from "./support.ts";

const folder = await withLook();
after(() => rm(folder, { recursive: true }));
const model = join(folder, "faces");
const bytes = new Uint8Array(await readFile(join(goldenFolder, "made-42x42-q50.zn")));

test("a look decodes the same file to other pixels, and the faithful ones stay", async () => {
  const decoder = await (await openDecoders(folder)).byName("faces");
  const before = await (await openDecoders()).byName("faces");
  const faithful = decodeImage(decoder, bytes);
  assert.deepEqual(faithful, decodeImage(before, bytes));
  const look = await decoder.withLook("natural");
  assert.equal(look.look, "natural");
  assert.equal(await decoder.withLook("natural"), look, "loaded once");
  const natural = decodeImage(look, bytes);
  const inside = [...faithful.data.entries()].filter(([, value]) => value < 240);
  for (const [at, value] of inside) assert.ok(Math.abs(natural.data[at]! - value - 0.05 * 255) <= 2);
  const manifest = JSON.parse(await readFile(join(model, "manifest.json"), "utf8"));
  const looked = JSON.stringify({ ...manifest, blobs: { ...manifest.blobs, g_s: manifest.looks.natural } });
  const independent = openFormatModel((name) =>
    name === "manifest.json" ? Buffer.from(looked) : readFileSync(join(model, name)),
  );
  assert.deepEqual(decodeByFormat(independent, bytes).pixels, natural.data);
  decoder.dispose();
});

test("a model without the look decodes faithfully", async () => {
  const decoder = await (await openDecoders()).byName("faces");
  assert.equal(await decoder.withLook("natural"), decoder);
});

test("the library decodes by look, lists which there are, and refuses others", async () => {
  configure({ models: folder });
  after(() => configure({ models: join(facesFolder, "..") }));
  const [info] = await listModels();
  assert.deepEqual(info!.looks, ["faithful", "natural"]);
  const [faithful, natural] = [await decode(bytes), await decode(bytes, { look: "natural" })];
  assert.deepEqual(await decode(bytes, { look: "faithful" }), faithful);
  assert.notDeepEqual(natural.data, faithful.data);
  await assert.rejects(decode(bytes, { look: "pretty" as never }), {
    code: "bad-option",
    message: 'expected a look of faithful or natural, got "pretty"',
  });
});

test("an encoder tuned for a look brings that look's picture nearer to the original", async () => {
  const path = new URL("../images/face-hat-64.png", import.meta.url);
  const { image } = await readImage(await readFile(path));
  configure({ models: join(facesFolder, "..") });
  const options = { model: "portraits-2", maxBytes: 90, effort: 2, classical: false } as const;
  const natural = async (tune: Look): Promise<number> => {
    const file = await encode(image, { ...options, tune });
    assert.ok(file.length <= options.maxBytes);
    const { data } = await decode(file, { look: "natural", channels: 3 });
    return psnr(image, { ...image, data: new Uint8Array(data) });
  };
  const [plain, tuned] = [await natural("faithful"), await natural("natural")];
  assert.ok(tuned > plain + 0.2, `${tuned} dB, ${plain} without`);
  await assert.rejects(encode(image, { ...options, tune: "pretty" as never }), {
    code: "bad-option",
    message: 'expected tune as faithful or natural, got "pretty"',
  });
});

test("a look that is not the manifest's is refused, and the faithful one goes on", async () => {
  const other = join(folder, "..", `${folder.split("/").at(-1)}-broken`);
  await cp(folder, other, { recursive: true });
  after(() => rm(other, { recursive: true }));
  const path = join(other, "faces", "g_s.natural.safetensors");
  const content = await readFile(path);
  content[content.length - 1]! ^= 1;
  await writeFile(path, content);
  const decoder = await (await openDecoders(other)).byName("faces");
  await assert.rejects(decoder.withLook("natural"), {
    code: "bad-model",
    message: /natural\.safetensors: expected SHA-256/,
  });
  assert.equal(decodeImage(decoder, bytes).width, 42);
});
