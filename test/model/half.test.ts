import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fromHalf, toHalf } from "../../src/model/safetensors.ts";

/** The runtime's own, where it has it (Node 24 does). */
const Float16Array = (globalThis as unknown as { Float16Array?: typeof Float32Array }).Float16Array;
const skip = Float16Array ? false : "this runtime has no Float16Array";

const everyHalf = Uint16Array.from({ length: 65536 }, (_, bits) => bits);

test("every half is read as the runtime reads it", { skip }, () => {
  const theirs = new Float16Array!(everyHalf.buffer);
  assert.deepEqual([...fromHalf(everyHalf)], [...theirs]); // not as typed arrays: NaNs differ in their bits
});

test("every half comes back", () => {
  const back = toHalf(fromHalf(everyHalf));
  everyHalf.forEach((bits, i) => {
    const notANumber = (bits & 0x7c00) === 0x7c00 && (bits & 1023) !== 0;
    if (notANumber) assert.equal(back[i], 0x7e00);
    else assert.equal(back[i], bits);
  });
});

test("floats are rounded as the runtime rounds them: to nearest, ties to even", { skip }, () => {
  const check = (values: Float32Array) => {
    const theirs = new Uint16Array(new Float16Array!(values).buffer);
    assert.deepEqual(toHalf(values), theirs);
  };
  // each half, the middle between it and the next, and the floats on both sides of the middle
  const finite = fromHalf(everyHalf.subarray(0, 0x7c00));
  const floats = new Float32Array(finite.length * 4);
  finite.forEach((value, i) => {
    const next = i + 1 < finite.length ? finite[i + 1]! : 65536;
    const middle = Float32Array.of((value + next) / 2);
    const bits = new Uint32Array(middle.buffer)[0]!;
    const around = new Float32Array(Uint32Array.of(bits - 1, bits, bits + 1).buffer);
    floats.set([value, ...around], i * 4);
  });
  check(floats);
  check(floats.map((value) => -value));
  fc.assert(
    fc.property(fc.float32Array({ maxLength: 200, noNaN: true }), (values) =>
      check(new Float32Array(values)),
    ),
    { numRuns: 500 },
  );
});
