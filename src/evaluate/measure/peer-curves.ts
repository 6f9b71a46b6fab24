import { availableParallelism } from "node:os";
import type { Image } from "../../codec/image.ts";
import { mapInParallel } from "../../concurrency.ts";
import { type Measured, measure, type Peer } from "../peers/peer.ts";
import { cached } from "./cache.ts";
import { type Curve, mean, type Point } from "./curve.ts";
import { type Metrics, meanScores } from "./scores.ts";

interface ImageSet {
  readonly images: readonly Image[];
  /** Names the images, for what is kept of earlier runs. */
  readonly hash: string;
}

interface CurveOptions {
  /** Called after each quality. */
  readonly onQuality?: OnQuality;
  readonly metrics?: Metrics;
}

export type OnQuality = (peer: Peer, quality: number) => void;

/**
 * The curves of a peer over a set of images, as far as they are needed to read bytes off between two levels in dB: from
 * the middle of its qualities outwards, until one point lies beyond each level and one more beside that. With metrics,
 * points have those as well.
 */
export async function peerCurves(
  peer: Peer,
  set: ImageSet,
  [low, high]: readonly [number, number],
  { onQuality = () => undefined, metrics }: CurveOptions = {},
): Promise<Curve[]> {
  const rows = new Map<number, Row>();
  const middle = peer.qualities.length >> 1;
  const walk = async (step: 1 | -1, beyond: (psnr: number) => boolean): Promise<void> => {
    let spare = 1;
    for (let i = middle; i >= 0 && i < peer.qualities.length; i += step) {
      const quality = peer.qualities[i]!;
      const row = rows.get(quality) ?? (await rowOf(peer, quality, set, metrics));
      if (!rows.has(quality)) onQuality(peer, quality);
      rows.set(quality, row);
      if (beyond(row.psnr) && spare-- === 0) return;
    }
  };
  await walk(-1, (psnr) => psnr < low);
  await walk(1, (psnr) => psnr > high);
  const sorted = [...rows.values()].sort((a, b) => a.quality - b.quality);
  const { name, settings } = peer;
  const curves: Curve[] = [{ name, settings, points: sorted.map(({ payload: _, ...point }) => point) }];
  if (peer.payload) {
    const points = sorted.map(({ payload, ...point }) => ({ ...point, bytes: payload! }));
    curves.push({ name: `${name} payload`, settings: `${settings}, AV1 payload alone`, points });
  }
  return curves;
}

interface Row extends Point {
  readonly payload?: number;
}

async function rowOf(
  peer: Peer,
  quality: number,
  { images, hash }: ImageSet,
  metrics: Metrics | undefined,
): Promise<Row> {
  const { name, settings } = peer;
  const key = {
    name,
    settings,
    quality,
    hash,
    ...(metrics && {
      similarity: Object.values(metrics)
        .map((metric) => metric.name)
        .join(),
    }),
  };
  return cached(key, async () => {
    const measured = await mapInParallel(images, availableParallelism(), (image) =>
      measure(peer, image, quality, metrics),
    );
    const of = (pick: (one: Measured) => number | undefined): number =>
      mean(measured.map((one) => pick(one) ?? 0));
    return {
      quality,
      bytes: of(({ bytes }) => bytes),
      psnr: of(({ psnr }) => psnr),
      ...(metrics && meanScores(measured)),
      ...(peer.payload && { payload: of(({ payload }) => payload) }),
    };
  });
}
