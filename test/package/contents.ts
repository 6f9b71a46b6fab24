import assert from "node:assert/strict";
import { readdir, readFile, stat } from "node:fs/promises";
import { join, matchesGlob } from "node:path";
import { suite, test } from "node:test";
import { installed, run } from "./installed.ts";

suite("what the packages hold", { timeout: 900_000 }, () => {
  test("publint --strict and attw find nothing", async () => {
    const { folder, tarballs, own } = await installed();
    const bin = (name: string) => join(folder, "node_modules/.bin", name);
    for (const tarball of tarballs.slice(0, 2)) await run(bin("publint"), ["--strict", tarball], folder);
    // a script for a script tag has no types
    const entries = ["--exclude-entrypoints", "script", "--profile", "esm-only"];
    await run(bin("attw"), [own.library, ...entries], folder);
  });

  test("zippynet/decode: one file of under 60 kB with the kernel, that imports nothing", async () => {
    const { folder } = await installed();
    const dist = join(folder, "node_modules/zippynet/dist");
    const text = await readFile(join(dist, "decode.js"), "utf8");
    assert.ok(text.length < 60_000, `${text.length} bytes`);
    assert.doesNotMatch(text, /\b(import|require)\s*\(|\bfrom\s*"|\bimport\s*"/);
    for (const [name, kernel] of Object.entries({
      workerd: "./kernel.wasm",
      "edge-light": "./kernel.wasm?module",
    })) {
      const edge = await readFile(join(dist, `decode.${name}.js`), "utf8");
      const imports = [...edge.matchAll(/from "([^"]+)"/g)].map(([, from]) => from);
      assert.deepEqual([...new Set(imports)].sort(), ["./decode.js", kernel]);
    }
    assert.ok(text.length + (await stat(join(dist, "kernel.wasm"))).size < 60_000);
  });

  test("each thing that package.json names under files is there, and none of what it leaves out", async () => {
    const { folder } = await installed();
    const at = join(folder, "node_modules/zippynet");
    const { files } = JSON.parse(await readFile(join(at, "package.json"), "utf8")) as { files: string[] };
    const paths = (await readdir(at, { recursive: true })).map((path) => path.replaceAll("\\", "/"));
    const wanted = files.filter((pattern) => !pattern.startsWith("!"));
    assert.deepEqual(
      wanted.filter((pattern) => !paths.some((path) => matchesGlob(path, pattern))),
      [],
    );
    const leftOut = files.filter((pattern) => pattern.startsWith("!")).map((pattern) => pattern.slice(1));
    assert.ok(leftOut.length > 0);
    assert.deepEqual(
      paths.filter((path) => leftOut.some((pattern) => path === pattern || path.startsWith(`${pattern}/`))),
      [],
    );
  });

  test("a model's licence is where scanners look", async () => {
    const { folder, modelPackage } = await installed();
    const at = join(folder, "node_modules", modelPackage);
    const { license } = JSON.parse(await readFile(join(at, "package.json"), "utf8"));
    const { licence } = JSON.parse(await readFile(join(at, "manifest.json"), "utf8"));
    assert.ok(license === licence || license === "SEE LICENSE IN LICENSE", license);
    assert.ok((await readFile(join(at, "LICENSE"), "utf8")).length > 20);
  });

  test("what Node, the browser and the decoder share is called the same", async () => {
    const { folder } = await installed();
    const names = async (entry: string): Promise<string[]> =>
      JSON.parse(
        (
          await run(
            "node",
            ["-e", `import("${entry}").then((all) => console.log(JSON.stringify(Object.keys(all))))`],
            folder,
          )
        ).stdout,
      );
    const [node, browser, decode] = [
      await names("zippynet"),
      await names("zippynet/browser"),
      await names("zippynet/decode"),
    ];
    assert.deepEqual(
      node.filter((name) => !browser.includes(name)),
      [],
    );
    assert.deepEqual(
      decode.filter((name) => !node.includes(name) && name !== "useKernel"),
      [],
    );
  });
});
