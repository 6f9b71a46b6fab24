import { psnr } from "../../codec/rate-distortion.ts";
import { cached, hashImages } from "../measure/cache.ts";
import { cappedPsnr, mean, type Point } from "../measure/curve.ts";
import { distance, type Recogniser, type Square } from "../measure/faces.ts";
import type { Picture } from "../measure/sets.ts";
import {
  type Coded,
  type Coder,
  type CoderSettings,
  type JudgedCurve,
  ownCoder,
  peerCoders,
} from "./coders.ts";

/** Whether a codec's pictures still show the same person. */
export interface Recognition {
  /** Pictures with a face, which all figures are of. */
  readonly faces: number;
  /** Names of pictures in which no face was found. */
  readonly without: readonly string[];
  /** Mean distance from an original to the nearest other one. */
  readonly nearestOther: number;
  /** Ours first. */
  readonly curves: readonly JudgedCurve[];
}

export interface RecognitionSettings extends CoderSettings {
  readonly recogniser: Recogniser;
}

/** Beside ours, if they are among the peers; AVIF without its container. */
const PEERS: readonly string[] = ["webp", "avif", "mozjpeg", "thumbhash"];

/** The qualities of codecs that have them, from the lowest until nearly all faces are recognised. */
const QUALITIES = [1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100];
/** The share of faces from which on all count as recognised. */
const ALL = 0.98;

/** A picture of a face, and what it is known by. */
interface Face {
  readonly picture: Picture;
  readonly square: Square;
  readonly descriptor: Float32Array;
}

/**
 * How many decoded pictures are nearer to their own original than to any other original of the set (rank 1), and how
 * far from it they are. Throws RangeError if fewer than two pictures have a face.
 */
export async function recognition(
  settings: RecognitionSettings,
  set: string,
  pictures: readonly Picture[],
  onPoint: (codec: string, done: number, total: number) => void,
): Promise<Recognition> {
  const { recogniser, own } = settings;
  const { faces, without } = await findFaces(recogniser, pictures);
  if (faces.length < 2) {
    throw new RangeError(
      `expected at least 2 pictures with a face to recognise in ${set}, found ${faces.length} among ${pictures.length}`,
    );
  }
  const setting = JSON.stringify([recogniser.name, hashImages(faces.map(({ picture }) => picture.image))]);
  const curve = async ({ name, key, qualities, code }: Coder): Promise<JudgedCurve> => {
    const points: Point[] = [];
    for (const quality of qualities) {
      const point = await cached({ recognition: setting, ...key, quality }, async () => {
        const coded: Coded[] = [];
        for (const { picture } of faces) coded.push(await code(picture.image, quality));
        return { quality, ...(await measured(recogniser, faces, coded)) };
      });
      points.push(point);
      onPoint(name, points.length, qualities.length);
      if (point.rank1 >= ALL) break;
    }
    return { name, points };
  };

  const curves = [await curve(ownCoder(settings, `ZippyNet, effort ${own.settings.effort}`, QUALITIES))];
  for (const coder of peerCoders(settings, PEERS, QUALITIES)) curves.push(await curve(coder));
  const others = faces.map((face) =>
    Math.min(
      ...faces.filter((other) => other !== face).map((other) => distance(face.descriptor, other.descriptor)),
    ),
  );
  return { faces: faces.length, without, nearestOther: mean(others), curves };
}

async function findFaces(
  recogniser: Recogniser,
  pictures: readonly Picture[],
): Promise<{ faces: Face[]; without: string[] }> {
  const faces: Face[] = [];
  const without: string[] = [];
  for (const picture of pictures) {
    const square = await recogniser.find(picture.image);
    if (square) faces.push({ picture, square, descriptor: await recogniser.describe(picture.image, square) });
    else without.push(picture.name);
  }
  return { faces, without };
}

/** Means over the faces, each compared within the square that was found in its original. */
async function measured(
  recogniser: Recogniser,
  faces: readonly Face[],
  coded: readonly Coded[],
): Promise<Omit<Point, "quality"> & { rank1: number; distance: number }> {
  const rows: { first: boolean; own: number; psnr: number }[] = [];
  for (const [i, { picture, square, descriptor }] of faces.entries()) {
    const { image } = coded[i]!;
    const found = await recogniser.describe(image, square);
    const own = distance(found, descriptor);
    rows.push({
      first: faces.every((other, j) => j === i || distance(found, other.descriptor) > own),
      own,
      psnr: cappedPsnr(psnr(picture.image, image)),
    });
  }
  return {
    bytes: mean(coded.map(({ bytes }) => bytes)),
    psnr: mean(rows.map((row) => row.psnr)),
    rank1: mean(rows.map(({ first }) => (first ? 1 : 0))),
    distance: mean(rows.map(({ own }) => own)),
  };
}
