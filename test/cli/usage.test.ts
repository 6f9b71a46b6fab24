import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { suite, test } from "node:test";
import { IMAGES, LAUNCHER, scratch, zippynet } from "./run.ts";

const at = scratch();
const face = `${IMAGES}/face-hat-64.png`;

suite("called wrongly: exit code 2, nothing done", { concurrency: 2 }, () => {
  const out = at("out");
  writeFileSync(at("file"), "");
  const calls: [string[], RegExp][] = [
    [[], /Usage: zippynet/],
    [["frobnicate"], /unknown command 'frobnicate'/],
    [["encode"], /missing required argument 'in'/],
    [["encode", face], /expected --output with a folder/],
    [["decode", face, at("out.bmp")], /expected an output of another format, got \.bmp: /],
    [["encode", face, "-o", at("file")], /expected a folder as --output, got the file/],
    [["encode", face, "-o", out, "--quality", "0"], /expected a whole number of 1–100/],
    [["encode", face, "-o", out, "--quality", "101"], /expected a whole number of 1–100/],
    [["encode", face, "-o", out, "--quality", "fifty"], /expected a whole number of 1–100/],
    [["encode", face, "-o", out, "--effort", "10"], /expected a whole number of 0–9/],
    [["encode", face, "-o", out, "--psnr", "x"], /expected a number above 0/],
    [["encode", face, "-o", out, "--psnr", "30", "--max-bytes", "100"], /cannot be used with/],
    [["encode", face, "-o", out, "--quality", "30", "--psnr", "30"], /cannot be used with/],
    [["encode", face, "-o", "-", "--json"], /got both/],
    [
      ["encode", face, face.replace("hat", "paint"), "-o", "-"],
      /expected one input for standard output, got 2/,
    ],
    [["decode", face, "-o", out, "--format", "bmp"], /Allowed choices are png, webp, /],
    [["evaluate", IMAGES, "--peers", "jpeg2000"], /expected some of mozjpeg, webp/],
    [["info"], /missing required argument 'in'/],
    [["rollback", "zippynet-live", "--list", "--to", "x"], /'--list' cannot be used with option '--to/],
  ];
  for (const [args, message] of calls) {
    test(`zippynet ${args.map((arg) => arg.replace(IMAGES, "…").replace(at(), "…")).join(" ")}`, async () => {
      const { code, err, out } = await zippynet(args);
      assert.deepEqual([code, out.length], [2, 0]);
      assert.match(err, message);
    });
  }
  test("nothing was done", () => assert.deepEqual(readdirSync(at()), ["file"]));
});

suite("exit codes 0 and 1", { concurrency: 2 }, () => {
  test("help and version", async () => {
    for (const args of [["--help"], ["--version"], ["encode", "--help"], ["help", "decode"]]) {
      const { code, err, out } = await zippynet(args);
      assert.deepEqual([code, err], [0, ""]);
      assert.ok(out.length > 0);
    }
  });

  test("the default of --expires in help is one that it takes", async () => {
    const { out } = await zippynet(["sign-url", "--help"]);
    assert.match(out.toString(), /\(default:\s+1h\)/);
  });

  test("a model that is not there", async () => {
    const { code, err } = await zippynet(["encode", face, "-o", at("none"), "--model", "nobody"]);
    assert.equal(code, 1);
    assert.match(err, /^zippynet: expected one of the models .*faces.*, got "nobody"\n$/);
  });

  test("info as text and as JSON, a foreign file reported", async () => {
    await zippynet(["encode", face, "-o", at("i"), "--quality", "33", "--model", "faces"]);
    const text = await zippynet(["info", at("i")]);
    assert.match(
      text.out.toString(),
      /face-hat-64\.zn: 64×64, quality 33, model \d+ \(faces\), payload not checked, \d+ bytes, 0\.\d+ bits a pixel/,
    );
    const { code, out } = await zippynet(["info", at("i/face-hat-64.zn"), face, "--json"]);
    assert.equal(code, 1);
    const { files } = JSON.parse(out.toString()) as { files: Record<string, unknown>[] };
    const [good, bad] = files;
    assert.deepEqual([good!["width"], good!["height"], good!["quality"], good!["grey"]], [64, 64, 33, false]);
    assert.match(JSON.stringify(bad), /bad-file/);
  });
});

test("a superseded model names one that encoders take", async () => {
  const { out } = await zippynet(["models"]);
  const models = out.toString().split(/^(?= *\d+ {2})/m);
  const superseded = models.filter((text) => text.includes("Superseded"));
  const old = superseded.map((text) => text.trim().split(/ +/)[1]);
  assert.ok(old.includes("portraits"));
  for (const text of superseded) assert.ok(!old.includes(/encoders take (\S+)/.exec(text)?.[1]), text);
});

test("help and tables fit 60 columns", { skip: process.platform !== "linux" }, () => {
  for (const args of ["--help", "encode --help", "decode --help", "completion --help", "models"]) {
    const shell = `stty cols 60; ${process.execPath} ${LAUNCHER} ${args}`;
    const { stdout, status } = spawnSync("script", ["-qec", shell, "/dev/null"], { encoding: "utf8" });
    assert.equal(status, 0, stdout);
    const wide = stdout
      .split(/\r?\n/)
      .filter((line) => line.length > 60 && /\s/.test(line.trim().slice(0, 60)));
    assert.deepEqual(
      wide.filter((line) => !line.includes("https://")),
      [],
      args,
    );
  }
});
