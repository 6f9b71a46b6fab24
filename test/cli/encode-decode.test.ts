import assert from "node:assert/strict";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { suite, test } from "node:test";
import sharp from "sharp";
import { psnr } from "../../src/codec/rate-distortion.ts";
import { readImage } from "../../src/image/read.ts";
import { IMAGES, scratch, zippynet } from "./run.ts";

const at = scratch();
const face = `${IMAGES}/face-hat-64.png`;
const pixels = async (path: string) => (await readImage(readFileSync(path))).image;
const json = (out: Buffer) => JSON.parse(out.toString()) as Report;

interface Report {
  readonly files: readonly {
    readonly in: string;
    readonly out?: string;
    readonly quality?: number;
    readonly bytesAfter?: number;
    readonly psnr?: number;
    readonly error?: { readonly code: string; readonly message: string };
  }[];
  readonly done: number;
  readonly failed: number;
  readonly bytesAfter: number;
}

suite("encode and decode", { concurrency: 2 }, () => {
  test("a folder of images there and back, sub-folders and names kept", async () => {
    mkdirSync(at("in/deep/er"), { recursive: true });
    cpSync(face, at("in/face.png"));
    cpSync(`${IMAGES}/caps-96x64.png`, at("in/deep/er/caps.v2.png"));
    await sharp(face).jpeg().toFile(at("in/deep/photo without extension"));
    writeFileSync(at("in/notes.txt"), "not an image");
    writeFileSync(at("in/.hidden.png"), "not to be touched");

    const encoded = await zippynet(["encode", at("in"), "-o", at("zn"), "--quality", "60"]);
    assert.deepEqual([encoded.code, encoded.err], [0, ""]);
    assert.match(encoded.out.toString(), /^3 files encoded, [\d,]+ → [\d,]+ bytes\n$/);
    assert.deepEqual(readdirSync(at("zn"), { recursive: true }).sort(), [
      "deep",
      "deep/er",
      "deep/er/caps.v2.zn",
      "deep/photo without extension.zn",
      "face.zn",
    ]);

    const decoded = await zippynet(["decode", at("zn"), "--output", at("back")]);
    assert.deepEqual([decoded.code, decoded.err], [0, ""]);
    const again = await pixels(at("back/deep/er/caps.v2.png"));
    assert.deepEqual([again.width, again.height], [96, 64]);
    const found = psnr(await pixels(face), await pixels(at("back/face.png")));
    assert.ok(found > 22, `expected a face that is recognisable, got ${found} dB`);
  });

  test("formats, and their media types", async () => {
    const { code } = await zippynet(["encode", face, "-o", at("f")]);
    assert.equal(code, 0);
    for (const format of ["png", "webp", "avif", "jpeg"]) {
      const { code } = await zippynet(["decode", at("f/face-hat-64.zn"), "-o", at("f"), "--format", format]);
      assert.equal(code, 0);
      const { mediaType } = await readImage(readFileSync(at(`f/face-hat-64.${format}`)));
      assert.equal(mediaType, `image/${format}`);
    }
  });

  test("standard input and output", async () => {
    const encoded = await zippynet(["encode", "-", "--no-classical"], { input: readFileSync(face) });
    assert.deepEqual([encoded.code, encoded.err], [0, ""]);
    const named = await zippynet(["encode", face, "-o", "-", "--no-classical"]);
    assert.deepEqual(named.out, encoded.out);
    const decoded = await zippynet(["decode", "-", "-o", "-", "--format", "webp"], { input: encoded.out });
    assert.equal((await readImage(decoded.out)).mediaType, "image/webp");
    const broken = await zippynet(["decode", "-"], { input: encoded.out.subarray(0, 2) });
    assert.deepEqual([broken.code, broken.out.length], [1, 0]);
    assert.match(broken.err, /^zippynet: -: not a \.zn file: expected at least [34] bytes, got 2\n$/);
  });

  test("what fails is reported, the rest is done, the exit code is 1", async () => {
    mkdirSync(at("mixed"));
    cpSync(face, at("mixed/good.png"));
    writeFileSync(at("mixed/empty.png"), "");
    writeFileSync(at("mixed/cut.png"), readFileSync(face).subarray(0, 3000));
    await sharp({ create: { width: 7, height: 64, channels: 3, background: "red" } }).toFile(
      at("mixed/thin.png"),
    );
    const ended = await zippynet(["encode", at("mixed"), at("nowhere.png"), "-o", at("mixed-zn"), "--json"]);
    assert.equal(ended.code, 1);
    const report = json(ended.out);
    assert.deepEqual([report.done, report.failed], [2, 3]);
    const errors = new Map(report.files.map((file) => [file.in, file.error]));
    assert.deepEqual(errors.get(at("mixed/good.png")), undefined);
    assert.match(errors.get(at("mixed/empty.png"))!.message, /got 0 bytes/);
    assert.match(errors.get(at("mixed/cut.png"))!.message, /damaged/);
    assert.equal(errors.get(at("nowhere.png"))!.code, "input-output");
    assert.deepEqual(readdirSync(at("mixed-zn")).sort(), ["good.zn", "thin.zn"]);
  });

  test("a failure is reported when it happens, and once; with --json in the report alone", {
    timeout: 120_000,
  }, async () => {
    const bad = ["1", "2", "3", "4"].map((name) => at(`${name}.bad`));
    for (const path of bad) writeFileSync(path, "no picture");
    // standard input comes last, and does not end before a failure is reported
    const run = await zippynet(["encode", at("gone"), ...bad, "-", "-o", at("told")], {
      input: readFileSync(face),
      after: /4\.bad: expected an image/,
    });
    assert.equal(run.code, 1);
    assert.match(run.out.toString(), /^1 file encoded/);
    for (const path of [at("gone"), ...bad])
      assert.equal(run.err.split(`zippynet: ${path}: `).length, 2, path);
    const reported = await zippynet(["encode", ...bad, "-o", at("told"), "--json"]);
    assert.deepEqual([reported.code, reported.err, json(reported.out).failed], [1, "", 4]);
  });

  test("an output folder that cannot be made: reported before any input is read", async () => {
    writeFileSync(at("a file"), "");
    const { code, err, out } = await zippynet(["encode", face, at("a file"), "-o", at("a file/zn")]);
    assert.deepEqual([code, out.length], [1, 0]);
    assert.match(
      err,
      /^zippynet: expected a folder that can be written as --output, got .*a file\/zn: ENOTDIR.*\n$/,
    );
  });

  test("an original beside its file is not replaced by a copy, unless that is asked for", async () => {
    mkdirSync(at("same"));
    cpSync(face, at("same/a.png"));
    await zippynet(["encode", at("same"), "-o", at("same")]);
    cpSync(at("same/a.zn"), at("same/b.zn"));
    const ended = await zippynet(["decode", at("same"), "-o", at("same")]);
    assert.equal(ended.code, 1);
    assert.match(ended.err, /a\.zn: expected --overwrite to replace .*a\.png/);
    assert.match(ended.out.toString(), /^1 file decoded/);
    assert.deepEqual(readFileSync(at("same/a.png")), readFileSync(face));
    const again = await zippynet(["decode", at("same"), "-o", at("same"), "--overwrite"]);
    assert.deepEqual([again.code, again.err], [0, ""]);
    assert.deepEqual(readFileSync(at("same/a.png")), readFileSync(at("same/b.png")));
    // in another folder a second run is as good as the first
    for (let run = 0; run < 2; run++) {
      assert.equal((await zippynet(["decode", at("same"), "-o", at("other")])).code, 0);
    }
  });

  test("a spoilt file does not spoil its batch", async () => {
    mkdirSync(at("batch"));
    for (const name of ["a", "b", "c"]) cpSync(face, at(`batch/${name}.png`));
    await zippynet(["encode", at("batch"), "-o", at("batch-zn")]);
    const bytes = readFileSync(at("batch-zn/b.zn"));
    bytes[20]! ^= 0x10;
    writeFileSync(at("batch-zn/b.zn"), bytes);
    const ended = await zippynet(["decode", at("batch-zn"), "-o", at("batch-back")]);
    assert.equal(ended.code, 1);
    assert.match(ended.err, /b\.zn: /);
    assert.deepEqual(readdirSync(at("batch-back")).sort(), ["a.png", "c.png"]);
  });

  test("inputs of one stem keep their extensions", async () => {
    mkdirSync(at("stems"));
    cpSync(face, at("stems/a.png"));
    await sharp(face).jpeg().toFile(at("stems/a.jpg"));
    const { code } = await zippynet(["encode", at("stems"), "-o", at("stems-zn")]);
    assert.equal(code, 0);
    assert.deepEqual(readdirSync(at("stems-zn")).sort(), ["a.jpg.zn", "a.png.zn"]);
  });

  test("threads write the same bytes as one core", async () => {
    mkdirSync(at("many"));
    for (let i = 0; i < 70; i++) {
      const side = 16 + (i % 3) * 8;
      await sharp(face)
        .resize(side, side)
        .modulate({ hue: i * 5 })
        .toFile(at(`many/${i}.png`));
    }
    const [one, two] = await Promise.all(
      ["1", "2"].map((jobs) => zippynet(["encode", at("many"), "-o", at(`many-${jobs}`), "--jobs", jobs])),
    );
    assert.deepEqual([one!.code, two!.code, two!.err], [0, 0, ""]);
    assert.equal(readdirSync(at("many-1")).length, 70);
    for (const name of readdirSync(at("many-1"))) {
      assert.deepEqual(readFileSync(at("many-2", name)), readFileSync(at("many-1", name)), name);
    }
  });
});

suite("targets", { concurrency: 2 }, () => {
  test("--max-bytes gives the best picture that fits", async () => {
    const { code, out } = await zippynet(["encode", face, "-o", at("t1"), "--max-bytes", "200", "--json"]);
    assert.equal(code, 0);
    const [file] = json(out).files;
    assert.ok(file!.bytesAfter! <= 200 && file!.bytesAfter! > 170, `got ${file!.bytesAfter} bytes`);
    assert.equal(readFileSync(at("t1/face-hat-64.zn")).length, file!.bytesAfter);
  });

  test("--max-bytes that nothing fits names the least possible", async () => {
    const { code, err } = await zippynet(["encode", face, "-o", at("t2"), "--max-bytes", "12"]);
    assert.equal(code, 1);
    assert.match(err, /expected a file of at most 12 bytes, the least possible is \d+/);
  });

  test("--psnr gives a file that decodes to at least that", async () => {
    const { code, out } = await zippynet(["encode", face, "-o", at("t3"), "--psnr", "25.5", "--json"]);
    assert.equal(code, 0);
    const [file] = json(out).files;
    await zippynet(["decode", at("t3"), "-o", at("t3")]);
    const found = psnr(await pixels(face), await pixels(at("t3/face-hat-64.png")));
    assert.ok(found >= 25.5 && found < 26.5, `got ${found} dB`);
    assert.ok(Math.abs(found - file!.psnr!) < 0.02);
  });

  test("--psnr that nothing reaches names the most possible", async () => {
    const { code, err } = await zippynet(["encode", face, "-o", at("t4"), "--psnr", "70", "--no-classical"]);
    assert.equal(code, 1);
    assert.match(err, /expected at least 70 dB, the most possible is \d+\.\d+/);
  });
});
