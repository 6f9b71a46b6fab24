import type { Image } from "../../codec/image.ts";
import type { Look } from "../../codec/network/architecture.ts";
import { decodePicture } from "../../image/decode.ts";
import type { Models } from "../../model/folder.ts";
import type { Point } from "../measure/curve.ts";
import { type CurveWish, measuredFile } from "../measure/own.ts";
import type { Peer } from "../peers/peer.ts";

/** A picture that was coded and decoded again. */
export interface Coded {
  /** Of the file, or of its payload where the coder is named so. */
  readonly bytes: number;
  readonly image: Image;
}

/** A codec whose decoded pictures are judged by a network. */
export interface Coder {
  readonly name: string;
  /** What its pictures depend on beside the image and the quality: a part of a cache's key. */
  readonly key: object;
  /** Rising. */
  readonly qualities: readonly number[];
  readonly code: (image: Image, quality: number) => Promise<Coded>;
}

/** What a network says of a coder's pictures. */
export interface JudgedCurve {
  readonly name: string;
  /** In order of quality. */
  readonly points: readonly Point[];
}

export interface CoderSettings {
  readonly models: Models;
  /** How our files are made. */
  readonly own: CurveWish & { readonly version: string };
  readonly peers: readonly Peer[];
}

/** A peer of at most so many qualities is judged at its own. */
const FEW = 4;

/** Our files, decoded in a look. */
export function ownCoder(
  { models, own }: CoderSettings,
  name: string,
  qualities: readonly number[],
  look: Look = "faithful",
): Coder {
  return {
    name,
    key: { own: own.version, settings: own.settings, look },
    qualities,
    async code(image, quality) {
      const { file } = await measuredFile(own, image, quality);
      return { bytes: file.length, image: await decodePicture(models, file, look) };
    },
  };
}

/** Those of the peers that are named, by their payloads where they have one. */
export function peerCoders(
  { peers }: CoderSettings,
  names: readonly string[],
  qualities: readonly number[],
): Coder[] {
  const wanted = peers.filter(({ name }) => names.includes(name));
  return wanted.map(({ name, settings, qualities: own, payload, encode, decode }) => ({
    name: payload ? `${name} payload` : name,
    key: { peer: name, settings },
    qualities: own.length <= FEW ? own : qualities,
    async code(image, quality) {
      const file = await encode(image, quality);
      return { bytes: (payload?.(file) ?? file).length, image: await decode(file, image) };
    },
  }));
}
