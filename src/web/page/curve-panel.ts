import type { EncodeOptions } from "../../api/options.ts";
import { decode } from "../browser/decode.ts";
import { encode } from "../browser/encode.ts";
import { type Curve, curveSvg, curveTable, type Point } from "./curve-drawing.ts";
import { at } from "./dom.ts";
import type { Stale } from "./latest.ts";
import { psnrOf } from "./measure.ts";
import { PEERS, type Peer, peerAt } from "./peer.ts";

const QUALITIES = [1, 15, 30, 45, 60, 75, 90, 100];
/** Qualities of the browser's encoders, 0–1. */
const PEER_QUALITIES = [0, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95];

/** Draws rate–distortion curves of ours and of the other codecs, point by point. Ends early if a newer request came. */
export async function drawCurves(
  original: ImageData,
  now: Point,
  { peers, model, stale }: { peers: readonly Peer[]; model: Pick<EncodeOptions, "model">; stale: Stale },
): Promise<void> {
  const others: Curve[] = [];
  for (const peer of peers) {
    const points: Point[] = [];
    for (const quality of PEER_QUALITIES) points.push(await peerAt(original, peer, quality));
    others.push({ name: PEERS[peer], style: peer === "image/webp" ? "webp" : "jpeg", points });
  }
  const own: Point[] = [];
  for (const quality of QUALITIES) {
    if (stale()) return;
    const file = await encode(original, { quality, ...model });
    own.push({ bytes: file.length, psnr: psnrOf(original, await decode(file)) });
    draw([{ name: "ZippyNet", style: "own", points: own }, ...others], now);
  }
}

function draw(curves: readonly Curve[], now: Point): void {
  at("curve", "div").replaceChildren(curveSvg(curves, now));
  at("curve-table", "table").replaceChildren(curveTable(curves));
}
