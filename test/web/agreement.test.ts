import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { decodeImage } from "../../src/codec/decode.ts";
import { encodeImage } from "../../src/codec/encode.ts";
import type { Image } from "../../src/codec/image.ts";
import { toInline } from "../../src/index.ts";
import { openModels } from "../../src/model/folder.ts";
import { Answers } from "./answers.ts";
import { BROWSERS, type BrowserName, IN_BROWSER, missing } from "./browser.ts";
import { variedPictures } from "./varied-pictures.ts";

const IMAGES = fileURLToPath(new URL("../images/", import.meta.url));

/** Pictures that are encoded again. */
const ENCODED = 20;
/** Pictures of a side at a quality: 200 in all. */
const SETS = [
  { count: 120, side: 42, quality: 50 },
  { count: 40, side: 32, quality: 10 },
  { count: 40, side: 42, quality: 95 },
] as const;

/**
 * Decodes every file under the policy and sends all pixels to where the test waits for them. A wrong
 * symbol does not pass the file's check byte, and ruins all that follow.
 */
const MODULE = (url: string): string => `
  import { decode, encode, preload, toInline } from "/zippynet.js";
  const files = await (await fetch("/files.json")).json();
  await preload();
  const start = performance.now();
  const pictures = await Promise.all(files.map((file) => decode(file)));
  const milliseconds = performance.now() - start;
  const body = new Blob(pictures.map(({ data }) => data));
  const encoded = [];
  for (const picture of pictures.slice(0, ${ENCODED})) encoded.push(toInline(await encode(picture, { model: "faces" })));
  await fetch("${url}?milliseconds=" + milliseconds + "&encoded=" + encoded, { method: "POST", body });`;

suite("200 files give Node's pixels, and pictures Node's files", IN_BROWSER, () => {
  let answers: Answers;
  let own: Image[];
  let ownEncoded: string[];
  let ownMilliseconds: number;

  before(async () => {
    const [model] = await (await openModels()).choose("faces");
    const files: Uint8Array[] = [];
    for (const { count, side, quality } of SETS) {
      for (const image of await variedPictures(IMAGES, count, side))
        files.push(encodeImage(model!, image, quality).file);
    }
    decodeImage(model!, files[0]!);
    const start = performance.now();
    own = files.map((file) => decodeImage(model!, file));
    ownMilliseconds = performance.now() - start;
    ownEncoded = own.slice(0, ENCODED).map((image) => toInline(encodeImage(model!, image, 50).file));
    answers = await Answers.open(MODULE);
    answers.site.write("files.json", JSON.stringify(files.map(toInline)));
  });
  after(() => answers?.close());

  const compare = async (name: BrowserName): Promise<void> => {
    const { query, body: pixels } = await answers.of(name);
    let [at, differ] = [0, 0];
    for (const { data } of own) {
      for (let i = 0; i < data.length; i++) {
        if (data[i] !== pixels[at + Math.floor(i / 3) * 4 + (i % 3)]) differ++;
      }
      at += (data.length / 3) * 4;
    }
    assert.equal(at, pixels.length);
    assert.equal(differ, 0);
    assert.deepEqual(query.get("encoded")!.split(","), ownEncoded);
    const milliseconds = Number(query.get("milliseconds"));
    const rate = (spent: number): string => ((own.length / spent) * 1000).toFixed();
    const ratio = (milliseconds / ownMilliseconds).toFixed(2);
    console.log(
      `${name}: ${rate(milliseconds)} pictures a second, Node ${rate(ownMilliseconds)}, time ratio ${ratio}`,
    );
  };

  for (const name of BROWSERS) test(`in ${name}`, { skip: missing(name) }, () => compare(name));
});

test("a folder's pictures are varied, the same each time", async () => {
  const [a, b] = [await variedPictures(IMAGES, 30, 16), await variedPictures(IMAGES, 30, 16)];
  assert.deepEqual(a, b);
  assert.equal(new Set(a.map(({ data }) => data.join())).size, 30);
});
