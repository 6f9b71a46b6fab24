import { availableParallelism } from "node:os";
import type { Image } from "../../codec/image.ts";
import type { Look } from "../../codec/network/architecture.ts";
import { psnr } from "../../codec/rate-distortion.ts";
import { mapInParallel } from "../../concurrency.ts";
import { cached, hashImages } from "../measure/cache.ts";
import { cappedPsnr, mean, type Point } from "../measure/curve.ts";
import { judged } from "../measure/judges.ts";
import {
  type Coded,
  type Coder,
  type CoderSettings,
  type JudgedCurve,
  ownCoder,
  peerCoders,
} from "./coders.ts";

/** How different decoded pictures look to people, by LPIPS. */
export interface Perception {
  /** Ours first: the faithful look, then the natural one. */
  readonly curves: readonly JudgedCurve[];
}

/** Beside ours, if they are among the peers; AVIF without its container. */
const PEERS: readonly string[] = ["webp", "avif", "mozjpeg", "hyperprior"];
const QUALITIES = [1, 10, 20, 30, 40, 50, 60, 70, 80, 90];

/** LPIPS of every codec at every quality. Throws RangeError if the images are not of one size. */
export async function perception(
  settings: CoderSettings,
  set: string,
  images: readonly Image[],
  onCurve: (codec: string, done: number, total: number) => void,
): Promise<Perception> {
  const [{ width, height }] = images as readonly [Image];
  if (images.some((image) => image.width !== width || image.height !== height))
    throw new RangeError(`expected pictures of one size in ${set} to judge by LPIPS, as in ${set}=FOLDER@64`);
  const hash = hashImages(images);
  const curve = ({ name, key, qualities, code }: Coder): Promise<JudgedCurve> =>
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

  const ours = (look: Look): Promise<JudgedCurve> =>
    curve(ownCoder(settings, `ZippyNet, effort ${settings.own.settings.effort}, ${look}`, QUALITIES, look));
  const [faithful, natural] = [await ours("faithful"), await ours("natural")];
  const isNew = natural.points.some(({ lpips }, i) => lpips !== faithful.points[i]!.lpips); // else no model has it
  const curves = [faithful, ...(isNew ? [natural] : [])];
  for (const coder of peerCoders(settings, PEERS, QUALITIES)) curves.push(await curve(coder));
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
