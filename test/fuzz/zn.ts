import { readdirSync, readFileSync } from "node:fs";
import { readZn } from "../../src/codec/format/zn-file.ts";
import { decodePicture } from "../../src/image/decode.ts";
import { openDecoders } from "../../src/model/folder.ts";
import { assertMeant, type Target } from "./target.ts";

/** A picture of more pixels is decoded now and then only: it takes a second. */
const SMALL = 96 * 96;
const SELDOM = 200;

/**
 * `.zn` files: header and pixels. Each gives a picture of the size that its header states, or an error that says what
 * came.
 */
export async function zn(): Promise<Target> {
  const models = await openDecoders();
  const folder = new URL("../golden/", import.meta.url);
  const seeds = readdirSync(folder)
    .filter((name) => name.endsWith(".zn"))
    .map((name) => readFileSync(new URL(name, folder)));
  let large = 0;
  return {
    seeds,
    async run(bytes) {
      try {
        const { width, height } = readZn(bytes);
        if (width * height > SMALL && large++ % SELDOM > 0) return;
        const image = await decodePicture(models, bytes);
        if (image.width !== width || image.height !== height)
          throw new Error(`a picture of ${image.width}×${image.height} of a file of ${width}×${height}`);
        if (image.data.length !== 3 * width * height) throw new Error(`${image.data.length} bytes of pixels`);
      } catch (error) {
        assertMeant(error, ["bad-file", "unknown-model", "too-large"]);
      }
    },
  };
}
