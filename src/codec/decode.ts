import { priorOn, walkLatents } from "./entropy/context-model.ts";
import { RangeDecoder } from "./entropy/range-coder.ts";
import { ZippyNetError } from "./errors.ts";
import { damagedZn } from "./format/bytes.ts";
import { checkByte, type Header, readLatentsFile } from "./format/latents-file.ts";
import type { Image } from "./image.ts";
import { decodeOrientation, type Orientation, turnedBack, turnedSize } from "./image.ts";
import type { Decoder } from "./model.ts";
import { latentSize } from "./network/architecture.ts";
import { reconstruct } from "./network/autoencoder.ts";
import { LATENT_UNIT } from "./network/prior.ts";

/**
 * Decodes a `.zn` file of latents with the model that it names. The same file gives the same pixels on every machine.
 * Throws `bad-file`, or `unknown-model` if the file is another model's.
 */
export function decodeImage(model: Decoder, file: Uint8Array): Image {
  const { header, orientation, yHat } = decodeLatents(model, file);
  const coded = { ...header, ...turnedSize(header, orientation) };
  return turnedBack(reconstruct(model, coded, yHat), orientation);
}

/** What entropy decoding gives: all but the pixels. */
export interface Latents {
  readonly header: Header;
  readonly orientation: Orientation;
  /** [rows, columns, latentChannels], in 32nds. */
  readonly yHat: Int16Array;
}

/**
 * The entropy-coded half of decoding: header, orientation and `y_hat`, of which the check byte is checked. Throws as
 * `decodeImage`.
 */
export function decodeLatents(model: Decoder, file: Uint8Array): Latents {
  const { header, check, payload } = readLatentsFile(file);
  if (header.model !== model.number) {
    throw new ZippyNetError(
      "unknown-model",
      `expected a file of model ${model.number}, got one of model ${header.model}`,
    );
  }
  assertPayload(payload.length, header, model);
  const coder = new RangeDecoder(payload);
  const orientation = decodeOrientation(coder, model.orientations);
  const { width, height } = turnedSize(header, orientation);
  const shape = latentSize(width, height);
  const yHat = walkLatents(
    model.architecture,
    priorOn(model.prior, model.architecture, shape),
    shape,
    model.levels[header.quality - 1]!,
    (_at, mean, scale) => model.tables.decode(coder, scale) * LATENT_UNIT + mean,
  );
  coder.finish();
  const found = checkByte(header, orientation, yHat);
  if (found !== check) {
    throw damagedZn(`expected check byte ${check}, got ${found}`);
  }
  return { header, orientation, yHat };
}

/**
 * Bytes that a latent takes at most: 16 bits of its table, 20 of an escape, and what the coder loses by rounding, as
 * whole bytes.
 */
const MOST_BYTES_A_LATENT = 5;

/** Throws `bad-file` if a payload is longer than so many latents can take, before time is spent on it. */
function assertPayload(length: number, { width, height }: Header, { architecture }: Decoder): void {
  const { rows, columns } = latentSize(width, height);
  const most = MOST_BYTES_A_LATENT * (rows * columns * architecture.latentChannels + 1);
  if (length > most)
    throw damagedZn(`expected at most ${most} bytes of payload for ${width}×${height}, got ${length}`);
}
