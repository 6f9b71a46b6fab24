/** The end of a VP8L frame is where libwebp, who wrote it, ended; cut, lengthened and altered ones are refused. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import sharp from "sharp";
import { ZippyNetError } from "../../src/codec/errors.ts";
import { assertVp8lEnds, DISTANCE_MAP, vp8lLength } from "../../src/codec/format/vp8l.ts";
import { webpFile, webpFrame, webpSize } from "../../src/codec/format/webp.ts";
import { zippyError } from "./support.ts";

const face = readFileSync(new URL("../images/face-hat-64.png", import.meta.url));

/** Frames of every kind: colours, few of them, greys, noise, transparency; small ones and wide ones. */
async function* frames() {
  for (const [width, height] of [
    [1, 1],
    [7, 5],
    [64, 64],
    [300, 40],
  ] as const) {
    const plain = () => sharp(face).resize(width, height, { fit: "fill" });
    const palette = (colours: number) => plain().png({ palette: true, colours }).toBuffer();
    const background = { width, height, channels: 3, background: "#000" } as const;
    for (const picture of [
      plain(),
      plain().toColourspace("b-w"),
      plain().ensureAlpha(0.4),
      sharp(await palette(2)),
      sharp(await palette(13)),
      sharp(await palette(200)),
      sharp({ create: { ...background, noise: { type: "gaussian", mean: 128, sigma: 60 } } }),
      sharp({ create: background }),
    ]) {
      for (const effort of [0, 6]) {
        const frame = webpFrame(await picture.clone().webp({ lossless: true, effort }).toBuffer());
        if (frame?.codec === "vp8l") yield frame;
      }
    }
  }
}

test("a frame's length is that of its bytes", async () => {
  let count = 0;
  for await (const frame of frames()) {
    const size = webpSize(frame);
    const { payload } = frame;
    assert.equal(vp8lLength(payload, size), payload.length);
    assertVp8lEnds(payload, size);
    assert.throws(
      () => assertVp8lEnds(Uint8Array.of(...payload, 0), size),
      zippyError("bad-file", /no bytes after the VP8L frame, got 1/),
    );
    assert.throws(() => vp8lLength(payload.subarray(0, -1), size), zippyError("bad-file", /./));
    count++;
  }
  assert.ok(count >= 50, `${count} frames`);
});

/** Columns to the left and rows up, as RFC 9649, §3.6.2.2 lists them. */
// biome-ignore format: a table
const LISTED = [
  [0, 1], [1, 0], [1, 1], [-1, 1], [0, 2], [2, 0], [1, 2], [-1, 2], [2, 1], [-2, 1], [2, 2], [-2, 2],
  [0, 3], [3, 0], [1, 3], [-1, 3], [3, 1], [-3, 1], [2, 3], [-2, 3], [3, 2], [-3, 2], [0, 4], [4, 0],
  [1, 4], [-1, 4], [4, 1], [-4, 1], [3, 3], [-3, 3], [2, 4], [-2, 4], [4, 2], [-4, 2], [0, 5], [3, 4],
  [-3, 4], [4, 3], [-4, 3], [5, 0], [1, 5], [-1, 5], [5, 1], [-5, 1], [2, 5], [-2, 5], [5, 2], [-5, 2],
  [4, 4], [-4, 4], [3, 5], [-3, 5], [5, 3], [-5, 3], [0, 6], [6, 0], [1, 6], [-1, 6], [6, 1], [-6, 1],
  [2, 6], [-2, 6], [6, 2], [-6, 2], [4, 5], [-4, 5], [5, 4], [-5, 4], [3, 6], [-3, 6], [6, 3], [-6, 3],
  [0, 7], [7, 0], [1, 7], [-1, 7], [5, 5], [-5, 5], [7, 1], [-7, 1], [4, 6], [-4, 6], [6, 4], [-6, 4],
  [2, 7], [-2, 7], [7, 2], [-7, 2], [3, 7], [-3, 7], [7, 3], [-7, 3], [5, 6], [-5, 6], [6, 5], [-6, 5],
  [8, 0], [4, 7], [-4, 7], [7, 4], [-7, 4], [8, 1], [8, 2], [6, 6], [-6, 6], [8, 3], [5, 7], [-5, 7],
  [7, 5], [-7, 5], [8, 4], [6, 7], [-6, 7], [7, 6], [-7, 6], [8, 5], [7, 7], [-7, 7], [8, 6], [8, 7],
];

test("distance codes mean the pixels that the RFC lists", () => {
  assert.deepEqual(
    DISTANCE_MAP.map(({ left, up }) => [left, up]),
    LISTED,
  );
});

test("altered frames end somewhere, or are refused", async () => {
  const originals: Uint8Array[] = [];
  for await (const { payload } of frames()) if (payload.length < 5000) originals.push(payload);
  const some = fc.tuple(fc.nat(originals.length - 1), fc.nat(1e6), fc.nat(255));
  let refused = 0;
  fc.assert(
    fc.property(some, ([which, at, value]) => {
      const frame = originals[which]!.slice();
      frame[5 + (at % (frame.length - 5))] = value;
      try {
        assert.ok(vp8lLength(frame, webpSize({ codec: "vp8l", payload: originals[which]! })) <= frame.length);
      } catch (error) {
        assert.ok(error instanceof ZippyNetError && error.code === "bad-file", String(error));
        refused++;
      }
    }),
    { numRuns: 3000 },
  );
  assert.ok(refused > 300, `${refused}`);
});

/** A frame of 8×8 pixels of one colour, which all use the last of so many groups of codes. */
function ofGroups(groups: number): Uint8Array {
  const bits: number[] = [];
  const put = (value: number, count: number): void => {
    for (let i = 0; i < count; i++) bits.push((value >> i) & 1);
  };
  const only = (symbol: number): void => put(symbol * 8 + 0b101, 11); // a code of one symbol of 8 bits
  put(0x2f, 8);
  put(7, 14);
  put(7, 14);
  put(0, 4); // no alpha, version 0
  put(0b1_0_0, 3); // no transform, no colour cache, several groups
  put(7, 3); // blocks of 512×512
  put(0, 1);
  only((groups - 1) & 255); // the number of a group is in green and red
  only((groups - 1) >> 8);
  for (let i = 0; i < 3; i++) only(0);
  for (let i = 0; i < 5 * groups; i++) put(0b0001, 4); // a code of the symbol 0
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  for (const [i, bit] of bits.entries()) bytes[i >> 3]! |= bit << (i & 7);
  return bytes;
}

test("codes that are alike take memory once: a frame of few pixels may have 65,536 groups of them", async () => {
  const size = { width: 8, height: 8 };
  const frame = ofGroups(65_536);
  const { data } = await sharp(webpFile({ codec: "vp8l", payload: ofGroups(300) }))
    .raw()
    .toBuffer({ resolveWithObject: true });
  assert.equal(data.length, 3 * 64); // libwebp reads such frames
  const before = process.memoryUsage().rss;
  assert.equal(vp8lLength(frame, size), frame.length);
  assert.ok(process.memoryUsage().rss - before < 128 * 1024 * 1024); // one by one they took 380 MB
});
