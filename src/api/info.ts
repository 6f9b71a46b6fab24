import { type ClassicalCodec, describeFile, readZn } from "../codec/format/zn-file.ts";
import { type BlobLike, bytesNow, type Source } from "./source.ts";

interface CommonInfo {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Size of the file. */
  readonly bytes: number;
  /** Whether some of the picture is transparent. */
  readonly alpha: boolean;
}

/** Latents of a model. */
export interface LatentsInfo extends CommonInfo {
  readonly kind: "latents";
  /** The model's number, 1–255. */
  readonly model: number;
  /** 1–100. */
  readonly quality: number;
  /** Whether red, green and blue agree in every pixel. */
  readonly grey: boolean;
}

/** A frame of a classical codec. */
export interface ClassicalInfo extends CommonInfo {
  readonly kind: ClassicalCodec;
}

/** What a `.zn` file says of itself; `kind` says which of the two it is. */
export type Info = LatentsInfo | ClassicalInfo;

/**
 * What a `.zn` file says of itself, without decoding it. Of latents it reads the header alone: whether the payload is
 * whole, only decoding shows. Throws `bad-file`.
 */
export function info(source: Exclude<Source, BlobLike>): Info {
  const bytes = bytesNow(source);
  const { kind, width, height, alpha, model, quality, grey } = describeFile(readZn(bytes));
  const common = { width, height, alpha, bytes: bytes.length };
  if (kind === "latents") return { kind, ...common, model: model!, quality: quality!, grey: grey! };
  return { kind, ...common };
}
