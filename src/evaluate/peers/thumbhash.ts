import sharp from "sharp";
import { rgbaToThumbHash, thumbHashToRGBA } from "thumbhash";
import { resizeImage } from "../../image/fit.ts";
import { packageVersion } from "../measure/cache.ts";
import type { Peer } from "./peer.ts";
import { toRgba } from "./rgba.ts";

/** The largest side in pixels that it takes. */
const MAX_SIDE = 100;

/** A placeholder of some twenty-five bytes, of one quality; shown at the size of its picture. */
export const THUMBHASH: Peer = {
  name: "thumbhash",
  settings: `thumbhash ${packageVersion("thumbhash")}, enlarged with a cubic kernel`,
  qualities: [1],
  async encode(image) {
    const shrink = Math.min(1, MAX_SIDE / Math.max(image.width, image.height));
    const [width, height] = [image.width, image.height].map((side) =>
      Math.max(1, Math.round(side * shrink)),
    ) as [number, number];
    return rgbaToThumbHash(width, height, toRgba(await resizeImage(image, width, height)));
  },
  async decode(file, { width, height }) {
    const { w, h, rgba } = thumbHashToRGBA(file);
    const data = await sharp(rgba, { raw: { width: w, height: h, channels: 4 } })
      .removeAlpha()
      .resize(width, height, { kernel: "cubic", fit: "fill" })
      .raw()
      .toBuffer();
    return { width, height, data: new Uint8Array(data) };
  },
};
