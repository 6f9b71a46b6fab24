import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { ZippyNetError } from "../../src/codec/errors.ts";
import { readSafetensors, type SafeTensor, writeSafetensors } from "../../src/model/safetensors.ts";
import { facesFolder, zippyError } from "../codec/support.ts";

const one = (dtype: SafeTensor["dtype"], values: number[]): SafeTensor => {
  const shape = [values.length];
  switch (dtype) {
    case "F16":
      return { dtype, shape, data: Float32Array.from(values) };
    case "F32":
      return { dtype, shape, data: Float32Array.from(values) };
    case "I8":
      return { dtype, shape, data: Int8Array.from(values) };
    case "U8":
      return { dtype, shape, data: Uint8Array.from(values) };
    case "U16":
      return { dtype, shape, data: Uint16Array.from(values) };
    case "I32":
      return { dtype, shape, data: Int32Array.from(values) };
  }
};

const tensors = fc
  .uniqueArray(
    fc.tuple(
      fc.stringMatching(/^[a-z][a-z0-9_.]{0,20}$/),
      fc.constantFrom<SafeTensor["dtype"][]>("F16", "F32", "I8", "U8", "U16", "I32"),
      fc.array(fc.nat(127), { maxLength: 30 }),
    ),
    { selector: ([name]) => name, maxLength: 12 },
  )
  .map((all) => new Map(all.map(([name, dtype, values]) => [name, one(dtype, values)])));

test("tensors of every type come back", () => {
  fc.assert(
    fc.property(tensors, (written) => {
      const bytes = writeSafetensors(written);
      const read = readSafetensors(bytes);
      assert.deepEqual(new Map([...read].sort()), new Map([...written].sort()));
      // and from the middle of a larger buffer, which need not be aligned
      const shifted = new Uint8Array(bytes.length + 3);
      shifted.set(bytes, 3);
      assert.deepEqual(readSafetensors(shifted.subarray(3)), read);
    }),
    { numRuns: 500 },
  );
});

test("the layout is that of the format: aligned data, a header of a multiple of 8", () => {
  const bytes = writeSafetensors(
    new Map<string, SafeTensor>([
      ["b", one("U8", [1, 2, 3])],
      ["a", { dtype: "F32", shape: [1, 2], data: Float32Array.of(1, -2) }],
    ]),
  );
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  assert.equal(length % 8, 0);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))), {
    a: { dtype: "F32", shape: [1, 2], data_offsets: [0, 8] },
    b: { dtype: "U8", shape: [3], data_offsets: [8, 11] },
  });
  assert.equal(bytes.length, 8 + length + 11);
});

test("the model's own blobs come back byte for byte", () => {
  for (const name of ["g_a", "g_s", "prior"]) {
    const bytes = new Uint8Array(readFileSync(join(facesFolder, `${name}.safetensors`)));
    assert.deepEqual(writeSafetensors(readSafetensors(bytes)), bytes);
  }
});

const withHeader = (header: unknown, data: number[] = [], length?: number): Uint8Array => {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length ?? json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
};

test("what is not a safetensors file is refused, and the message says why", () => {
  const refuse = (bytes: Uint8Array, text: RegExp) =>
    assert.throws(() => readSafetensors(bytes), zippyError("bad-model", text));
  refuse(new Uint8Array(7), /at least 8 bytes, got 7/);
  refuse(withHeader({}, [], 100), /header of 100 bytes, got 2/);
  refuse(withHeader({}, [], 2 ** 60), /header of/);
  refuse(withHeader("{nonsense"), /not JSON/);
  refuse(withHeader("null"), /not JSON|header/);
  const entry = { dtype: "U8", shape: [2], data_offsets: [0, 2] };
  assert.equal(readSafetensors(withHeader({ __metadata__: { any: "thing" }, a: entry }, [1, 2])).size, 1);
  refuse(withHeader({ a: { ...entry, dtype: "F64" } }, [1, 2]), /type F64, expected one of F16/);
  refuse(withHeader({ a: { ...entry, dtype: "toString" } }, [1, 2]), /a/);
  refuse(withHeader({ a: { ...entry, shape: [3] } }, [1, 2]), /expected 3 bytes for U8 \[3\], got 2/);
  refuse(withHeader({ a: { ...entry, data_offsets: [1, 3] } }, [1, 2]), /a: expected/);
  refuse(withHeader({ a: { ...entry, data_offsets: [-1, 1] } }, [1, 2]), /a: expected/);
  refuse(
    withHeader({ a: { ...entry, data_offsets: [1, 3] } }, [1, 2, 3]),
    /a: expected data from 0 on, got 1/,
  );
  refuse(withHeader({ a: entry, b: entry }, [1, 2]), /b: expected data from 2 on, got 0/);
  refuse(withHeader({ a: entry }, [1, 2, 3]), /expected 2 bytes of data, got 3/);
  for (const broken of [
    1,
    null,
    "text",
    {},
    { dtype: "U8", shape: [1] },
    { dtype: "U8", data_offsets: [0, 1] },
  ]) {
    refuse(withHeader({ a: broken }, [1]), /a: expected dtype, shape and data_offsets/);
  }
});

test("damaged bytes are read or refused, nothing else", () => {
  const sound = writeSafetensors(
    new Map([
      ["levels", one("I8", [1, 2, 3])],
      ["bias", one("F16", [0.5, 2])],
      ["sizes", one("U16", [5, 6, 7])],
    ]),
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      fc.nat(sound.length),
      (changes, length) => {
        const bytes = sound.slice(0, length % 3 ? sound.length : length);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        try {
          for (const { data } of readSafetensors(bytes).values())
            assert.ok(data.byteLength <= 2 * bytes.length);
        } catch (error) {
          assert.ok(error instanceof ZippyNetError && error.code === "bad-model", String(error));
        }
      },
    ),
    { numRuns: 20000 },
  );
});
