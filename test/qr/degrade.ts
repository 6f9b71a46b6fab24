import sharp from "sharp";
import { seededRandom } from "../../src/codec/rdo/sga.ts";

type Degrade = (png: Uint8Array) => Promise<Uint8Array>;

const rotate: Degrade = (png) => sharp(png).rotate(10, { background: "#ddd" }).png().toBuffer();

const shrink: Degrade = async (png) => {
  const { width } = await sharp(png).metadata();
  return sharp(png)
    .resize(Math.round(width * 0.7))
    .png()
    .toBuffer();
};

/** Less contrast, and noise of a standard deviation of about 25 levels. */
const noise: Degrade = async (png) => {
  const { data, info } = await sharp(png).greyscale().raw().toBuffer({ resolveWithObject: true });
  const random = seededRandom(7);
  const noisy = data.map((value) => {
    const bell = random() + random() + random() - 1.5;
    return Math.max(0, Math.min(255, value * 0.75 + 30 + 50 * bell));
  });
  const { width, height, channels } = info;
  return sharp(noisy, { raw: { width, height, channels } }).png().toBuffer();
};

const mirror: Degrade = (png) => sharp(png).flop().png().toBuffer();

const jpeg: Degrade = (png) => sharp(png).jpeg({ quality: 40 }).toBuffer();

/** What happens to a code between printer and reader. */
export const degraded: Readonly<Record<string, Degrade>> = {
  "rotated by 10°": rotate,
  "scaled to 0.7": shrink,
  "with noise": noise,
  "as JPEG of quality 40": jpeg,
  mirrored: mirror,
  "mirrored and rotated by 10°": async (png) => rotate(await mirror(png)),
  "with all of that": async (png) => jpeg(await noise(await shrink(await rotate(await mirror(png))))),
};
