import { availableParallelism } from "node:os";
import type { Image } from "../../codec/image.ts";
import { psnr } from "../../codec/rate-distortion.ts";
import { mapInParallel } from "../../concurrency.ts";
import { decodePicture } from "../../image/decode.ts";
import type { Models } from "../../model/folder.ts";
import { cached, hashImages } from "../measure/cache.ts";
import { cappedPsnr, mean, type Point } from "../measure/curve.ts";
import { judged } from "../measure/judges.ts";
import { type CurveWish, measuredFile } from "../measure/own.ts";
import type { Peer } from "../peers/peer.ts";

/** How different decoded pictures look to people, by LPIPS. */
export interface Perception {
  /** Ours first: the faithful look, then the natural one. */
  readonly curves: readonly PerceptionCurve[];
}

export interface PerceptionCurve {
  readonly name: string;
  /** In order of quality. */
  readonly points: readonly Point[];
}

export interface PerceptionSettings {
  readonly models: Models;
  /** How our files are made. */
  readonly own: CurveWish & { readonly version: string };
  readonly peers: readonly Peer[];
}

/** Beside ours, if they are among the peers; AVIF without its container. */
const PEERS: readonly string[] = ["webp", "avif", "mozjpeg", "hyperprior"];
const QUALITIES = [1, 10, 20, 30, 40, 50, 60, 70, 80, 90];

interface Coded {
  readonly bytes: number;
  readonly image: Image;
}

/** LPIPS of every codec at every quality. Throws RangeError if the images are not of one size. */
export async function perception(
  { models, own, peers }: PerceptionSettings,
  set: string,
  images: readonly Image[],
  onCurve: (codec: string, done: number, total: number) => void,
): Promise<Perception> {
  const [{ width, height }] = images as readonly [Image];
  if (images.some((image) => image.width !== width || image.height !== height))
    throw new RangeError(`expected pictures of one size in ${set} to judge by LPIPS, as in ${set}=FOLDER@64`);
  const hash = hashImages(images);
  const curve = (
    name: string,
    key: object,
    qualities: readonly number[],
    code: (image: Image, quality: number) => Promise<Coded>,
  ): Promise<PerceptionCurve> =>
    cached({ perception: hash, ...key, qualities }, async () => {
      const coded: Coded[][] = [];
      for (const quality of qualities) {
        coded.push(await mapInParallel(images, availableParallelism(), (image) => code(image, quality)));
        onCurve(name, coded.length, qualities.length);
      }
      const decoded = new Map(coded.map((row, i) => [String(i), row.map(({ image }) => image)]));
      const verdicts = await judged(images, decoded);
      return {
        name,
        points: coded.map((row, i) => point(qualities[i]!, images, row, verdicts.get(String(i))!)),
      };
    });

  const curves: PerceptionCurve[] = [];
  // where no model has a natural look, both curves are the same
  const isNew = ({ points }: PerceptionCurve): boolean =>
    curves.every((other) => other.points.some(({ lpips }, i) => lpips !== points[i]!.lpips));
  for (const look of ["faithful", "natural"] as const) {
    const { effort } = own.settings;
    const key = { own: own.version, settings: own.settings, look };
    const name = `ZippyNet, effort ${effort}, ${look}`;
    const ours = await curve(name, key, QUALITIES, async (image, quality) => {
      const { file } = await measuredFile(own, image, quality);
      return { bytes: file.length, image: await decodePicture(models, file, look) };
    });
    if (isNew(ours)) curves.push(ours);
  }
  for (const peer of peers.filter(({ name }) => PEERS.includes(name))) {
    const { name, settings, payload } = peer;
    const qualities = peer.qualities.length < QUALITIES.length ? peer.qualities : QUALITIES;
    curves.push(
      await curve(
        payload ? `${name} payload` : name,
        { peer: name, settings },
        qualities,
        async (image, quality) => {
          const file = await peer.encode(image, quality);
          return { bytes: (payload?.(file) ?? file).length, image: await peer.decode(file, image) };
        },
      ),
    );
  }
  return { curves };
}

function point(
  quality: number,
  images: readonly Image[],
  coded: readonly Coded[],
  { lpips }: { readonly lpips: number },
): Point {
  return {
    quality,
    bytes: mean(coded.map(({ bytes }) => bytes)),
    psnr: mean(coded.map(({ image }, i) => cappedPsnr(psnr(images[i]!, image)))),
    lpips,
  };
}
