import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import sharp, { type Region } from "sharp";
import { Answers } from "./answers.ts";
import { BROWSERS, type BrowserName, IN_BROWSER, missing } from "./browser.ts";

const SIDE = 64;
/** The upper right of the upright photograph. */
const CROP = { x: 1, y: 0, size: 0.8 };

const MODULE = (url: string): string => `
  import { square } from "/zippynet.js";
  const photo = await (await fetch("/photo.jpg")).blob();
  for (const [wrong, message] of [
    [[undefined, ${SIDE}], "expected a picture file as Blob, got undefined"],
    [["photo.jpg", ${SIDE}], 'expected a picture file as Blob, got "photo.jpg"'],
    [[photo, 0], "expected a side of 1–2048, got 0"],
    [[photo, ${SIDE}, { x: 2, y: 0, size: 1 }], "expected a crop as { x, y, size }, each of 0–1, got Object"],
    [[new Blob(["no picture"]), ${SIDE}], "expected a picture that this browser reads, got 10 bytes of an unknown type"],
  ]) {
    const told = await square(...wrong).then(() => "a square", ({ name, message }) => name + " " + message);
    if (told !== "ZippyNetError " + message) throw new Error(told);
  }
  const found = [await square(photo, ${SIDE}), await square(photo, ${SIDE}, ${JSON.stringify(CROP)})];
  await fetch("${url}", { method: "POST", body: new Blob(found.map(({ data }) => data)) });`;

suite("a photograph of 37 megapixels becomes a small square", IN_BROWSER, () => {
  let answers: Answers;
  let expected: Buffer;

  before(async () => {
    const photo = await lyingPhotograph();
    expected = Buffer.concat([
      await cut(photo, { left: 0, top: 76, width: 6048, height: 6048 }),
      await cut(photo, { left: 1210, top: 0, width: 4838, height: 4838 }),
    ]);
    answers = await Answers.open(MODULE);
    answers.site.write("photo.jpg", photo);
  });
  after(() => answers?.close());

  /** Upright, cut as asked for, and no finer pattern left of what is averaged. */
  const check = async (name: BrowserName): Promise<void> => {
    const { body } = await answers.of(name);
    assert.equal(body.length, expected.length * 4);
    const squares = expected.reduce((sum, value, i) => sum + (value - body[i * 4]!) ** 2, 0);
    const decibels = 10 * Math.log10((255 ** 2 * expected.length) / squares);
    assert.ok(decibels > 28, `${decibels.toFixed(1)} dB`);
  };

  for (const name of BROWSERS) test(`in ${name}`, { skip: missing(name) }, () => check(name));
});

/**
 * Stripes of one dark pixel in three, which show where pixels are left out; a darker corner; to be turned by a quarter.
 */
async function lyingPhotograph(): Promise<Buffer> {
  const [width, height] = [6200, 6048];
  const data = Buffer.alloc(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const light = x < 2500 && y < 1800 ? 120 : 240;
      data[y * width + x] = x % 3 === 0 ? 0 : light;
    }
  }
  return sharp(data, { raw: { width, height, channels: 1 } })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
}

/** As sharp cuts and averages it: grey. */
function cut(photo: Buffer, region: Region): Promise<Buffer> {
  const upright = sharp(photo).autoOrient().extract(region);
  return upright.resize(SIDE, SIDE).toColourspace("b-w").raw().toBuffer();
}
