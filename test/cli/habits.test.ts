/** What users of cjxl, avifenc and cwebp try first. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { suite, test } from "node:test";
import { Command } from "commander";
import { completionCommand } from "../../src/cli/commands/completion.ts";
import { decodeCommand } from "../../src/cli/commands/decode.ts";
import { encodeCommand } from "../../src/cli/commands/encode.ts";
import { expandPatterns } from "../../src/cli/files/inputs.ts";
import { destinationOf } from "../../src/cli/files/outputs.ts";
import { spanText } from "../../src/cli/progress.ts";
import { PICTURE_FORMAT_NAMES } from "../../src/image/formats.ts";
import { readImage } from "../../src/image/read.ts";
import { IMAGES, scratch, zippynet } from "./run.ts";

const at = scratch();
const face = `${IMAGES}/face-hat-64.png`;
const isZn = (name: string): boolean => name.endsWith(".zn");

suite("one file to one file", () => {
  test("encode in.png out.zn and decode out.zn back.jpg, each reported in a line", async () => {
    const encoded = await zippynet(["encode", face, at("one.zn"), "-q", "40", "-j", "1", "--model", "faces"]);
    assert.deepEqual([encoded.code, encoded.err], [0, ""]);
    const line = /^1 file encoded, [\d,]+ → \d+ bytes, \d\d\.\d\d dB, model 1 \(faces\), quality 40\n$/;
    assert.match(encoded.out.toString(), line);
    const decoded = await zippynet(["decode", at("one.zn"), "-o", at("back.JPG"), "--verbose"]);
    assert.equal(decoded.code, 0);
    assert.match(decoded.err, /one\.zn → .*back\.JPG: \d+ → [\d,]+ bytes, model 1 \(faces\), quality 40\n$/);
    assert.equal((await readImage(readFileSync(at("back.JPG")))).mediaType, "image/jpeg");
    const quiet = await zippynet(["decode", at("one.zn"), at("q.webp"), "--quiet"]);
    assert.deepEqual([quiet.code, quiet.out.length, quiet.err], [0, 0, ""]);
    assert.equal((await readImage(readFileSync(at("q.webp")))).mediaType, "image/webp");
    const jpg = await zippynet(["decode", at("one.zn"), "-o", at("jpg"), "--format", "jpg"]);
    assert.deepEqual([jpg.code, readdirSync(at("jpg"))], [0, ["one.jpeg"]]);
    const other = await zippynet(["decode", at("one.zn"), "-o", at("x.png"), "--format", "webp"]);
    assert.deepEqual([other.code, other.err.includes("expected a file of webp")], [2, true]);
  });

  test("where output goes", async () => {
    mkdirSync(at("d/folder.zn"), { recursive: true });
    writeFileSync(at("d/there.zn"), "");
    const command = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
    const to = async (names: string[], output?: string) =>
      (await destinationOf(command, names, output === undefined ? {} : { output }, isZn)).to;
    const file = (path: string) => ({ kind: "file", path });
    const folder = (path: string) => ({ kind: "folder", path });
    assert.deepEqual(await to([face], "new.zn"), file("new.zn"));
    assert.deepEqual(await to([face, "new.zn"]), file("new.zn"));
    assert.deepEqual(await to(["-", "new.zn"]), file("new.zn"));
    assert.deepEqual(await to([face], at("d/there.zn")), file(at("d/there.zn")));
    assert.deepEqual(await to([face], at("d/folder.zn")), folder(at("d/folder.zn")));
    assert.deepEqual(await to([face], "new.zn/"), folder("new.zn/"));
    for (const many of [[face, face], [IMAGES]]) {
      for (const path of ["new.zn", "new.png"])
        await assert.rejects(
          to(many, path),
          /expected a folder, new.*\/ if that is its name, as --output, got \./,
        );
      assert.deepEqual(await to(many, "new.zn/"), folder("new.zn/"));
      assert.deepEqual(await to(many, "v1.2"), folder("v1.2"));
    }
    assert.deepEqual(await to(["-"]), { kind: "standard", path: "-" });
    await assert.rejects(to([face, face, "new.zn"]), /expected one input for the file new\.zn, got 2/);
    await assert.rejects(to([face], "new.webp"), /expected a folder or a file of another format.*new\.webp/);
    for (const none of [undefined, ""])
      await assert.rejects(to([face], none), /expected --output with a folder, .*, got none/);
  });
});

test("the error for a picture in place of a .zn file says so", async () => {
  for (const args of [
    ["info", face],
    ["decode", face, "-o", at("never")],
  ]) {
    const { code, err } = await zippynet(args);
    assert.equal(code, 1);
    assert.match(err, /: expected a \.zn file, got an image \(PNG\): did you mean zippynet encode\?\n$/);
  }
});

test("the error for a .zn file in place of a picture says so", async () => {
  await zippynet(["encode", face, at("swapped.zn")]);
  const { code, err } = await zippynet(["encode", at("swapped.zn"), "-o", at("never")]);
  assert.equal(code, 1);
  assert.match(err, /: expected an image, got a \.zn file: did you mean zippynet decode\?\n$/);
});

test("a file that an option names and that is not there is reported by its name", async () => {
  const none = at("none.pem");
  for (const args of [
    ["qr", face, "-o", at("never.svg"), "--sign", none],
    ["qr", "--read", none],
    ["sign-url", "https://a.b/images/c", "--secret-file", none],
  ]) {
    const { code, err } = await zippynet(args);
    assert.deepEqual([code, err], [1, `zippynet: ${none}: there is no such file or folder\n`]);
  }
});

test("quoted patterns are expanded, after files that are called so themselves", async () => {
  mkdirSync(at("g/sub"), { recursive: true });
  for (const name of ["b.png", "a.png", "c.jpg", "sub/d.png", "e[1].png"]) cpSync(face, at("g", name));
  const names = async (pattern: string) =>
    (await expandPatterns([at("g", pattern)])).map((path) => path.slice(at("g").length + 1));
  assert.deepEqual(await names("[ab].png"), ["a.png", "b.png"]);
  assert.deepEqual(await names("**/d.*"), ["sub/d.png"]);
  assert.deepEqual(await names("{a,c}.{png,jpg}"), ["a.png", "c.jpg"]);
  assert.deepEqual(await names("e[1].png"), ["e[1].png"]);
  assert.deepEqual(await names("none-*.png"), ["none-*.png"]);
});

test("spans of time", () => {
  const spans = [0, 59.4, 59.6, 239.9, 3599.6, 7260, 90_000, Number.NaN, Number.POSITIVE_INFINITY];
  assert.deepEqual(spans.map(spanText), [
    "0s",
    "59s",
    "1m 00s",
    "4m 00s",
    "1h 00m",
    "2h 01m",
    "1d 01h",
    "",
    "",
  ]);
});

suite("completion", () => {
  const commands = [encodeCommand().summary("images to .zn"), decodeCommand().summary("it's back")];
  const script = async (shell: string): Promise<string> => {
    const [written, write] = [[] as string[], process.stdout.write];
    process.stdout.write = (text: string | Uint8Array) => written.push(String(text)) > 0;
    try {
      await completionCommand(async () => commands).parseAsync([shell], { from: "user" });
    } finally {
      process.stdout.write = write;
    }
    return written.join("");
  };

  test("bash completes commands, options and choices", async () => {
    const complete = async (...words: string[]) => {
      const typed = words.map((word) => `'${word}'`).join(" ");
      const ask = `COMP_WORDS=(${typed}); COMP_CWORD=${words.length - 1}; _zippynet; echo "\${COMPREPLY[@]}"`;
      const { stdout, stderr } = spawnSync("bash", ["-c", `${await script("bash")}\n${ask}`], {
        encoding: "utf8",
      });
      assert.equal(stderr, "");
      return stdout.trim();
    };
    assert.equal(await complete("zippynet", "enc"), "encode");
    assert.equal(await complete("zippynet", "encode", "--max"), "--max-bytes");
    assert.equal(await complete("zippynet", "decode", "--format", ""), PICTURE_FORMAT_NAMES.join(" "));
    assert.equal(await complete("zippynet", "decode", "a"), "");
  });

  test("zsh reads the same by bashcompinit; fish has a line for each option", async () => {
    assert.ok((await script("zsh")).startsWith("autoload -U +X bashcompinit && bashcompinit\n_zippynet() {"));
    const fish = await script("fish");
    assert.match(fish, /^complete -c zippynet -n __fish_use_subcommand -f -a decode -d 'it\\'s back'$/m);
    const formats = `'${PICTURE_FORMAT_NAMES.join(" ")}'`;
    assert.ok(fish.includes(`__fish_seen_subcommand_from decode" -l format -x -a ${formats}`));
    assert.match(fish, /__fish_seen_subcommand_from encode" -s q -l quality -r/);
  });
});
