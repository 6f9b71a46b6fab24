import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { findInputs } from "../../src/cli/files/inputs.ts";
import { planOutputs, spareOriginals, writeWhole } from "../../src/cli/files/outputs.ts";
import { makeFolders } from "../../src/folders.ts";
import { IMAGES, scratch, zippynet } from "./run.ts";

const at = scratch();
const plan = (names: readonly string[]) =>
  planOutputs(
    names.map((name) => ({ path: join("in", name), name })),
    "out",
    ".zn",
  );
const outs = (names: readonly string[]) => plan(names).tasks.map(({ out }) => out);

suite("planOutputs", () => {
  test("keeps stems and sub-folders", () => {
    assert.deepEqual(outs(["a.png", "b.c.jpg", "sub/a.png", "bare"]), [
      "out/a.zn",
      "out/b.c.zn",
      "out/sub/a.zn",
      "out/bare.zn",
    ]);
  });

  test("gives inputs of one stem their extension, and others not", () => {
    assert.deepEqual(outs(["a.png", "a.jpg", "b.png"]), ["out/a.png.zn", "out/a.jpg.zn", "out/b.zn"]);
  });

  test("keeps names apart that are one where case does not count", () => {
    assert.deepEqual(outs(["A.png", "a.jpg", "é.png", "e\u0301.jpg"]), [
      "out/A.png.zn",
      "out/a.jpg.zn",
      "out/é.png.zn",
      "out/e\u0301.jpg.zn",
    ]);
  });

  test("lets nobody overwrite another", () => {
    const inputs = [
      { path: "x/a.png", name: "a.png" },
      { path: "y/a.png", name: "a.png" },
    ];
    const { tasks, failures } = planOutputs(inputs, "out", ".zn");
    assert.deepEqual(tasks, [{ in: "x/a.png", out: "out/a.png.zn" }]);
    assert.match(failures[0]!.error.message, /out\/a\.png\.zn, which belongs to x\/a\.png/);
  });

  test("nor where case does not count; where it does, both are made", () => {
    const inputs = [
      { path: "x/A.png", name: "A.png" },
      { path: "y/a.png", name: "a.png" },
    ];
    const { tasks, failures } = planOutputs(inputs, "out", ".zn", false);
    assert.deepEqual(tasks, [{ in: "x/A.png", out: "out/A.png.zn" }]);
    assert.match(failures[0]!.error.message, /out\/a\.png\.zn, which belongs to x\/A\.png/);
    const both = planOutputs(inputs, "out", ".zn", true);
    assert.deepEqual(
      [both.tasks.map(({ out }) => out), both.failures],
      [["out/A.png.zn", "out/a.png.zn"], []],
    );
  });

  test("does not overwrite an input", () => {
    for (const [path, caseCounts] of [
      ["out/a.zn", true],
      ["out/A.zn", false],
    ] as const) {
      const { tasks, failures } = planOutputs([{ path, name: "a.zn" }], "out", ".zn", caseCounts);
      assert.deepEqual([tasks.length, failures.length], [0, 1]);
    }
  });
});

suite("spareOriginals", () => {
  test("a picture beside its .zn file, by whatever path, and no other", async () => {
    mkdirSync(at("o/sub"), { recursive: true });
    mkdirSync(at("o-back"));
    for (const name of ["o/a.zn", "o/a.png", "o/b.zn", "o/sub/c.zn", "o/sub/c.png", "o-back/a.png"]) {
      writeFileSync(at(name), "");
    }
    symlinkSync(at("o"), at("o-link"));
    const sorted = async (folder: string) => {
      const tasks = ["a", "b", "sub/c"].map((name) => ({
        in: at(`o/${name}.zn`),
        out: at(folder, `${name}.png`),
      }));
      const { failures, tasks: left } = await spareOriginals(tasks);
      for (const { error } of failures)
        assert.match(error.message, /^expected --overwrite to replace .*\.png,/);
      return [failures, left].map((some) => some.map((one) => tasks.findIndex((task) => task.in === one.in)));
    };
    for (const same of ["o", "o/../o", "o-link"]) assert.deepEqual(await sorted(same), [[0, 2], [1]], same);
    for (const other of ["o-back", "o-new"]) assert.deepEqual(await sorted(other), [[], [0, 1, 2]], other);
    const standard = [
      { in: "-", out: at("o/a.png") },
      { in: at("o/a.zn"), out: "-" },
    ];
    assert.deepEqual((await spareOriginals(standard)).tasks, standard);
  });
});

suite("findInputs", () => {
  test("files, folders, repeats and what is not there", async () => {
    mkdirSync(at("f/sub/.git"), { recursive: true });
    for (const name of ["b.x", "a.x", "sub/c.x", "sub/d.y", "sub/.git/e.x", ".f.x"]) {
      writeFileSync(at("f", name), "");
    }
    const named = [at("f/sub/d.y"), at("f"), at("f/a.x"), at("none"), "-"];
    const { inputs, failures } = await findInputs(named, (path) => path.endsWith(".x"));
    assert.deepEqual(
      inputs.map(({ name }) => name),
      ["d.y", "a.x", "b.x", "sub/c.x", "stdin"],
    );
    assert.deepEqual(failures, [
      { in: at("none"), error: { code: "input-output", message: "there is no such file or folder" } },
    ]);
  });
});

suite("findInputs, where not all can be read", () => {
  test("the rest is found, and what is missing is reported", async () => {
    mkdirSync(at("r/deep"), { recursive: true });
    mkdirSync(at("elsewhere"));
    for (const name of ["r/a.x", "r/b.x", "r/deep/c.x", "elsewhere/d.x"]) writeFileSync(at(name), "");
    symlinkSync(at("elsewhere/d.x"), at("r/deep/link.x"));
    symlinkSync(at("elsewhere"), at("r/folder"));
    symlinkSync(at("nowhere"), at("r/broken.x"));
    symlinkSync(at("r"), at("r/loop"));
    const { inputs, failures } = await findInputs([at("r")], (path) => {
      if (path.endsWith("a.x")) throw Object.assign(new Error("EACCES: denied"), { syscall: "open" });
      return path.endsWith(".x");
    });
    assert.deepEqual(
      inputs.map(({ name }) => name),
      ["b.x", "deep/c.x", "deep/link.x"],
    );
    assert.deepEqual(
      failures.map((failure) => [failure.in, failure.error.message]),
      [
        [at("r/broken.x"), "there is no such file or folder"],
        [at("r/a.x"), "EACCES: denied"],
      ],
    );
  });
});

suite("writeWhole", () => {
  test("makes folders, replaces a file, leaves no draft", async () => {
    await writeWhole(at("w/deep/a.zn"), Uint8Array.of(1, 2, 3));
    await writeWhole(at("w/deep/a.zn"), Uint8Array.of(4));
    assert.deepEqual([...readFileSync(at("w/deep/a.zn"))], [4]);
    mkdirSync(at("w/deep/folder.zn"));
    const name = at("w/deep/folder.zn");
    await assert.rejects(writeWhole(name, Uint8Array.of(5)), (error: Error) =>
      error.message.startsWith(`cannot write ${name}: `),
    );
    assert.deepEqual(readdirSync(at("w/deep")).sort(), ["a.zn", "folder.zn"]);
  });
});

suite("makeFolders", () => {
  test("makes what is not there, and is content with what is", async () => {
    await Promise.all(["m/a/b", "m/a/c", "m/a/b"].map((path) => makeFolders(at(path))));
    assert.deepEqual(readdirSync(at("m/a")).sort(), ["b", "c"]);
  });

  test("ends with an error where a file stands in the way, and where no folder can be", {
    timeout: 20_000,
  }, async () => {
    writeFileSync(at("m-file"), "");
    await assert.rejects(makeFolders(at("m-file")), { code: "EEXIST" });
    await assert.rejects(makeFolders(at("m-file/a/b")), { code: "ENOTDIR" });
    if (process.platform === "linux")
      await assert.rejects(makeFolders("/proc/zippynet/a"), { code: "ENOENT" });
  });
});

suite("names that are not UTF-8", { skip: process.platform !== "linux" }, () => {
  test("are reported by their escaped names, and the rest is found", async () => {
    mkdirSync(at("latin/sub"), { recursive: true });
    for (const name of ["good.x", "sub/good.x"]) writeFileSync(at("latin", name), "");
    const odd = Buffer.concat([Buffer.from(`${at("latin")}/caf`), Buffer.of(0xe9), Buffer.from(".x")]);
    writeFileSync(odd, "");
    const { inputs, failures } = await findInputs([at("latin"), odd.toString()], (path) =>
      path.endsWith(".x"),
    );
    assert.deepEqual(
      inputs.map(({ name }) => name),
      ["good.x", "sub/good.x"],
    );
    const message = "expected a file name in UTF-8, got other bytes: rename the file";
    assert.deepEqual(failures, [
      { in: at("latin", "caf\\xe9.x"), error: { code: "bad-option", message } },
      { in: odd.toString(), error: { code: "bad-option", message } },
    ]);
  });
});

test("where all inputs fail, no empty folder is left; one that was there, or holds a file, stays", async () => {
  writeFileSync(at("bad.zn"), "no .zn file");
  const decode = async (folder: string, ...more: string[]) =>
    (await zippynet(["decode", at("bad.zn"), ...more, "-o", at(folder)])).code;
  assert.equal(await decode("none/such"), 1);
  assert.equal(existsSync(at("none")), false);
  mkdirSync(at("there"));
  assert.equal(await decode("there"), 1);
  assert.equal(await decode("there/new/folder"), 1);
  assert.deepEqual(readdirSync(at("there")), []);
  await zippynet([
    "encode",
    join(IMAGES, readdirSync(IMAGES).find((name) => name.endsWith(".png"))!),
    "-o",
    at("zn"),
  ]);
  const [made] = readdirSync(at("zn"));
  assert.equal(await decode("mixed", at("zn", made!)), 1);
  assert.equal(readdirSync(at("mixed")).length, 1);
});
