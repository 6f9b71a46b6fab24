import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { before, suite, test } from "node:test";
import sharp from "sharp";
import { modulesOf } from "../../src/qr/code.ts";
import { pngOf, readCode } from "../../src/qr/code-image.ts";
import { readPayload, writePayload } from "../../src/qr/payload.ts";
import { signerOf } from "../../src/qr/signature.ts";
import { IMAGES, scratch, zippynet } from "../cli/run.ts";
import { degraded } from "./degrade.ts";

const at = scratch();
const face = `${IMAGES}/face-hat-128.png`;
const keys = (name: string): void => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  writeFileSync(at(`${name}.pem`), privateKey.export({ type: "pkcs8", format: "pem" }));
  writeFileSync(at(`${name}.pub`), publicKey.export({ type: "spki", format: "pem" }));
};

suite("a face of 128 pixels, with text, signed", () => {
  before(async () => {
    keys("key");
    keys("other");
    const args = [
      "qr",
      face,
      "-o",
      at("code.png"),
      "--text",
      "Anna Müller, room 12",
      "--sign",
      at("key.pem"),
    ];
    const made = await zippynet([...args, "--max-version", "20", "--json"]);
    assert.equal(made.code, 0, made.err);
    const { bytes, pictureBytes, version } = JSON.parse(made.out.toString()) as Record<string, number>;
    assert.ok(bytes! <= 666 && pictureBytes! <= 600 && pictureBytes! > 400, `${pictureBytes} bytes`);
    assert.ok(version! <= 20);
  });

  test("comes back, its signature verified", async () => {
    const args = ["qr", "--read", at("code.png"), "--verify", at("key.pub"), "-o", at("back.png"), "--json"];
    const { code, out, err } = await zippynet(args);
    assert.equal(code, 0, err);
    const { text, signature, width } = JSON.parse(out.toString()) as Record<string, unknown>;
    assert.deepEqual([text, signature, width], ["Anna Müller, room 12", "verified", 128]);
    assert.ok((await psnr(face, at("back.png"))) > 26);
  });

  for (const [name, degrade] of Object.entries(degraded)) {
    test(`is read ${name}`, async () => {
      const png = readFileSync(at("code.png"));
      assert.deepEqual(await readCode(await degrade(png)), await readCode(png));
    });
  }

  test("is refused with another key, or altered; nothing is written", async () => {
    const { file, signed } = readPayload(await readCode(readFileSync(at("code.png"))));
    const forged = writePayload(file, "Anna Müller, room 13", () => signed!.signature);
    writeFileSync(at("forged.png"), await pngOf(modulesOf(forged, "medium"), 6));
    const unsigned = writePayload(file, "Anna Müller, room 12", undefined);
    writeFileSync(at("unsigned.png"), await pngOf(modulesOf(unsigned, "medium"), 6));
    for (const [image, key, message] of [
      ["forged.png", "key.pub", /expected a signature that .* verifies, got one of another key or of other/],
      ["code.png", "other.pub", /got one of another key or of other content/],
      ["unsigned.png", "key.pub", /expected a signature that .* verifies, got none/],
    ] as const) {
      const args = ["qr", "--read", at(image), "--verify", at(key), "-o", at("never.png")];
      const { code, out, err } = await zippynet(args);
      assert.deepEqual([code, out.length], [1, 0]);
      assert.match(err, message);
      assert.throws(() => statSync(at("never.png")));
    }
  });
});

test("a .zn file goes in as it is, also as a link; an SVG is in millimetres, and is read back", async () => {
  const golden = new URL("../golden/photograph-1-42-q50.zn", import.meta.url).pathname;
  for (const more of [[], ["--link", "https://example.org/zippynet/"]]) {
    const { code, err } = await zippynet(["qr", golden, "-o", at("code.svg"), ...more]);
    assert.equal(code, 0, err);
    const modules = Number(/version \d+, (\d+)×\1 modules/.exec(err)![1]);
    const width = Number(/ width="([\d.]+)mm"/.exec(readFileSync(at("code.svg"), "utf8"))![1]);
    assert.equal(width.toFixed(1), ((modules + 8) * 0.4).toFixed(1));
    const back = await zippynet(["qr", "--read", at("code.svg"), "-o", at("back.zn")]);
    assert.equal(back.code, 0, back.err);
    assert.deepEqual(readFileSync(at("back.zn")), readFileSync(golden));
  }
  const text = Buffer.from(await readCode(readFileSync(at("code.svg")))).toString();
  assert.match(text, /^https:\/\/example\.org\/zippynet\/#[\w-]+$/);
  writeFileSync(at("bad.svg"), '<svg xmlns="http://www.w3.org/2000/svg"');
  const bad = await zippynet(["qr", "--read", at("bad.svg")]);
  assert.equal(bad.code, 1);
  assert.match(bad.err, /expected an SVG that can be drawn/);
});

test("a file of nothing but comments is no SVG, and is refused at once", async () => {
  const comments = Buffer.from("<!---->".repeat(500)); // too many to try all ways of taking some for one
  await assert.rejects(readCode(comments), { code: "bad-image" });
});

test("what does not fit is refused with the numbers", async () => {
  const golden = new URL("../golden/photograph-2-64-q100.zn", import.meta.url).pathname;
  const size = statSync(golden).size;
  const out = ["-o", at("none.png")];
  for (const [args, message] of [
    [
      [face, "--max-version", "5", "--text", "x".repeat(100)],
      /the text is too long: a code of version 5 with medium correction holds 84 bytes, all beside the picture takes 103/,
    ],
    [
      [golden, "--max-version", "5"],
      new RegExp(
        `version 5 with medium correction holds 84 bytes, 82 of them for the picture, which takes ${size}`,
      ),
    ],
    [[face, "--max-version", "2"], /the least possible is \d+; .* 24 of them for the picture/],
    [
      [face, "--max-version", "3", "--quality", "100"],
      /holds 42 bytes, 40 of them for the picture, which takes \d+/,
    ],
  ] as const) {
    const { code, err } = await zippynet(["qr", ...args, ...out]);
    assert.equal(code, 1);
    assert.match(err, message);
  }
});

test("no code, a foreign code, no key", async () => {
  writeFileSync(at("foreign.png"), await pngOf(modulesOf(Buffer.from("https://example.org"), "low"), 8));
  writeFileSync(at("no.pem"), "nothing");
  for (const [args, message] of [
    [["--read", face], /expected a picture with one QR code, found none in 128×128 pixels/],
    [
      ["--read", at("foreign.png")],
      /not a picture in a QR code: expected a link whose fragment is a picture, got "https:\/\/example.org"/,
    ],
    [[face, "-o", at("x.png"), "--sign", at("no.pem")], /expected a private Ed25519 key in PEM/],
  ] as const) {
    const { code, err } = await zippynet(["qr", ...args]);
    assert.equal(code, 1);
    assert.match(err, message);
  }
});

test("called wrongly", async () => {
  for (const [args, message] of [
    [[], /expected an image or \.zn file, or --read/],
    [[face, "-o", "a.gif"], /expected --output with a file of \.png or \.svg/],
    [[face, "-o", "a.png", "--max-version", "41"], /expected a whole number of 1–40/],
    [[face, "--read", face], /got both/],
    [["--read", face, "--quality", "50"], /'--read <file>' cannot be used with option '-q, --quality/],
    [["--read", face, "--scale", "4"], /cannot be used with option '--scale/],
    [["--read", face, "--no-classical"], /cannot be used with option '--no-classical/],
  ] as const) {
    const { code, err } = await zippynet(["qr", ...args]);
    assert.equal(code, 2);
    assert.match(err, message);
  }
});

test("a signer's payload is a pure function of its input", () => {
  keys("again");
  const sign = signerOf(readFileSync(at("again.pem"), "utf8"));
  const write = () => writePayload(Uint8Array.of(1, 2), "x", sign);
  assert.deepEqual(write(), write());
});

async function psnr(a: string, b: string): Promise<number> {
  const [x, y] = await Promise.all([a, b].map((path) => sharp(path).removeAlpha().raw().toBuffer()));
  const squares = x!.reduce((sum, value, i) => sum + (value - y![i]!) ** 2, 0);
  return 10 * Math.log10(255 ** 2 / (squares / x!.length));
}
