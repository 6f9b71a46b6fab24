/** The library as others use it: `src/index.ts`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DEFAULT_QUALITY,
  decode,
  encode,
  info,
  MEDIA_TYPE,
  openModels,
  ZippyNetError,
} from "../../src/index.ts";
import { madePicture, zippyError } from "./support.ts";

const image = madePicture(42, 42, 0);

test("encode, info, decode", async () => {
  const file = await encode(image, { quality: 70, model: "faces", classical: false });
  assert.deepEqual(info(file), {
    kind: "latents",
    alpha: false,
    model: 1,
    quality: 70,
    grey: false,
    width: 42,
    height: 42,
    bytes: file.length,
  });
  const decoded = await decode(file);
  assert.deepEqual([decoded.width, decoded.height, decoded.data.length], [42, 42, 42 * 42 * 3]);
  assert.equal(MEDIA_TYPE, "image/x-zippynet");
});

test("options: the quality by default, a model by name, models opened once for many calls", async () => {
  const models = await openModels();
  const plain = await encode(image, { model: "faces", classical: false });
  assert.equal(info(plain).quality, DEFAULT_QUALITY);
  const all = { quality: DEFAULT_QUALITY, model: "faces", classical: false, models };
  assert.deepEqual(await encode(image, all), plain);
  assert.deepEqual(await encode(image, { model: "auto", models }), await encode(image));
  assert.deepEqual(await decode(plain, { models }), await decode(plain));
});

test("many calls at once", async () => {
  const pictures = Array.from({ length: 8 }, (_, i) => madePicture(16 + i, 24, i));
  const files = await Promise.all(pictures.map((picture) => encode(picture)));
  const decoded = await Promise.all(files.map((file) => decode(file)));
  assert.deepEqual(
    decoded.map(({ width }) => width),
    pictures.map(({ width }) => width),
  );
});

test("a Node Buffer, and a view into a larger one, are as good as a Uint8Array", async () => {
  const file = await encode({ ...image, data: Buffer.from(image.data) });
  assert.deepEqual(file, await encode(image));
  const larger = new Uint8Array(file.length + 9);
  larger.set(file, 4);
  assert.deepEqual(await decode(larger.subarray(4, 4 + file.length)), await decode(file));
  assert.deepEqual(await decode(Buffer.from(file)), await decode(file));
});

test("clamped bytes, as a canvas has them, are as good; samples that are no bytes are refused, and what is no picture", async () => {
  const as = (data: unknown, more: object = {}) => ({ ...image, data, ...more }) as typeof image;
  assert.deepEqual(await encode(as(new Uint8ClampedArray(image.data))), await encode(image));
  const wrong: [unknown, RegExp][] = [
    [as(new Uint16Array(image.data)), /expected data as a Uint8Array, got Uint16Array/],
    [as(new Int8Array(image.data)), /got Int8Array/],
    [as(new Float32Array(image.data)), /got Float32Array/],
    [as(Array.from(image.data)), /got Array/],
    [as("pixels"), /got String/],
    [as(image.data, { alpha: new Uint16Array(42 * 42) }), /expected alpha as a Uint8Array, got Uint16Array/],
    [as(image.data, { alpha: null }), /expected alpha as a Uint8Array, got Null/],
    [{}, /expected data as a Uint8Array, got Undefined/],
    [null, /expected a picture as \{ width, height, data \}, got null/],
    [undefined, /expected a picture .*, got undefined/],
  ];
  for (const [picture, text] of wrong) {
    await assert.rejects(encode(picture as typeof image), zippyError("bad-option", text));
    await assert.rejects(
      encode(picture as typeof image, { classical: false }),
      zippyError("bad-option", text),
    );
  }
  await assert.rejects(
    encode({ data: image.data } as typeof image),
    zippyError("bad-image", /got undefined×undefined/),
  );
});

test("images of a wrong size or length are refused", async () => {
  const refuse = (width: number, height: number, length: number, text: RegExp) =>
    assert.rejects(encode({ width, height, data: new Uint8Array(length) }), zippyError("bad-image", text));
  await refuse(42, 42, 42 * 42 * 4, /5292 bytes of RGB for 42×42 pixels, got 7056/);
  await refuse(42, 42, 0, /got 0/);
  await refuse(42.5, 42, 42 * 42 * 3, /got 42.5/);
  await refuse(0, 42, 0, /1 pixel or more, got 0×42/);
  await assert.rejects(
    encode({ ...image, alpha: new Uint8Array(5) }),
    zippyError("bad-image", /1764 bytes of alpha for 42×42 pixels, got 5/),
  );
  await assert.rejects(
    encode({ width: 20000, height: 20000, data: new Uint8Array() }),
    zippyError("too-large", /at most 25000000 pixels .*got 20000×20000/),
  );
  await assert.rejects(
    encode({ width: 7, height: 7, data: new Uint8Array(147) }, { classical: false }),
    zippyError("bad-image", /sides of 8–1024 pixels/),
  );
});

test("qualities out of range are refused", async () => {
  for (const quality of [0, 101, 1.5, Number.NaN, -7]) {
    await assert.rejects(encode(image, { quality }), zippyError("bad-option", /quality of 1–100, got/));
  }
});

test("models that are not here are refused", async () => {
  await assert.rejects(
    encode(image, { model: "cats" }),
    zippyError("unknown-model", /1 \(faces\).*, got "cats"/),
  );
  // of a size whose header names the model in a byte of its own
  const file = (await encode(madePicture(42, 43, 0), { model: "faces", classical: false })).slice();
  file[1] = 199;
  await assert.rejects(decode(file), zippyError("unknown-model", /1 \(faces\).*, got number 199/));
});

test("foreign, empty, cut and damaged files are refused", async () => {
  const file = await encode(image, { model: "faces", classical: false });
  const jpeg = Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16);
  const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10);
  for (const foreign of [new Uint8Array(), jpeg, png, new TextEncoder().encode("<svg/>")]) {
    assert.throws(() => info(foreign), zippyError("bad-file", /^not a \.zn file: expected/));
    await assert.rejects(decode(foreign), zippyError("bad-file", /^not a \.zn file: expected/));
  }
  let passed = 0;
  for (let length = 3; length < file.length; length++) {
    await decode(file.subarray(0, length)).then(
      () => passed++,
      (error) => assert.ok(zippyError("bad-file", /damaged \.zn file/)(error)),
    );
  }
  assert.ok(passed <= 6, `${passed} of ${file.length} cut files passed the check byte`);
});

test("errors carry a name, a code and a cause", () => {
  const cause = new Error("inner");
  const error = new ZippyNetError("bad-file", "outer", { cause });
  assert.deepEqual(
    [error.name, error.code, error.message, error.cause],
    ["ZippyNetError", "bad-file", "outer", cause],
  );
  assert.ok(error instanceof Error);
});
