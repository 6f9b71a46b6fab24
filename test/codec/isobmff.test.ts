import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import fc from "fast-check";
import sharp from "sharp";
import { ZippyNetError } from "../../src/codec/errors.ts";
import { av1Payload } from "../../src/codec/format/isobmff.ts";

const face = readFileSync(new URL("../images/face-hat-64.png", import.meta.url));
const avif = (quality: number, alpha = false): Promise<Buffer> => {
  const picture = alpha ? sharp(face).ensureAlpha(0.5) : sharp(face);
  return picture.avif({ quality, effort: 2 }).toBuffer();
};

/** Types and sizes of the boxes of a file, one after the other. */
function boxes(file: Buffer): { type: string; at: number; size: number }[] {
  const found = [];
  for (let at = 0; at < file.length; at += file.readUInt32BE(at)) {
    found.push({ type: file.toString("latin1", at + 4, at + 8), at, size: file.readUInt32BE(at) });
  }
  return found;
}

/** Types and lengths of the open bitstream units of a payload (AV1 specification §5.3), to its last byte. */
function units(payload: Uint8Array): { type: number; length: number }[] {
  const found = [];
  for (let at = 0; at < payload.length; ) {
    const header = payload[at]!;
    assert.equal(header & 0b1000_0011, 0b10, "a unit with a size field and no reserved bit");
    at += header & 0b100 ? 2 : 1;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = payload[at++]!;
      length |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    found.push({ type: (header >> 3) & 15, length });
    at += length;
    assert.ok(at <= payload.length, "a unit within the payload");
  }
  return found;
}

const SEQUENCE_HEADER = 1;
const FRAME = 6;

suite("av1Payload", () => {
  test("is the whole of the media data of an image without alpha", async () => {
    for (const quality of [10, 50, 90]) {
      const file = await avif(quality);
      const data = boxes(file).find(({ type }) => type === "mdat")!;
      const payload = av1Payload(file);
      assert.deepEqual(payload, new Uint8Array(file.subarray(data.at + 8, data.at + data.size)));
      const types = units(payload).map(({ type }) => type);
      assert.ok(types.includes(SEQUENCE_HEADER) && types.includes(FRAME), String(types));
    }
  });

  test("leaves alpha out", async () => {
    const plain = av1Payload(await avif(50));
    const file = await avif(50, true);
    const data = boxes(file).find(({ type }) => type === "mdat")!;
    const payload = av1Payload(file);
    assert.ok(payload.length < data.size - 8);
    assert.equal(units(payload).filter(({ type }) => type === FRAME).length, 1);
    assert.ok(Math.abs(payload.length - plain.length) < plain.length / 4);
  });

  test("in any box layout: shifted by a free box, split in two extents, large sizes", () => {
    const payload = Uint8Array.from({ length: 50 }, (_, i) => i);
    assert.deepEqual(av1Payload(layout(payload, { version: 0, extents: [50], free: 0 })), payload);
    assert.deepEqual(av1Payload(layout(payload, { version: 1, extents: [20, 30], free: 33 })), payload);
    assert.deepEqual(av1Payload(layout(payload, { version: 2, extents: [1, 48, 1], free: 8 })), payload);
  });

  test("what is cut or altered gives an answer or a clear error, never another one", async () => {
    const file = await avif(50);
    fc.assert(
      fc.property(fc.nat(file.length), fc.nat(400), fc.nat(255), (length, at, byte) => {
        const altered = Buffer.from(file.subarray(0, length));
        if (at < altered.length) altered[at] = byte;
        try {
          assert.ok(av1Payload(altered).length <= altered.length * 2);
        } catch (error) {
          assert.ok(error instanceof ZippyNetError, String(error));
          assert.equal(error.code, "bad-image");
        }
      }),
      { numRuns: 2000 },
    );
  });
});

interface Layout {
  readonly version: 0 | 1 | 2;
  readonly extents: readonly number[];
  readonly free: number;
}

/** A made-up AVIF with one item, its data in extents that stand in the file in reverse order. */
function layout(payload: Uint8Array, { version, extents, free }: Layout): Buffer {
  const u = (size: number, value: number): Buffer => {
    const bytes = Buffer.alloc(size);
    bytes.writeUIntBE(value, size - Math.min(size, 6), Math.min(size, 6));
    return bytes;
  };
  const box = (type: string, ...content: Buffer[]): Buffer => {
    const body = Buffer.concat(content);
    return Buffer.concat([u(4, body.length + 8), Buffer.from(type, "latin1"), body]);
  };
  const build = (dataAt: number): { before: Buffer; data: Buffer } => {
    let from = 0;
    const parts = extents.map((length) => {
      const part = payload.subarray(from, from + length);
      from += length;
      return part;
    });
    const backwards = parts.toReversed();
    const offsetOf = (i: number): number => {
      const place = parts.length - 1 - i;
      return backwards.slice(0, place).reduce((sum, part) => sum + part.length, 0);
    };
    const id = version === 2 ? 4 : 2;
    const iloc = box(
      "iloc",
      u(1, version),
      u(3, 0),
      u(1, 0x44), // offsets and lengths of 4 bytes
      u(1, version === 0 ? 0x80 : 0x84), // a base of 8 bytes, an extent index of 4
      u(id, 1),
      u(id, 7),
      ...(version === 0 ? [] : [u(2, 0)]),
      u(2, 0),
      u(8, dataAt),
      u(2, parts.length),
      ...parts.flatMap((part, i) => [
        ...(version === 0 ? [] : [u(4, 0)]),
        u(4, offsetOf(i)),
        u(4, part.length),
      ]),
    );
    const pitm = box("pitm", u(4, 0), u(2, 7));
    const before = Buffer.concat([
      box("ftyp", Buffer.from("avif\0\0\0\0avif", "latin1")),
      box("meta", u(4, 0), pitm, iloc),
      ...(free >= 8 ? [box("free", Buffer.alloc(free - 8))] : []),
    ]);
    const body = Buffer.concat(backwards);
    const mdat = Buffer.concat([u(4, 1), Buffer.from("mdat"), u(8, body.length + 16), body]);
    return { before, data: mdat };
  };
  const { before } = build(0);
  const whole = build(before.length + 16);
  return Buffer.concat([whole.before, whole.data]);
}
