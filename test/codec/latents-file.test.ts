import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type Header,
  readLatentsFile,
  SQUARES,
  writeLatentsFile,
} from "../../src/codec/format/latents-file.ts";
import { readFormatHeader } from "./format-decoder.ts";
import { zippyError } from "./support.ts";

const side = fc.oneof(
  fc.integer({ min: 8, max: 1024 }),
  fc.constantFrom(8, 127, 128, 1023, 1024, ...SQUARES),
);
const header: fc.Arbitrary<Header> = fc
  .record({
    model: fc.oneof(
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 255 }).filter((number) => number !== 80),
    ),
    quality: fc.integer({ min: 1, max: 100 }),
    grey: fc.boolean(),
    width: side,
    height: side,
    square: fc.boolean(),
  })
  .map(({ square, ...rest }) => (square ? { ...rest, height: rest.width } : rest));

test("a header comes back, in 3 or 4 bytes for the listed squares, else at most 8", () => {
  fc.assert(
    fc.property(header, fc.nat(255), fc.uint8Array(), (written, check, payload) => {
      const file = writeLatentsFile(written, check, payload);
      assert.deepEqual(readLatentsFile(file), { header: written, check, payload });
      const bytes = file.length - payload.length;
      const listed = written.width === written.height && SQUARES.some((square) => square === written.width);
      const first = written.model >= 1 && written.model <= 5;
      assert.ok(listed ? bytes === (first ? 3 : 4) : bytes >= 6 && bytes <= 8);
    }),
    { numRuns: 5000 },
  );
});

test("every listed square, exactly", () => {
  SQUARES.forEach((square, code) => {
    const file = writeLatentsFile(
      { model: 9, quality: 33, grey: true, width: square, height: square },
      7,
      new Uint8Array(),
    );
    assert.deepEqual([...file], [0x80 | code, 9, 128 | 33, 7]);
    const short = { model: 3, quality: 33, grey: true, width: square, height: square };
    assert.deepEqual([...writeLatentsFile(short, 7, new Uint8Array())], [0xe0 | code, 128 | 33, 7]);
    const fifth = { ...short, model: 5 };
    assert.deepEqual([...writeLatentsFile(fifth, 7, new Uint8Array())], [0xb0 | code, 128 | 33, 7]);
  });
});

test("canonical: any bytes that are taken are what would be written; else a clear refusal", () => {
  const plausible = fc
    .tuple(fc.nat(127), fc.nat(255), fc.nat(255), fc.nat(255), fc.uint8Array({ maxLength: 6 }))
    .map(([low, model, quality, check, rest]) => Uint8Array.of(128 | low, model, quality, check, ...rest));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 12 }), plausible), (file) => {
      let read: ReturnType<typeof readLatentsFile>;
      try {
        read = readLatentsFile(file);
      } catch (error) {
        assert.ok(zippyError("bad-file", /^not a \.zn file: \S/)(error));
        assert.throws(() => readFormatHeader(file), /refused/);
        return;
      }
      assert.deepEqual(writeLatentsFile(read.header, read.check, read.payload), file);
      const { model, grey, quality, width, height, check, payload } = readFormatHeader(file);
      assert.deepEqual(
        { header: { model, quality, grey, width, height }, check, payload },
        { ...read, payload: read.payload.slice() },
      );
    }),
    { numRuns: 20000 },
  );
});

test("every illegal value is refused, and the message says what came", () => {
  const refuse = (bytes: number[], text: RegExp) =>
    assert.throws(() => readLatentsFile(Uint8Array.from(bytes)), zippyError("bad-file", text));
  refuse([], /at least 4 bytes, got 0/);
  refuse([0x84, 9, 50], /at least 4 bytes, got 3/);
  refuse([0xc4, 50], /at least 3 bytes, got 2/);
  refuse([0xcf, 50, 0], /listed size in the short form, got 15/);
  refuse([0x84, 1, 50, 0], /expected the short form of model 1 at 42 pixels/);
  for (let tag = 0; tag < 256; tag++) {
    if (tag < 0x80 || (tag > 0x8f && tag < 0xb0)) {
      const came = `0x80–0x8f or 0xb0–0xfe, got 0x${tag.toString(16).padStart(2, "0")}$`;
      refuse([tag, 9, 50, 0], new RegExp(came));
    } else if (tag < 0x8f) assert.ok(readLatentsFile(Uint8Array.of(tag, 9, 50, 0)));
    else if (tag >= 0xb0 && (tag & 15) < 15) assert.ok(readLatentsFile(Uint8Array.of(tag, 50, 0)));
  }
  for (let quality = 0; quality < 128; quality++) {
    for (const grey of [0, 128]) {
      if (quality >= 1 && quality <= 100)
        assert.ok(readLatentsFile(Uint8Array.of(0x84, 9, grey | quality, 0)));
      else refuse([0x84, 9, grey | quality, 0], new RegExp(`quality of 1–100, got ${quality}$`));
    }
  }
  refuse([0x84, 80, 50, 0], /than a PNG has.*80 is reserved/);
  refuse([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10], /than a PNG has/);
  const stated = (...size: number[]) => [0x8f, 1, 50, 0, ...size];
  refuse(stated(), /ends within the width/);
  refuse(stated(0x88), /ends within the width/);
  refuse(stated(9), /ends within the height/);
  refuse(stated(9, 0x90), /ends within the height/);
  refuse(stated(7, 9), /width of 8–1024 pixels, got 7/);
  refuse(stated(9, 0), /height of 8–1024 pixels, got 0/);
  refuse(stated(0x81, 0x08, 9), /width of 8–1024 pixels, got 1025/);
  refuse(stated(9, 0xff, 0x7f), /height of 8–1024 pixels, got 16383/);
  refuse(stated(0x89, 0x00, 9), /width is not a varint of its shortest form/);
  refuse(stated(9, 0x89, 0x80), /height is not a varint of its shortest form/);
  refuse(stated(9, 0x89, 0x80, 0x01), /height is not a varint/);
  for (const square of SQUARES) {
    const varint = square < 128 ? [square] : [(square & 127) | 128, square >> 7];
    refuse(
      stated(...varint, ...varint),
      new RegExp(`${square}×${square} is stated where the tag must imply it`),
    );
  }
});
