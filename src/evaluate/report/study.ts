import sharp from "sharp";
import { psnr } from "../../codec/rate-distortion.ts";
import { readImage } from "../../image/read.ts";
import { cappedPsnr, mean } from "../measure/curve.ts";
import type { OwnRow } from "../measure/own.ts";
import type { Picture } from "../measure/sets.ts";
import { estimatedQuality, mogrify } from "../peers/magick.ts";

/** The table of the study from which this codec grew, on one picture or as means. */
export interface StudyRow {
  readonly name: string;
  /** Bytes of the file itself, or of a PNG where the picture was made from a larger one. */
  readonly original: number;
  /** JPEG quality of the original as ImageMagick estimates it, 1–100; of JPEG only. */
  readonly estimated?: number;
  readonly at75: Saved;
  readonly at95: Saved;
  /** Bytes of the study's code of 56 numbers. */
  readonly npy: number;
  readonly zippynet: Saved;
}

/** PSNR in dB to the original. */
export interface Saved {
  readonly bytes: number;
  readonly psnr: number;
}

/** Numbers in the code of the study's network. */
const CODE_LENGTH = 56;

/** ImageMagick's JPEG at 75 and 95 beside our own files, one a picture. */
export async function study(
  pictures: readonly Picture[],
  own: readonly OwnRow[],
  onPicture: (done: number) => void = () => undefined,
): Promise<StudyRow[]> {
  const code = npy(new Float32Array(CODE_LENGTH)).length;
  const rows: StudyRow[] = [];
  for (const [i, picture] of pictures.entries()) {
    const { name, image, original } = picture;
    const { width, height, data } = image;
    const png = () =>
      sharp(data, { raw: { width, height, channels: 3 } })
        .png({ compressionLevel: 9 })
        .toBuffer();
    const file = original?.bytes ?? (await png());
    const isJpeg = original?.mediaType === "image/jpeg";
    // ImageMagick reads no AVIF here
    const source = isJpeg ? file : await png();
    const saved = async (quality: number): Promise<Saved> => {
      const jpeg = await mogrify(source, quality);
      return { bytes: jpeg.length, psnr: cappedPsnr(psnr(image, (await readImage(jpeg)).image)) };
    };
    rows.push({
      name,
      original: file.length,
      ...(isJpeg && { estimated: await estimatedQuality(file) }),
      at75: await saved(75),
      at95: await saved(95),
      npy: code,
      zippynet: { bytes: own[i]!.bytes, psnr: own[i]!.psnr },
    });
    onPicture(i + 1);
  }
  return rows;
}

/** Means of all rows. */
export function meanRow(rows: readonly StudyRow[]): StudyRow {
  const of = (pick: (row: StudyRow) => number): number => mean(rows.map(pick));
  const saved = (pick: (row: StudyRow) => Saved): Saved => ({
    bytes: of((row) => pick(row).bytes),
    psnr: of((row) => pick(row).psnr),
  });
  const estimated = rows.flatMap((row) => row.estimated ?? []);
  return {
    name: `mean of ${rows.length}`,
    original: of(({ original }) => original),
    ...(estimated.length > 0 && { estimated: mean(estimated) }),
    at75: saved(({ at75 }) => at75),
    at95: saved(({ at95 }) => at95),
    npy: of(({ npy }) => npy),
    zippynet: saved(({ zippynet }) => zippynet),
  };
}

/**
 * A one-dimensional array as NumPy's `save` writes it, format 1.0: a header padded to 64 bytes, and little-endian
 * float32.
 */
export function npy(values: Float32Array): Uint8Array {
  const described = `{'descr': '<f4', 'fortran_order': False, 'shape': (${values.length},), }`;
  const before = 10; // magic, version, length of what follows
  const padded = Math.ceil((before + described.length + 1) / 64) * 64;
  const file = Buffer.alloc(padded + values.length * 4);
  file.write("\x93NUMPY\x01\x00", 0, "latin1");
  file.writeUInt16LE(padded - before, 8);
  file.write(`${described.padEnd(padded - before - 1)}\n`, before, "latin1");
  values.forEach((value, i) => {
    file.writeFloatLE(value, padded + i * 4);
  });
  return file;
}
