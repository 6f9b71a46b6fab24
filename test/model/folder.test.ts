import assert from "node:assert/strict";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openModels } from "../../src/model/folder.ts";
import { fetchFile } from "../../src/model/models.ts";
import { facesFolder, zippyError } from "../codec/support.ts";

const root = mkdtempSync(join(tmpdir(), "zippynet-models-"));
after(() => rmSync(root, { recursive: true }));

let made = 0;
function newFolder(): string {
  const folder = join(root, `${made++}`);
  mkdirSync(folder);
  return folder;
}

function addModel(folder: string, name: string, number: number, as = name): string {
  const path = join(folder, as);
  cpSync(facesFolder, path, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(path, "manifest.json"), "utf8"));
  writeFileSync(join(path, "manifest.json"), JSON.stringify({ ...manifest, name, number }));
  return path;
}

test("models are listed by number, found by number and name, loaded once", async () => {
  const folder = newFolder();
  addModel(folder, "late", 200);
  addModel(folder, "early", 7);
  mkdirSync(join(folder, "no-model"));
  writeFileSync(join(folder, "README.md"), "a file beside the models");
  const models = await openModels(folder);
  assert.deepEqual(
    models.list().map(({ number, name }) => [number, name]),
    [
      [7, "early"],
      [200, "late"],
    ],
  );
  assert.equal((await models.default()).number, 7);
  const [byNumber, byName] = await Promise.all([models.byNumber(200), models.byName("late")]);
  assert.equal(byNumber, byName);
  assert.equal(byNumber.number, 200);
});

test("a model that is not here is unknown, and the message lists those that are", async () => {
  const folder = newFolder();
  addModel(folder, "only", 3);
  const models = await openModels(folder);
  await assert.rejects(models.byNumber(4), zippyError("unknown-model", /models 3 \(only\), got number 4/));
  await assert.rejects(models.byName("other"), zippyError("unknown-model", /3 \(only\), got "other"/));
});

function setFields(path: string, fields: object): void {
  const file = join(path, "manifest.json");
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), ...fields }));
}

test("auto is all models that are free to use, or all where none is; names are chosen together", async () => {
  const folder = newFolder();
  const research = (path: string, research: boolean) => setFields(path, { research });
  research(addModel(folder, "kept", 1), true);
  research(addModel(folder, "other", 2), true);
  const chosen = async (wish: string | number) =>
    (await (await openModels(folder)).choose(wish)).map(({ name }) => name);
  assert.deepEqual(await chosen("auto"), ["kept", "other"]);
  research(addModel(folder, "free", 9), false);
  assert.deepEqual(await chosen("auto"), ["free"]);
  assert.deepEqual(await chosen("kept,free,kept"), ["kept", "free"]);
  assert.deepEqual(await chosen("auto, other"), ["free", "other"]);
  assert.deepEqual(await chosen(2), ["other"]);
  await assert.rejects(chosen("free,none"), zippyError("unknown-model", /got "none"/));
});

test("auto leaves out what a newer model supersedes, which takes its place; by name and number it is there", async () => {
  const folder = newFolder();
  setFields(addModel(folder, "research", 1), { research: true });
  setFields(addModel(folder, "faces", 6), { research: false });
  setFields(addModel(folder, "goods", 7), { research: false });
  setFields(addModel(folder, "faces-2", 10), { research: false, supersedes: [6] });
  const models = await openModels(folder);
  const chosen = async (wish: string | number) => (await models.choose(wish)).map(({ name }) => name);
  assert.deepEqual(await chosen("auto"), ["faces-2", "goods"]);
  assert.equal((await models.default()).name, "faces-2");
  assert.deepEqual(await chosen("faces,auto"), ["faces", "faces-2", "goods"]);
  assert.equal((await models.byNumber(6)).name, "faces");
  setFields(join(folder, "faces-2"), { research: true }); // is no use to who may not use it
  assert.deepEqual(
    (await (await openModels(folder)).choose("auto")).map(({ name }) => name),
    ["faces", "goods"],
  );
});

test("a failed load is tried again", async () => {
  const folder = newFolder();
  const path = addModel(folder, "flaky", 9);
  const prior = readFileSync(join(path, "prior.safetensors"));
  writeFileSync(join(path, "prior.safetensors"), prior.subarray(1));
  const models = await openModels(folder);
  await assert.rejects(models.byNumber(9), zippyError("bad-model", /flaky\/prior\.safetensors: expected/));
  writeFileSync(join(path, "prior.safetensors"), prior);
  assert.equal((await models.byNumber(9)).name, "flaky");
});

test("no folder, no models, twins, a broken manifest: refused", async () => {
  await assert.rejects(openModels(join(root, "nowhere")), zippyError("bad-model", /nowhere/));
  const empty = newFolder();
  await assert.rejects(openModels(empty), zippyError("bad-model", /found none/));
  const twins = newFolder();
  addModel(twins, "one", 5);
  addModel(twins, "two", 5);
  await assert.rejects(openModels(twins), zippyError("bad-model", /different numbers and names/));
  const namesakes = newFolder();
  addModel(namesakes, "same", 5, "a");
  addModel(namesakes, "same", 6, "b");
  await assert.rejects(openModels(namesakes), zippyError("bad-model", /different numbers and names/));
  const broken = newFolder();
  writeFileSync(join(addModel(broken, "broken", 5), "manifest.json"), "{}");
  await assert.rejects(openModels(broken), zippyError("bad-model", /manifest\.json/));
});

test("ZIPPYNET_MODELS names the default folder", async (t) => {
  const before = process.env["ZIPPYNET_MODELS"];
  t.after(() => {
    if (before === undefined) delete process.env["ZIPPYNET_MODELS"];
    else process.env["ZIPPYNET_MODELS"] = before;
  });
  const folder = newFolder();
  addModel(folder, "elsewhere", 250);
  process.env["ZIPPYNET_MODELS"] = folder;
  assert.deepEqual((await openModels()).list()[0]!.name, "elsewhere");
  process.env["ZIPPYNET_MODELS"] = "";
  assert.ok((await openModels()).list().length > 1, "an empty value names none");
  delete process.env["ZIPPYNET_MODELS"];
  assert.ok((await openModels()).list().some(({ name }) => name === "faces"));
});

test("a model whose download ends too soon, or that cannot be fetched, is unavailable", async () => {
  const server = createServer((request, response) => {
    if (request.url === "/none") return response.writeHead(404).end();
    response.writeHead(200, { "content-length": 100 }).write("half");
    return setTimeout(() => response.destroy(), 50);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await assert.rejects(fetchFile(`${url}/half`), zippyError("unavailable", /\/half cannot be fetched: /));
    await assert.rejects(fetchFile(`${url}/none`), zippyError("unavailable", /expected status 200, got 404/));
  } finally {
    server.close();
  }
  await assert.rejects(fetchFile(`${url}/gone`), zippyError("unavailable", /\/gone cannot be fetched: /));
});
