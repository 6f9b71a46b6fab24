import assert from "node:assert/strict";
import { test } from "node:test";
import { isPolished, thoroughEffort } from "../../src/image/classical/codecs.ts";

const empty = (width: number, height: number) => ({ width, height, data: new Uint8Array() });

test("the time that is spent on a picture goes by whole blocks of 64×64 pixels", () => {
  const small = empty(256, 256);
  assert.ok(isPolished(small) && isPolished(empty(1, 1)) && isPolished(empty(1024, 64)));
  for (const thin of [empty(4096, 1), empty(1, 4096), empty(1025, 16)]) {
    assert.equal(isPolished(thin), false, `${thin.width}×${thin.height}`);
    for (const effort of [0, 1, 3, 6]) {
      assert.ok(thoroughEffort(thin, effort) < thoroughEffort(small, effort), `effort ${effort}`);
    }
  }
  assert.equal(thoroughEffort(empty(16383, 65), 0), thoroughEffort(empty(2048, 2048), 0));
});
