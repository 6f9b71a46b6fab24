import { readdirSync, readFileSync } from "node:fs";
import sharp from "sharp";
import { readImage } from "../../src/image/read.ts";
import { avif, coded, colourProfile, nclx, sequence } from "../image/made/avif.ts";
import { chart, HEIGHT, WIDTH } from "../image/made/chart.ts";
import { greyProfile, rgbProfile, tableProfile } from "../image/made/icc.ts";
import { tiff } from "../image/made/tiff.ts";
import { png, profileChunk } from "../image/png.ts";
import { assertMeant, type Target } from "./target.ts";

const LIMITS = { maxPixels: 1 << 20, maxBytes: 1 << 22 };

/** `readImage`: each file gives a picture that is whole, or an error that says what came. */
export async function images(): Promise<Target> {
  return {
    seeds: await seeds(),
    async run(bytes) {
      let read: Awaited<ReturnType<typeof readImage>>;
      try {
        read = await readImage(bytes, LIMITS);
      } catch (error) {
        assertMeant(error, ["bad-image", "too-large"]);
        return;
      }
      const { image, notes } = read;
      const pixels = image.width * image.height;
      if (!(pixels > 0) || pixels > LIMITS.maxPixels)
        throw new Error(`a picture of ${image.width}×${image.height}`);
      if (image.data.length !== 3 * pixels)
        throw new Error(`${image.data.length} bytes for ${pixels} pixels`);
      if (image.alpha && image.alpha.length !== pixels)
        throw new Error(`${image.alpha.length} bytes of alpha`);
      if (!/^[\x20-\x7e]{0,500}$/.test(notes.join("; ")))
        throw new Error(`notes that no header takes: ${notes}`);
    },
  };
}

async function seeds(): Promise<Uint8Array[]> {
  const folder = new URL("../odd-images/", import.meta.url);
  const odd = readdirSync(folder).map((name) => readFileSync(new URL(name, folder)));
  const small = sharp(readFileSync(new URL("../images/face-hat-64.png", import.meta.url))).resize(24, 16);
  const written = await Promise.all([
    small.clone().jpeg().toBuffer(),
    small.clone().jpeg({ progressive: true, chromaSubsampling: "4:4:4" }).toBuffer(),
    small.clone().toColourspace("cmyk").jpeg().toBuffer(),
    small
      .clone()
      .withExif({ IFD0: { Orientation: "6" } })
      .jpeg()
      .toBuffer(),
    small.clone().png({ progressive: true }).toBuffer(),
    small.clone().png({ palette: true, colours: 4 }).toBuffer(),
    small.clone().webp().toBuffer(),
    small.clone().ensureAlpha(0.5).webp({ lossless: true }).toBuffer(),
    small.clone().avif().toBuffer(),
    small.clone().gif().toBuffer(),
    ...(["lzw", "jpeg", "deflate", "packbits"] as const).map((compression) =>
      small.clone().tiff({ compression }).toBuffer(),
    ),
    small.clone().tiff({ tile: true, tileWidth: 16, tileHeight: 16 }).toBuffer(),
  ]);
  return [...odd, ...written, ...(await made())];
}

async function made(): Promise<Buffer[]> {
  const size = { width: WIDTH, height: HEIGHT };
  const picture = await coded(chart("RGB"), size, 8);
  const tables = tableProfile("RGB ", 3, 2, ([r = 0]) => [100 * r, 0, 0]);
  return [
    avif({ ...size, picture, properties: [nclx(9, 16, 0)] }),
    avif({ ...size, picture, properties: [colourProfile(rgbProfile("P3", "P3", "sRGB"))] }),
    sequence({ ...size, picture }, 2),
    png({ ...size, channels: 3, depth: 16 }, chart("RGB", 65535), [profileChunk(tables)]),
    png({ ...size, channels: 2, depth: 16 }, chart("grey + alpha", 65535), [
      profileChunk(greyProfile("g", 1.8)),
    ]),
    tiff({ ...size, bands: 1, bits: 12, bigEndian: true }, chart("grey", 4095)),
    tiff({ ...size, bands: 3, bits: 8, photometric: 8 }, chart("RGB")),
    tiff(
      { ...size, bands: 4, bits: 32, format: 3, extra: [2] },
      chart("RGB + alpha").map((v) => v / 255),
    ),
  ];
}
