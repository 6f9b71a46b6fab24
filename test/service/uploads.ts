import { crc32, deflateSync } from "node:zlib";
import sharp from "sharp";

/** What a service must take or refuse, made from one PNG of a face. */
export async function makeUploads(face: Buffer, other: Buffer): Promise<Uploads> {
  const { data, info } = await sharp(face).raw().toBuffer({ resolveWithObject: true });
  const wide = new Uint16Array(data.length).map((_, i) => data[i]! * 257);
  const jpeg = await sharp(face).jpeg({ quality: 95 }).toBuffer();
  return {
    types: {
      png: face,
      jpeg,
      webp: await sharp(face).webp({ lossless: true }).toBuffer(),
      avif: await sharp(face).avif({ quality: 90 }).toBuffer(),
      gif: await sharp(face).gif().toBuffer(),
      tiff: await sharp(face).tiff().toBuffer(),
    },
    unusual: {
      "16 bits": await sharp(wide, { raw: { ...info, channels: 3 } })
        .toColourspace("rgb16")
        .png()
        .toBuffer(),
      CMYK: await sharp(face).toColourspace("cmyk").jpeg().toBuffer(),
      alpha: await sharp(face).ensureAlpha(0.5).png().toBuffer(),
      animated: await sharp([face, other], { join: { animated: true } })
        .gif()
        .toBuffer(),
      grey: await sharp(face).greyscale().png().toBuffer(),
      "1×1": await sharp(face).resize(1, 1).png().toBuffer(),
      "1100×20": await sharp(face).resize(1100, 20, { fit: "fill" }).png().toBuffer(),
    },
    rotated: await sharp(face).resize(64, 48).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
    refused: {
      "no bytes": [Buffer.alloc(0), "bad-image", /0 bytes/],
      text: [Buffer.from("hello, I am a text\n"), "bad-image", /expected an image of type/],
      "truncated jpeg": [jpeg.subarray(0, jpeg.length / 2), "bad-image", /damaged/],
      "truncated png": [face.subarray(0, face.length / 2), "bad-image", /damaged/],
      "a bomb": [bomb(20_000), "too-large", /20000×20000/],
      svg: [
        Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"/>'),
        "bad-image",
        /expected/,
      ],
    },
  };
}

export interface Uploads {
  /** By name of the type. */
  readonly types: Readonly<Record<string, Buffer>>;
  readonly unusual: Readonly<Record<string, Buffer>>;
  /** 64×48 as stored, to be shown as 48×64. */
  readonly rotated: Buffer;
  /** Bytes, the code and the words of the reason. */
  readonly refused: Readonly<Record<string, readonly [Buffer, string, RegExp]>>;
}

/** A black PNG of one bit a pixel: some kilobytes that unpack to gigabytes of RGB. */
function bomb(side: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 1;
  const rows = Buffer.alloc((1 + Math.ceil(side / 8)) * side);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}
