import assert from "node:assert/strict";
import { test } from "node:test";
import {
  circles,
  closure,
  importGraph,
  importsOf,
  ROOT,
  unusedPermissions,
  WALKS,
  wrongImports,
} from "../../scripts/imports.ts";

test("imports point the way that AREAS says", () => {
  const imports = [...importGraph(ROOT, ["src", "layers", "deploy"]).values()].flat();
  assert.ok(imports.length > 1000);
  assert.deepEqual(wrongImports(imports), []);
  assert.deepEqual(unusedPermissions(imports), []);
  const fewer = imports.filter(({ from }) => !from.startsWith("src/qr/"));
  assert.deepEqual(unusedPermissions(fewer), ["src/qr → src/codec", "src/qr → src/image"]);
});

test("an import that points the wrong way is found, of a type and of a lazy module too", () => {
  const wrong = wrongImports([
    ...importsOf("src/codec/planted.ts", 'import type { A } from "../image/read.ts";'),
    ...importsOf("src/image/planted.ts", 'const a = await import("../service/settings.ts");'),
    ...importsOf("src/model/planted.ts", 'export {\n  a,\n  type B,\n} from "../train/run.ts";'),
    ...importsOf("src/cli/planted.ts", 'import "../../test/cli/run.ts";'),
    ...importsOf("src/image/right.ts", 'import { a } from "../codec/image.ts";'),
  ]);
  assert.deepEqual(
    wrong.map(({ from, to, kind }) => [from, to, kind]),
    [
      ["src/codec/planted.ts", "src/image/read.ts", "type"],
      ["src/image/planted.ts", "src/service/settings.ts", "lazy"],
      ["src/model/planted.ts", "src/train/run.ts", "static"],
      ["src/cli/planted.ts", "test/cli/run.ts", "static"],
    ],
  );
});

test("a circle of imports is found, of types too", () => {
  const graph = (files: Record<string, string>) =>
    new Map(Object.entries(files).map(([file, text]) => [file, importsOf(file, text)]));
  const planted = graph({
    "src/a.ts": 'import { b } from "./b.ts";',
    "src/b.ts": 'import type { C } from "./c.ts";',
    "src/c.ts": 'import { a } from "./a.ts";\nimport { d } from "./d.ts";',
    "src/d.ts": 'const c = await import("./c.ts");',
  });
  assert.deepEqual(circles(planted), [["src/a.ts", "src/b.ts", "src/c.ts"]]);
  assert.deepEqual(circles(importGraph(ROOT, ["src", "layers", "deploy"])), []);
});

test("what is commented out imports nothing, and a worker's URL is an import", () => {
  const text =
    '// import("./a.ts")\n/* new URL("./b.ts") */\nnew Worker(new URL("./c.ts", import.meta.url));';
  assert.deepEqual(
    importsOf("src/node/x.ts", text).map(({ to }) => to),
    ["src/node/c.ts"],
  );
});

for (const walk of WALKS) {
  const { name, entries, except = [], limit } = walk;
  test(`${name} opens at most ${limit} files`, () => {
    const files = closure(ROOT, walk);
    for (const entry of entries) assert.ok(files.includes(entry));
    const all = closure(ROOT, { ...walk, except: [] });
    for (const file of except) assert.ok(all.includes(file), `${file} is not on this walk at all`);
    assert.ok(
      files.length <= limit,
      `expected at most ${limit} files, got ${files.length}: npm run closures -- --files`,
    );
  });
}
