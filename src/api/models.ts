import type { Look } from "../codec/network/architecture.ts";
import { looksOf, parseManifest } from "../model/manifest.ts";

/** A model that is here. */
export interface ModelInfo {
  /** In every file that the model writes, 1–255; those from 192 on are users' own. */
  readonly number: number;
  readonly name: string;
  readonly description: string;
  /** What its weights may be used for, as SPDX names it or in words; undefined where the model does not say. */
  readonly licence: string | undefined;
  /** A released model never changes, and its files decode for ever. */
  readonly released: boolean;
  /** Numbers of older models for the same pictures, which encoders that have this one take only when named. */
  readonly supersedes: readonly number[];
  /** Size of its weights, without those of further looks. */
  readonly bytes: number;
  /** How it can decode: `faithful`, and what else it has. */
  readonly looks: readonly Look[];
}

/** What a manifest says of its model. Throws `bad-model`. */
export function infoOfModel(json: string): ModelInfo {
  const manifest = parseManifest(json);
  const { number, name, description, licence, released, supersedes = [], blobs } = manifest;
  const bytes = Object.values(blobs).reduce((sum, blob) => sum + blob.bytes, 0);
  return { number, name, description, licence, released, supersedes, bytes, looks: looksOf(manifest) };
}
