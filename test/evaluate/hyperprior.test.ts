import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { psnr } from "../../src/codec/rate-distortion.ts";
import { openHyperprior } from "../../src/evaluate/peers/hyperprior.ts";
import { measure } from "../../src/evaluate/peers/peer.ts";
import { loadImages } from "../../src/train/data/images.ts";
import { writePacks } from "../../src/train/data/pack.ts";
import { findPython, TORCH_FOLDER } from "../../src/train/python.ts";
import { IMAGES } from "../train/support.ts";

const python = await findPython().catch((error: Error) => error);
const skip = python instanceof Error ? python.message : withoutCompressAI(python);

describe("CompressAI's hyperprior", { skip }, () => {
  it("is trained from a pack, and codes pictures of any size up to 256 pixels as files of its own", async () => {
    const folder = await mkdtemp(join(tmpdir(), "zippynet-hyperprior-"));
    try {
      const images = await loadImages([IMAGES], { heldOutShare: 0.3, side: 64 });
      const plan = { folders: [IMAGES], sampling: { cut: "aligned" } } as const;
      const [pack] = await writePacks(join(folder, "packs"), images, plan);
      const args = [
        "-W",
        "ignore",
        "-m",
        "zippynet_torch.peer.train",
        folder,
        "--data",
        pack!,
        "--samples",
        "400",
      ];
      const env = { ...process.env, PYTHONPATH: TORCH_FOLDER };
      await promisify(execFile)(python as string, args, { env });
      const peer = await openHyperprior(folder);
      try {
        const image = { width: 42, height: 30, data: images.train[0]![0]!.data.slice(0, 42 * 30 * 3) };
        const file = await peer.encode(image, 2);
        assert.deepEqual([...file.subarray(0, 3)], [1, 41, 29]);
        const decoded = await peer.decode(file, image);
        assert.equal(decoded.data.length, image.data.length);
        assert.deepEqual(await peer.decode(file, image), decoded);
        const measured = await measure(peer, image, 2);
        assert.equal(measured.bytes, file.length);
        assert.equal(measured.psnr, psnr(image, decoded));
        assert.ok(measured.psnr > 8, `${measured.psnr} dB`);
        assert.ok(peer.multiplications.encode > peer.multiplications.decode);
        const wide = { width: 300, height: 1, data: new Uint8Array(900) };
        await assert.rejects(peer.encode(wide, 1), /expected at most 256 pixels a side, got 300×1/);
      } finally {
        peer.close();
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

/** Why the test is skipped, or false. */
function withoutCompressAI(path: string): string | false {
  try {
    execFileSync(path, ["-W", "ignore", "-c", "import compressai"], { stdio: "ignore" });
    return false;
  } catch {
    return "Python has no CompressAI: tools/torch/README.md says how to install it";
  }
}
