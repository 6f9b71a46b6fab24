import assert from "node:assert/strict";
import { test } from "node:test";
import { findModels } from "../../src/model/folder.ts";
import { replan, runtime } from "../../src/node/runtime.ts";

test("a start that fails after the settings have changed does not undo the next one", async () => {
  const { promise, reject } = Promise.withResolvers<never>();
  replan({ locate: () => promise });
  const failing = runtime();
  replan({ locate: findModels });
  const next = runtime();
  reject(new Error("no models"));
  await assert.rejects(failing, /no models/);
  assert.equal(runtime(), next);
  assert.ok((await next).locations.length > 0);
});

test("a start that fails is tried again", async () => {
  let tries = 0;
  replan({ locate: async () => (tries++ === 0 ? Promise.reject(new Error("not yet")) : findModels()) });
  await assert.rejects(runtime(), /not yet/);
  assert.ok((await runtime()).locations.length > 0);
});
