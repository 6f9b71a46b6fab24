/** Files of classical frames and of alpha: `src/codec/format/zn-file.ts` and `src/codec/classical`. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, suite, test } from "node:test";
import fc from "fast-check";
import sharp from "sharp";
import { ZippyNetError } from "../../src/codec/errors.ts";
import { av1Sequence } from "../../src/codec/format/av1.ts";
import { av1Frame, avifFile } from "../../src/codec/format/isobmff.ts";
import { webpFile, webpFrame, webpSize } from "../../src/codec/format/webp.ts";
import {
  describeFile,
  MAX_ALPHA,
  readZn,
  withAlpha,
  writeClassical,
} from "../../src/codec/format/zn-file.ts";
import { zippyError } from "./support.ts";

const face = readFileSync(new URL("../images/face-hat-64.png", import.meta.url));
const sized = (width: number, height: number) =>
  sharp(face).removeAlpha().resize(width, height, { fit: "fill" });

suite("frames and their containers", () => {
  for (const [width, height] of [
    [64, 64],
    [1, 1],
    [300, 17],
    [16, 1030],
  ] as const) {
    test(`WebP of ${width}×${height}: the same file again`, async () => {
      for (const options of [{ quality: 50 }, { lossless: true }]) {
        const file = await sized(width, height).webp(options).toBuffer();
        const frame = webpFrame(file)!;
        assert.equal(frame.codec, options.lossless ? "vp8l" : "vp8");
        assert.deepEqual(webpSize(frame), { width, height, alpha: false });
        assert.deepEqual(Buffer.from(webpFile(frame)), file);
      }
    });

    test(`AVIF of ${width}×${height}: the same pixels again`, async () => {
      for (const chromaSubsampling of ["4:4:4", "4:2:0"]) {
        const file = await sized(width, height)
          .avif({ quality: 50, chromaSubsampling, effort: 2 })
          .toBuffer();
        const frame = av1Frame(file);
        const sequence = av1Sequence(frame);
        assert.deepEqual(
          [sequence.width, sequence.height, sequence.subsamplingX],
          [width, height, chromaSubsampling === "4:2:0" ? 1 : 0],
        );
        const rebuilt = avifFile(frame);
        assert.deepEqual(await sharp(rebuilt).raw().toBuffer(), await sharp(file).raw().toBuffer());
        const { format, compression } = await sharp(rebuilt).metadata();
        assert.deepEqual([format, compression], ["heif", "av1"]);
      }
    });
  }

  test("WebP with chunks beside its frame, and other files, have no frame", async () => {
    const transparent = await sharp(face).ensureAlpha(0.5).webp().toBuffer();
    for (const bytes of [transparent, face, Buffer.alloc(0), Buffer.from("RIFF")]) {
      assert.equal(webpFrame(bytes), undefined);
    }
  });
});

suite("files", () => {
  let frames: Record<"vp8" | "av1" | "vp8l", Uint8Array>;
  let alpha: Uint8Array;

  before(async () => {
    frames = {
      vp8: Uint8Array.from(webpFrame(await sized(24, 16).webp().toBuffer())!.payload),
      av1: Uint8Array.from(av1Frame(await sized(24, 16).avif({ effort: 2 }).toBuffer())),
      vp8l: Uint8Array.from(webpFrame(await sized(24, 16).webp({ lossless: true }).toBuffer())!.payload),
    };
    alpha = frames.vp8l.subarray(5);
  });

  test("a frame costs two bytes, and comes back", () => {
    for (const kind of ["vp8", "av1", "vp8l"] as const) {
      const bytes = writeClassical(kind, frames[kind]);
      assert.equal(bytes.length, frames[kind].length + 2);
      const file = readZn(bytes);
      assert.deepEqual(file, { kind, width: 24, height: 16, frame: frames[kind] });
      assert.deepEqual(describeFile(file), { width: 24, height: 16, kind, alpha: false });
    }
  });

  test("alpha of every length costs two or three bytes, and comes back", () => {
    const inner = writeClassical("vp8", frames.vp8);
    for (const length of [1, 7, 8, 2047, 2048, 70_000, MAX_ALPHA]) {
      const some = Uint8Array.from({ length }, (_, i) => i * 31);
      const bytes = withAlpha(inner, some);
      assert.equal(bytes.length, inner.length + length + (length < 2048 ? 2 : 3));
      const file = readZn(bytes);
      assert.deepEqual(file.alpha, some);
      assert.ok(file.kind === "vp8");
      assert.deepEqual(file.frame, frames.vp8);
    }
  });

  test("what is illegal is refused, and the message says what came", () => {
    const refuse = (bytes: Uint8Array | number[], text: RegExp) =>
      assert.throws(() => readZn(Uint8Array.from(bytes)), zippyError("bad-file", text));
    const vp8 = writeClassical("vp8", frames.vp8);
    refuse([], /at least 4 bytes, got 0/);
    refuse([0x90], /at least 2 bytes, got 1/);
    refuse([0x93, 0, 0], /codec of 0–2, got 3, which is reserved/);
    refuse([0x7f, 0, 0, 0], /first byte of latents, 0x80–0x8f or 0xb0–0xfe, got 0x7f/);
    refuse(writeClassical("vp8", frames.vp8l), /expected a VP8 key frame/);
    refuse(writeClassical("vp8l", frames.vp8), /expected a VP8L frame/);
    refuse(writeClassical("av1", frames.vp8), /expected an AV1/);
    refuse(
      writeClassical("av1", frames.av1.subarray(0, 4)),
      /expected an AV1 sequence header of \d+ bytes, got 2/,
    );
    refuse(vp8.subarray(0, vp8.length - 1), /^damaged \.zn file: expected check byte/);
    refuse([0xa1], /ends within the length/);
    refuse([0xa0, 0, ...vp8], /expected 0 bytes of alpha/);
    refuse([0xa7, 255, 1], /expected 2047 bytes of alpha, got 1/);
    refuse([0xa8, 1, 0, ...new Uint8Array(9)], /not in its shortest form/);
    refuse(withAlpha(withAlpha(vp8, alpha), alpha), /alpha within alpha/);
    refuse(withAlpha(writeClassical("vp8l", frames.vp8l), alpha), /has its own alpha/);
    const spoilt = withAlpha(vp8, alpha);
    spoilt[4]! ^= 1;
    refuse(spoilt, /^damaged \.zn file/);
  });

  test("mutated files are refused or read, nothing else", () => {
    const originals = (["vp8", "av1", "vp8l"] as const).flatMap((kind) => {
      const file = writeClassical(kind, frames[kind]);
      return kind === "vp8l" ? [file] : [file, withAlpha(file, alpha)];
    });
    const change = fc.tuple(fc.nat(1e6), fc.nat(255));
    const some = fc.tuple(
      fc.nat(originals.length - 1),
      fc.array(change, { minLength: 1, maxLength: 3 }),
      fc.nat(20),
    );
    let refused = 0;
    fc.assert(
      fc.property(some, ([which, changes, cut]) => {
        const bytes = originals[which]!.slice(0, cut === 0 ? 7 : undefined);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        try {
          const { width, height } = readZn(bytes);
          assert.ok(width >= 1 && height >= 1);
        } catch (error) {
          assert.ok(error instanceof ZippyNetError && error.code === "bad-file", String(error));
          refused++;
        }
      }),
      { numRuns: 20_000 },
    );
    assert.ok(refused > 19_000, `${refused}`);
  });
});
