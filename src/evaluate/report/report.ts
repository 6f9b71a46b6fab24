import { availableParallelism } from "node:os";
import type { Image } from "../../codec/image.ts";
import { mapInParallel } from "../../concurrency.ts";
import { hashImages } from "../measure/cache.ts";
import { type BdRate, bdRate, bytesAtLevels, type Curve, inPsnr, inSsim, ratios } from "../measure/curve.ts";
import type { Recogniser } from "../measure/faces.ts";
import { METRICS } from "../measure/metrics.ts";
import { measuredFile, type OwnPoint, ownCurve } from "../measure/own.ts";
import { peerCurves } from "../measure/peer-curves.ts";
import { type Picture, type SetWish, sizeOf } from "../measure/sets.ts";
import type { Progress } from "../progress.ts";
import { equalBytesSheet, type SheetRow, type SheetSettings } from "./equal-bytes.ts";
import { type Perception, perception } from "./perception.ts";
import { type Recognition, recognition } from "./recognition.ts";
import { type StudyRow, study } from "./study.ts";

/** The content of `report.json`, apart from the pixels of pictures. HTML and Markdown are written from it. */
export interface Report {
  /** ISO 8601, to the day. */
  readonly date: string;
  /** The command that made it, with folders by their last name. */
  readonly command: string;
  /** The models that files were chosen from. */
  readonly models: readonly { readonly number: number; readonly name: string }[];
  readonly efforts: readonly number[];
  readonly sets: readonly SetReport[];
}

/** Our curve at one effort. */
export interface EffortCurve extends Curve {
  /** 0–9. */
  readonly effort: number;
  readonly points: readonly OwnPoint[];
  /** Bytes at the set's levels; null where the curve does not reach. */
  readonly at: readonly (number | null)[];
}

/** One of our curves against a peer's. */
export interface Against {
  readonly effort: number;
  /** Our bytes over the peer's at the set's levels, and their mean; null where one of them is not known. */
  readonly ratio: readonly (number | null)[];
  readonly meanRatio: number | null;
  readonly psnr: BdRate | null;
  readonly ssim: BdRate | null;
}

export interface PeerReport extends Curve {
  readonly at: readonly (number | null)[];
  readonly against: readonly Against[];
}

/** All that is known of one set of pictures. */
export interface SetReport {
  readonly name: string;
  readonly images: number;
  /** `42×42`, or `various`. */
  readonly size: string;
  readonly tiles: boolean;
  /** PSNR at which codecs are compared, in dB. */
  readonly decibels: readonly number[];
  readonly own: readonly EffortCurve[];
  readonly peers: readonly PeerReport[];
  /** One row a picture; our files at `STUDY_QUALITY` and the lowest effort. */
  readonly study: readonly StudyRow[];
  readonly sheet: readonly SheetRow[];
  /** Only where it was asked for. */
  readonly recognition?: Recognition;
  readonly perception?: Perception;
}

export interface ReportSettings extends SheetSettings {
  readonly progress: Progress;
  /** For sets of faces. */
  readonly recogniser?: Recogniser;
  /** Whether pictures are judged by LPIPS. */
  readonly lpips?: boolean;
}

/** The quality of our files in the study's table. */
export const STUDY_QUALITY = 50;

/** Qualities of a curve: a searching encoder takes seconds a file, and half as many points show its curve as well. */
const QUALITIES = [1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100];
const FEW_QUALITIES = [1, 20, 40, 60, 80, 100];

/** Measures everything on one set; hours for hundreds of pictures at high effort, unless it is cached. */
export async function reportSet(
  { name, tiles, decibels }: SetWish,
  pictures: readonly Picture[],
  settings: ReportSettings,
): Promise<SetReport> {
  const { runner, version, efforts, progress } = settings;
  const images = pictures.map(({ image }) => image);
  const progressOf = (what: string) => (done: number, total: number) =>
    progress.step(`${name}, ${what}`, done, total);

  const own: EffortCurve[] = [];
  for (const effort of efforts)
    own.push(await effortCurve(settings, effort, images, decibels, progressOf(`effort ${effort}`)));

  // as far as our own curves reach, and the levels
  const levels = [...own.flatMap(({ points }) => points.map(({ psnr }) => psnr)), ...decibels];
  const range = [Math.min(...levels), Math.max(...levels)] as const;
  const hash = hashImages(images);
  const peers: PeerReport[] = [];
  for (const peer of settings.peers) {
    let done = 0;
    const onQuality = () => progressOf(peer.name)(++done, peer.qualities.length);
    const curves = await peerCurves(peer, { images, hash }, range, { onQuality, metrics: METRICS });
    peers.push(...curves.map((curve) => peerReport(curve, own, decibels)));
  }

  const wish = { runner, version, settings: { effort: efforts[0]!, classical: true } };
  const rows = await mapInParallel(
    images,
    availableParallelism(),
    async (image) => (await measuredFile(wish, image, STUDY_QUALITY)).row,
  );
  const { recogniser, models, lpips = false } = settings;
  return {
    name,
    images: images.length,
    size: sizeOf(images),
    tiles,
    decibels,
    own,
    peers,
    study: await study(pictures, rows, (done) => progressOf("ImageMagick")(done, images.length)),
    sheet: await equalBytesSheet(settings, pictures, progressOf("pictures at equal bytes")),
    ...(recogniser && {
      recognition: await recognition(
        { models, recogniser, own: wish, peers: settings.peers },
        name,
        pictures,
        (codec, done, total) => progressOf(`faces of ${codec}`)(done, total),
      ),
    }),
    ...(lpips && {
      perception: await perception(
        { models, own: wish, peers: settings.peers },
        name,
        images,
        (codec, done, total) => progressOf(`LPIPS of ${codec}`)(done, total),
      ),
    }),
  };
}

async function effortCurve(
  { runner, version }: ReportSettings,
  effort: number,
  images: readonly Image[],
  decibels: readonly number[],
  onImage: (done: number, total: number) => void,
): Promise<EffortCurve> {
  const qualities = effort === 0 ? QUALITIES : FEW_QUALITIES;
  const wish = { runner, version, settings: { effort, classical: true } };
  const points = await ownCurve(wish, images, qualities, onImage);
  return {
    name: `ZippyNet, effort ${effort}`,
    settings: `effort ${effort}, qualities ${qualities.join(", ")}`,
    effort,
    points,
    at: bytesAtLevels(points, decibels),
  };
}

function peerReport(peer: Curve, own: readonly EffortCurve[], decibels: readonly number[]): PeerReport {
  const at = bytesAtLevels(peer.points, decibels);
  return {
    ...peer,
    at,
    against: own.map(({ effort, points, at: ours }) => ({
      effort,
      ...ratios(ours, at),
      psnr: bdRate(points, peer.points, inPsnr) ?? null,
      ssim: bdRate(points, peer.points, inSsim) ?? null,
    })),
  };
}
