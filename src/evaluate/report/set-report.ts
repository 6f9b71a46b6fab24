import type { Image } from "../../codec/image.ts";
import { type BdRate, bdRate } from "../bd-rate.ts";
import { hashImages } from "../cache.ts";
import { bytesAt, inPsnr, inSsim, mean } from "../curve.ts";
import { type Curve, peerCurves } from "../peer-curves.ts";
import { type OwnPoint, ownRows, pointOf } from "./own-curve.ts";
import type { Progress } from "./progress.ts";
import type { Picture, SetWish } from "./sets.ts";
import { contactSheet, type SheetRow, type SheetSettings } from "./sheet.ts";
import { SSIM } from "./ssim.ts";
import { type StudyRow, study } from "./study.ts";

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
}

export interface ReportSettings extends SheetSettings {
  readonly progress: Progress;
}

/** Ours in the study's table. */
export const STUDY_QUALITY = 50;

/** Qualities of a curve: a searching encoder takes seconds a file, and half as many points tell its curve as well. */
const QUALITIES = [1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100];
const FEW_QUALITIES = [1, 20, 40, 60, 80, 100];

/** Measures everything on one set; hours for hundreds of pictures at high effort, unless it is cached. */
export async function reportSet(
  { name, tiles, decibels }: SetWish,
  pictures: readonly Picture[],
  settings: ReportSettings,
): Promise<SetReport> {
  const { threads, version, efforts, progress } = settings;
  const images = pictures.map(({ image }) => image);
  const told = (what: string) => (done: number, total: number) =>
    progress.step(`${name}, ${what}`, done, total);

  const own: EffortCurve[] = [];
  for (const effort of efforts)
    own.push(await ownCurve(settings, effort, images, decibels, told(`effort ${effort}`)));

  // as far as our own curves reach, and the levels
  const levels = [...own.flatMap(({ points }) => points.map(({ psnr }) => psnr)), ...decibels];
  const range = [Math.min(...levels), Math.max(...levels)] as const;
  const hash = hashImages(images);
  const peers: PeerReport[] = [];
  for (const peer of settings.peers) {
    let done = 0;
    const onQuality = () => told(peer.name)(++done, peer.qualities.length);
    const curves = await peerCurves(peer, images, hash, range, onQuality, SSIM);
    peers.push(...curves.map((curve) => peerReport(curve, own, decibels)));
  }

  const rows = await ownRows({ threads, version, effort: efforts[0]!, quality: STUDY_QUALITY }, images);
  return {
    name,
    images: images.length,
    size: sizeOf(images),
    tiles,
    decibels,
    own,
    peers,
    study: await study(pictures, rows, (done) => told("ImageMagick")(done, images.length)),
    sheet: await contactSheet(settings, pictures, told("contact sheet")),
  };
}

async function ownCurve(
  { threads, version }: ReportSettings,
  effort: number,
  images: readonly Image[],
  decibels: readonly number[],
  onImages: (done: number, total: number) => void,
): Promise<EffortCurve> {
  const qualities = effort === 0 ? QUALITIES : FEW_QUALITIES;
  let done = 0;
  const points = await Promise.all(
    qualities.map(async (quality) => {
      const rows = await ownRows({ threads, version, effort, quality }, images, (count) => {
        done += count;
        onImages(done, qualities.length * images.length);
      });
      return pointOf(quality, rows);
    }),
  );
  return {
    name: `ZippyNet, effort ${effort}`,
    settings: `effort ${effort}, qualities ${qualities.join(", ")}`,
    effort,
    points,
    at: read(points, decibels),
  };
}

function peerReport(peer: Curve, own: readonly EffortCurve[], decibels: readonly number[]): PeerReport {
  const at = read(peer.points, decibels);
  return {
    ...peer,
    at,
    against: own.map(({ effort, points, at: ours }) => {
      const ratio = at.map((theirs, i) => (theirs === null || ours[i] === null ? null : ours[i]! / theirs));
      const known = ratio.filter((value) => value !== null);
      return {
        effort,
        ratio,
        meanRatio: known.length === ratio.length ? mean(known) : null,
        psnr: bdRate(points, peer.points, inPsnr) ?? null,
        ssim: bdRate(points, peer.points, inSsim) ?? null,
      };
    }),
  };
}

function read(points: Curve["points"], decibels: readonly number[]): (number | null)[] {
  return decibels.map((level) => bytesAt(points, level) ?? null);
}

function sizeOf(images: readonly Image[]): string {
  const sizes = new Set(images.map(({ width, height }) => `${width}×${height}`));
  return sizes.size === 1 ? [...sizes][0]! : "various";
}
