/** `zippynet/decode`, in Node: what it answers to what is none of what it expects. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { encode } from "../../src/index.ts";
import * as portable from "../../src/web/packaged/portable.ts";
import { madePicture, zippyError } from "../codec/support.ts";

const MODEL = new URL("../../models/faces/", import.meta.url);
const manifest = JSON.parse(await readFile(new URL("manifest.json", MODEL), "utf8"));
const file = await encode(madePicture(16, 16, 0), { model: "faces", classical: false });

/** A package of the model, with weights by name. */
function packageWith(placeOf: (name: string) => unknown): never {
  const names = [manifest.blobs.g_s.file, manifest.blobs.prior.file] as string[];
  return { manifest, files: Object.fromEntries(names.map((name) => [name, placeOf(name)])) } as never;
}

test("weights come as URLs, bytes, buffers, or functions that give them", async () => {
  const at = (name: string) => new URL(name, MODEL);
  const places: ((name: string) => unknown)[] = [
    at,
    (name) => at(name).href,
    (name) => () => at(name),
    (name) => () => readFile(at(name)),
    (name) => async () => Uint8Array.from(await readFile(at(name))).buffer,
  ];
  for (const place of places) {
    portable.configure({ models: [packageWith(place)] });
    assert.equal((await portable.decode(file)).data.length, 16 * 16 * 4);
  }
});

test("what is no package and what is no file are errors", async () => {
  for (const model of [undefined, null, 5, "faces", new Uint8Array(9), {}, { manifest: 5n, files: {} }]) {
    const refused = zippyError("bad-option", /^expected models as a list of what packages .*, got ./);
    assert.throws(() => portable.configure({ models: [model as never] }), refused);
  }
  const wrong: [unknown, string, RegExp][] = [
    [5, "bad-model", /faces\/g_\w\.safetensors as a URL, Uint8Array or ArrayBuffer, got 5$/],
    [() => null, "bad-model", /as a URL, Uint8Array or ArrayBuffer, got null$/],
    [() => Promise.reject(new Error("offline")), "unavailable", /to be loaded, got Error: offline/],
    ["http://127.0.0.1:1/g_s", "unavailable", /127\.0\.0\.1:1\/g_s cannot be fetched/],
    ["file:///nowhere/g_s", "bad-model", /expected a file of a model at file:\/\/\/nowhere\/g_s/],
    [new Uint8Array(3), "bad-model", /expected \d+ bytes, got 3$/],
    [undefined, "bad-model", /faces: expected the file g_s\.safetensors, got none/],
  ];
  for (const [place, code, message] of wrong) {
    portable.configure({ models: [packageWith(() => place)] });
    await assert.rejects(portable.decode(file), zippyError(code, message));
  }
});

test("what is missing or of a wrong type is a ZippyNetError that says what came", async () => {
  const { configure, decode, decodeMany, fromInline, info, preload, toInline, useKernel } = portable;
  const calls = { configure, decode, decodeMany, fromInline, info, toInline, useKernel };
  for (const [name, call] of Object.entries(calls)) {
    for (const value of [undefined, null, 5.5, 5n, true, Symbol("x"), new Date(0), new Uint16Array(4)]) {
      const called = async (): Promise<unknown> => (call as (value: unknown) => unknown)(value);
      const told = { name: "ZippyNetError", message: /expected .*, got / };
      await assert.rejects(called, told, `${name}: ${String(value)}`);
    }
  }
  await assert.rejects(preload(null as never), zippyError("bad-option", /got null/));
});
