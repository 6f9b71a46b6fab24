import { ZippyNetError } from "../codec/errors.ts";
import {
  type IntegerConvolution,
  inIntegers,
  priorInIntegers,
  SYNTHESIS_ENDS,
} from "../codec/integer/convolution.ts";
import { IntegerLayers } from "../codec/integer/integer-layers.ts";
import type { Decoder } from "../codec/model.ts";
import type { Architecture, Look } from "../codec/network/architecture.ts";
import { type Asset, type BlobName, type Manifest, parseManifest } from "./manifest.ts";
import { readSafetensors, type SafeTensors } from "./safetensors.ts";
import { type PriorWeights, priorWeights, synthesisWeights, type TransformWeights } from "./weights.ts";

/** Gives a file of a model folder; rejects if it is not there. */
export type ReadFile = (name: string) => Promise<Uint8Array>;

/** The tensors of a model's three blobs. */
export type Blobs = Readonly<Record<BlobName, SafeTensors>>;

/** What a decoder needs. Only the encoder needs `g_a`. */
export const DECODER_BLOBS = ["g_s", "prior"] as const satisfies readonly BlobName[];

/** Loads what decoding needs of a model: all but `g_a`, which is not read. Checks as `loadModel` does. */
export async function loadDecoder(read: ReadFile): Promise<Decoder> {
  const { manifest, blobs } = await readBlobs(DECODER_BLOBS, read);
  return decoderOf(manifest, decoderWeights(manifest.architecture, blobs), read, (decoder) => decoder);
}

export type Described = Pick<Manifest, "number" | "name" | "architecture" | "orientations" | "looks">;

export interface DecoderWeights {
  readonly synthesis: TransformWeights;
  readonly synthesisLayers: ReadonlyMap<string, IntegerConvolution>;
  readonly prior: PriorWeights;
  readonly priorLayers: ReadonlyMap<string, IntegerConvolution>;
}

export function decoderWeights(
  architecture: Architecture,
  blobs: Pick<Blobs, "g_s" | "prior">,
): DecoderWeights {
  const synthesis = synthesisWeights(blobs.g_s, architecture);
  const prior = priorWeights(blobs.prior, architecture);
  return {
    synthesis,
    synthesisLayers: inIntegers(synthesis.layers, SYNTHESIS_ENDS),
    prior,
    priorLayers: priorInIntegers(architecture, prior.layers),
  };
}

/** What decodes in one look. */
export type OneLook = Omit<Decoder, "withLook">;

type WithLooks<D extends OneLook> = D & { withLook(look: Look): Promise<WithLooks<D>> };

/**
 * A decoder and its further looks.
 * @param read gives the files of further looks; without it there are none
 * @param complete makes of each look what is wanted of it; it gets the layers of `g_s` too
 */
export function decoderOf<D extends OneLook>(
  manifest: Described,
  weights: DecoderWeights,
  read: ReadFile | undefined,
  complete: (decoder: OneLook, synthesisLayers: DecoderWeights["synthesisLayers"]) => D,
): WithLooks<D> {
  const { number, name, architecture, orientations, looks = {} } = manifest;
  const prior = new IntegerLayers(weights.priorLayers);
  const engines = [prior];
  const decoderFor = (
    look: Look,
    gain: Float32Array,
    layers: DecoderWeights["synthesisLayers"],
  ): WithLooks<D> => {
    const synthesis = new IntegerLayers(layers);
    engines.push(synthesis);
    const decoder: OneLook = {
      number,
      name,
      architecture,
      orientations,
      synthesis,
      prior,
      tables: weights.prior.tables,
      inverseGain: gain,
      levels: weights.prior.levels,
      look,
      dispose() {
        for (const engine of engines) engine.dispose();
      },
    };
    return { ...complete(decoder, layers), withLook };
  };
  const faithful = decoderFor("faithful", weights.synthesis.gain, weights.synthesisLayers);
  const others = new Map<Look, Promise<WithLooks<D>>>();
  async function withLook(look: Look): Promise<WithLooks<D>> {
    const blob = look === "faithful" ? undefined : looks[look];
    if (!blob || !read) return faithful;
    let other = others.get(look);
    if (!other) {
      other = readBlob(name, blob, read).then((tensors) => {
        const { layers, gain } = synthesisWeights(tensors, architecture);
        return decoderFor(look, gain, inIntegers(layers, SYNTHESIS_ENDS)); // proved as the first `g_s`
      });
      other.catch(() => others.delete(look)); // a failed load is tried again
      others.set(look, other);
    }
    return other;
  }
  return faithful;
}

/**
 * Reads a model's manifest and some of its blobs. Throws `bad-model` if the size or SHA-256 of one is not the
 * manifest's.
 */
export async function readBlobs<N extends BlobName>(
  names: readonly N[],
  read: ReadFile,
): Promise<{ manifest: Manifest; blobs: Pick<Blobs, N> }> {
  const manifest = parseManifest(new TextDecoder().decode(await read("manifest.json")));
  const blobs = await Promise.all(
    names.map(async (name) => [name, await readBlob(manifest.name, manifest.blobs[name], read)] as const),
  );
  return { manifest, blobs: Object.fromEntries(blobs) as Pick<Blobs, N> };
}

async function readBlob(model: string, { file, bytes, sha256 }: Asset, read: ReadFile): Promise<SafeTensors> {
  const content = await read(file);
  if (content.length !== bytes) {
    throw new ZippyNetError("bad-model", `${model}/${file}: expected ${bytes} bytes, got ${content.length}`);
  }
  const found = await sha256Hex(content);
  if (found !== sha256) {
    throw new ZippyNetError("bad-model", `${model}/${file}: expected SHA-256 ${sha256}, got ${found}`);
  }
  return readSafetensors(content);
}

/** SHA-256 as hexadecimal text, by Web Crypto, which both Node and browsers have. */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
