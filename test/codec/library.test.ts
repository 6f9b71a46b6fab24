/** The library as others use it: `src/index.ts`. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import {
  configure,
  DEFAULT_QUALITY,
  decode,
  decodeMany,
  type ErrorCode,
  encode,
  encodeMany,
  fromInline,
  info,
  listModels,
  MEDIA_TYPE,
  type Progress,
  preload,
  toInline,
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
  assert.deepEqual([decoded.width, decoded.height, decoded.data.length], [42, 42, 42 * 42 * 4]);
  assert.ok(decoded.data instanceof Uint8ClampedArray && decoded.data[3] === 255);
  const rgb = await decode(file, { channels: 3 });
  assert.deepEqual(
    rgb.data,
    decoded.data.filter((_, i) => i % 4 < 3),
  );
  assert.equal(MEDIA_TYPE, "image/x-zippynet");
});

test("options: the quality by default, a model by name or number", async () => {
  const plain = await encode(image, { model: "faces", classical: false });
  const told = info(plain);
  assert.ok(told.kind === "latents" && told.quality === DEFAULT_QUALITY);
  const all = { quality: DEFAULT_QUALITY, model: 1, classical: false };
  assert.deepEqual(await encode(image, all), plain);
  assert.deepEqual(await encode(image, { model: "auto" }), await encode(image));
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
    [as(new Uint16Array(image.data)), /expected data as a Uint8Array or Uint8ClampedArray, got Uint16Array/],
    [as(new Int8Array(image.data)), /got Int8Array/],
    [as(new Float32Array(image.data)), /got Float32Array/],
    [as(Array.from(image.data)), /got Array/],
    [as("pixels"), /got String/],
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
    zippyError("bad-image", /expected a width of 1 pixel or more, got undefined/),
  );
});

test("images of a wrong size or length are refused", async () => {
  const refuse = (width: number, height: number, length: number, text: RegExp) =>
    assert.rejects(encode({ width, height, data: new Uint8Array(length) }), zippyError("bad-image", text));
  await refuse(42, 42, 42 * 42 * 2, /5292 bytes of RGB or 7056 of RGBA for 42×42 pixels, got 3528/);
  await refuse(42, 42, 0, /got 0/);
  await refuse(42.5, 42, 42 * 42 * 3, /got 42.5/);
  await refuse(0, 42, 0, /1 pixel or more, got 0/);
  await assert.rejects(
    encode({ width: 17000, height: 8, data: new Uint8Array(17000 * 8 * 3) }),
    zippyError("too-large", /at most 25000000 pixels .*got 17000×8/),
  );
  await assert.rejects(
    encode({ width: 7, height: 7, data: new Uint8Array(147) }, { classical: false }),
    zippyError("bad-image", /sides of 8–1024 pixels, which models code, got 7×7, and no classical/),
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

test("transparency comes back: RGBA in, RGBA out", async () => {
  const data = Uint8ClampedArray.from({ length: 42 * 42 * 4 }, (_, i) =>
    i % 4 < 3 ? image.data[Math.floor(i / 4) * 3 + (i % 4)]! : Math.floor(i / 4) % 256,
  );
  const decoded = await decode(await encode({ width: 42, height: 42, data }));
  const alphas = (samples: Uint8ClampedArray) => samples.filter((_, i) => i % 4 === 3);
  assert.deepEqual(alphas(decoded.data), alphas(data));
});

test("a file comes as bytes, ArrayBuffer, Blob or text; anything else is refused", async () => {
  const file = await encode(image, { model: "faces", classical: false });
  const wanted = await decode(file);
  const buffer = Uint8Array.from(file).buffer;
  for (const source of [buffer, new Blob([buffer]), toInline(file)]) {
    assert.deepEqual(await decode(source), wanted);
  }
  assert.deepEqual(info(toInline(file)), info(file));
  for (const [source, text] of [
    [7, /got 7/],
    [null, /got null/],
    [{}, /got Object/],
    ["§", /not an inline \.zn file/],
  ] as const) {
    await assert.rejects(decode(source as unknown as string), zippyError("bad-file", text));
  }
  const notBlob = zippyError("bad-file", /as Uint8Array, ArrayBuffer or base64url text, got Blob$/);
  assert.throws(() => info(new Blob([buffer]) as never), notBlob);
});

test("options that are none are refused by name, with the one that may have been meant", async () => {
  const refuse = (options: object, text: RegExp) =>
    assert.rejects(encode(image, options), zippyError("bad-option", text));
  await refuse({ qualty: 3 }, /got "qualty": did you mean "quality"\?/);
  await refuse({ maxbytes: 3 }, /did you mean "maxBytes"\?/);
  await refuse({ format: "png" }, /expected options model, quality, .*, got "format"$/);
  await refuse({ quality: 3, psnr: 30 }, /one of quality, psnr, maxBytes, got quality and psnr/);
  await refuse({ model: 1.5 }, /a model's name or number, or auto, got "?1.5/);
  await refuse({ signal: {} }, /AbortSignal/);
  await assert.rejects(decode("AA", { channels: 2 as 3 }), zippyError("bad-option", /3 or 4 channels/));
  assert.throws(
    () => configure({ thread: 1 } as object),
    zippyError("bad-option", /did you mean "threads"\?/),
  );
});

test("many at once have an outcome each, and report how far they are", async () => {
  const told: number[] = [];
  const pictures = [image, { ...image, width: 41 }, image];
  const outcomes = await encodeMany(pictures, {
    model: "faces",
    classical: false,
    concurrency: 2,
    onProgress: (progress) => progress.stage === "pictures" && told.push(progress.done),
  });
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled"],
  );
  assert.deepEqual(told, [1, 2, 3]);
  const files = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  const decoded = await decodeMany([...files, "§"]);
  assert.deepEqual(
    decoded.map(({ status }) => status),
    ["fulfilled", "fulfilled", "rejected"],
  );
  await assert.rejects(
    encodeMany(pictures, { concurrency: 0 }),
    zippyError("bad-option", /concurrency of 1–64/),
  );
});

test("a signal ends what lasts, and the next call goes on as ever", async () => {
  const large = madePicture(160, 160, 1);
  const controller = new AbortController();
  const encoding = encode(large, { model: "faces", effort: 9, signal: controller.signal });
  setTimeout(() => controller.abort(new Error("enough")), 300);
  await assert.rejects(encoding, /enough/);
  await assert.rejects(encode(image, { signal: AbortSignal.abort() }), { name: "AbortError" });
  assert.ok((await encode(image, { model: "faces", classical: false })).length > 0);
});

test("threads answer as the caller's own does, and report how far a search has come", async () => {
  for (const target of [{ quality: 50 }, { maxBytes: 90 }]) {
    const progress = async (): Promise<[Uint8Array, Progress[]]> => {
      const told: Progress[] = [];
      const wish = { ...target, effort: 3, model: "faces", classical: false } as const;
      return [await encode(image, { ...wish, onProgress: (each) => told.push(each) }), told];
    };
    const threaded = await progress();
    const shares = threaded[1].map((each) => (each.stage === "search" ? each.done / each.total : Number.NaN));
    assert.ok(shares.length > 10 && shares[0]! < 0.1, shares.join());
    assert.deepEqual(
      shares,
      shares.toSorted((a, b) => a - b),
    );
    assert.equal(shares.at(-1), 1);
    configure({ threads: 0 });
    try {
      assert.deepEqual(await progress(), threaded);
    } finally {
      configure({ threads: 1 });
    }
  }
});

test("models that are here say what they are", async () => {
  const [first] = await listModels();
  assert.deepEqual([first!.number, first!.name], [1, "faces"]);
  assert.ok(first!.bytes > 1_000_000);
});

/** As a caller has it who has handed its bytes to another thread. */
function detached(): Uint8Array {
  const bytes = new Uint8Array(8);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

test("memory that the caller uses for other things while a picture waits changes nothing", async () => {
  const options = { model: "faces", classical: false } as const;
  const large = madePicture(80, 80, 1); // is decoded in a thread, too
  const file = await encode(large, options);
  const wanted = await decode(file);
  const wipe = (bytes: Uint8Array): unknown => bytes.fill(0);
  const handOver = (bytes: Uint8Array): unknown =>
    structuredClone(bytes.buffer, { transfer: [bytes.buffer as ArrayBuffer] });
  for (const change of [wipe, handOver]) {
    const first = encode(image, options); // keeps the only thread busy
    const [pixels, copy] = [Uint8Array.from(large.data), Uint8Array.from(file)];
    const pending = [encode({ ...large, data: pixels }, options), decode(copy)] as const;
    change(pixels);
    change(copy);
    assert.deepEqual(await Promise.all(pending), [file, wanted]);
    await first;
  }
});

test("what cannot be read, or is not what it looks like, is named in the error", async () => {
  const refuse = (call: () => Promise<unknown>, code: ErrorCode, message: RegExp) =>
    assert.rejects(call, zippyError(code, message));
  await refuse(() => decode(detached()), "bad-file", /got a detached Uint8Array$/);
  await refuse(() => decode(detached().buffer as ArrayBuffer), "bad-file", /got a detached ArrayBuffer$/);
  await refuse(async () => toInline(detached()), "bad-file", /got a detached Uint8Array$/);
  const gone = { size: 5, arrayBuffer: () => Promise.reject(new Error("the file is gone")) };
  await refuse(() => decode(gone), "bad-file", /a Blob that can be read: Error: the file is gone/);
  const odd = { size: 5, arrayBuffer: async () => 5 as never };
  await refuse(() => decode(odd), "bad-file", /expected a \.zn file .*, got 5$/);
  // one source is no list of them
  const file = await encode(image, { model: "faces", classical: false });
  await refuse(() => decodeMany(toInline(file)), "bad-option", /expected a list, got "/);
  await refuse(() => decodeMany(file as never), "bad-option", /expected a list, got Uint8Array/);
  await refuse(() => decodeMany([file], { concurrency: null as never }), "bad-option", /got null/);
  // the file is no picture yet
  const png = new Uint8Array(100) as never;
  await refuse(() => encode(png), "bad-option", /\{ width, height, data \}, got Uint8Array, .*sharp/);
  await refuse(() => encode(image, { quality: null as never }), "bad-option", /quality of 1–100, got null/);
  for (const options of [[], new Date(0), new Map()])
    await refuse(async () => configure(options as never), "bad-option", /expected options as an object/);
  await refuse(async () => configure({ base: 5 as never }), "bad-option", /URL of a folder, got 5/);
  await refuse(async () => configure({ threads: 65 }), "bad-option", /expected threads of 0–64, got 65/);
});

test("what is missing or of a wrong type is a ZippyNetError that says what came", async () => {
  // as JavaScript may call it, which no compiler stops
  const calls = { configure, decode, decodeMany, encode, encodeMany, fromInline, info, preload, toInline };
  const wrong = [null, 5.5, 5n, {}, true, Symbol("x"), { width: "4", height: 4, data: [] }, detached()];
  for (const [name, call] of Object.entries(calls)) {
    for (const value of name === "preload" ? wrong : [undefined, ...wrong]) {
      if (
        name === "configure" &&
        Object.keys(Object(value)).length === 0 &&
        typeof value === "object" &&
        value
      )
        continue;
      const called = async (): Promise<unknown> => (call as (value: unknown) => unknown)(value);
      await assert.rejects(
        called,
        { name: "ZippyNetError", message: /expected .*, got / },
        `${name}: ${typeof value}`,
      );
    }
  }
});

test("a listener that throws ends what it listens to, with its own error, and nothing else", async () => {
  const onProgress = (_?: unknown): never => {
    throw new Error("no more");
  };
  const loose: unknown[] = [];
  const listen = (error: unknown) => loose.push(error);
  process.on("uncaughtException", listen); // where a thread's message would throw
  try {
    for (const threads of [1, 0]) {
      configure({ threads });
      const wish = { effort: 3, model: "faces", classical: false, onProgress } as const;
      await assert.rejects(encode(image, wish), { name: "Error", message: "no more" });
      assert.ok((await encode(image, { model: "faces", classical: false })).length > 0);
    }
    const options = { model: "faces", classical: false, concurrency: 2, onProgress } as const;
    await assert.rejects(encodeMany([image, image, image], options), /no more/);
    assert.deepEqual(loose, []);
    let told = 0;
    const wrong = [image, image, image].map((each) => ({ ...each, width: 1 }));
    await assert.rejects(
      encodeMany(wrong, { concurrency: 3, onProgress: () => onProgress(told++) }),
      /no more/,
    );
    await setImmediate();
    assert.equal(told, 1);
  } finally {
    process.off("uncaughtException", listen);
    configure({ threads: 1 });
  }
});

test("models that are no packages are refused, and so are weights that are none", async () => {
  const wrong = [undefined, null, 5, "faces", {}, { manifest: 5n, files: {} }, { manifest: {}, files: null }];
  for (const each of wrong) {
    const refused = zippyError("bad-option", /^expected models as a list of what packages .*, got ./);
    assert.throws(() => configure({ models: [each as never] }), refused);
  }
  assert.throws(
    () => configure({ models: 5 as never }),
    zippyError("bad-option", /the path of a folder, got 5/),
  );
  const file = await encode(image, { model: "faces", classical: false });
  const manifest = JSON.parse(
    readFileSync(new URL("../../models/faces/manifest.json", import.meta.url), "utf8"),
  );
  const places: [unknown, ErrorCode, RegExp][] = [
    [5, "bad-model", /faces\/g_\w\.safetensors as a URL, Uint8Array or ArrayBuffer, got 5$/],
    [() => null, "bad-model", /as a URL, Uint8Array or ArrayBuffer, got null$/],
    [
      () => Promise.reject(new Error("offline")),
      "unavailable",
      /g_\w\.safetensors to be loaded, got Error: offline/,
    ],
    ["http://127.0.0.1:1/g_s", "unavailable", /127\.0\.0\.1:1\/g_s cannot be fetched/],
    ["file:///nowhere/g_s", "bad-model", /expected a file of a model at file:\/\/\/nowhere\/g_s/],
  ];
  try {
    for (const [place, code, message] of places) {
      const { g_a, g_s, prior } = manifest.blobs;
      const files = Object.fromEntries([g_a, g_s, prior].map((blob) => [blob.file, place]));
      configure({ models: [{ manifest, files }] as never });
      await assert.rejects(decode(file), zippyError(code, message));
    }
    const circle: Record<string, unknown> = {};
    circle["circle"] = circle;
    configure({ models: [{ manifest: circle as never, files: {} }] });
    await assert.rejects(listModels(), zippyError("bad-model", /manifest that is JSON/));
  } finally {
    configure({ models: fileURLToPath(new URL("../../models", import.meta.url)) });
  }
});

test("a Blob that throws at once fails as one that rejects", async () => {
  const sync = {
    size: 5,
    arrayBuffer: () => {
      throw new TypeError("not now");
    },
  };
  await assert.rejects(
    decode(sync as never),
    zippyError("bad-file", /a Blob that can be read: TypeError: not now/),
  );
});
