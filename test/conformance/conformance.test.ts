/** The project's decoder, and the one written from docs/format.md alone, against the conformance files. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { ZippyNetError } from "../../src/codec/errors.ts";
import { decodePicture } from "../../src/image/decode.ts";
import { openModels } from "../../src/model/folder.ts";
import { decodeByFormat, openFormatModel } from "../codec/format-decoder.ts";
import { hashLatents, hashPixels, modelFolder } from "../codec/support.ts";
import { BYTES, type Conformance, expectedOf, FOLDER } from "./make.ts";
import { workedBytes } from "./page.ts";

const read = (file: string) => new Uint8Array(readFileSync(join(FOLDER, file)));
const { accept, refuse } = JSON.parse(readFileSync(join(FOLDER, "conformance.json"), "utf8")) as Conformance;
const models = await openModels();
/** What our messages are of, by the beginning of a file's name: files are refused for what is wrong with them. */
const MESSAGES: readonly (readonly [start: string, message: RegExp])[] = [
  ["header-unknown-model", /^expected one of the models/],
  ["header-", /^not a \.zn file: /],
  ["payload-", /^damaged \.zn file: .*(payload|outside)/],
  ["symbol-", /^damaged \.zn file: expected symbols within ±895/],
  ["vp8-", /VP8 /],
  ["vp8l-", /VP8L/],
  ["av1-", /AV1/],
  ["alpha-", /alpha|check byte|VP8L|at least 4 bytes, got 0/],
  ["", /codec|check byte|at least 2 bytes/],
];

suite("conformance", () => {
  for (const expected of accept) {
    test(`${expected.file} decodes to what it did`, async () => {
      const name = expected.file.slice("accept/".length, -".zn".length);
      assert.deepEqual(await expectedOf(models, { name, file: read(expected.file) }), expected);
    });
  }

  test("latents decode to the same by docs/format.md alone", () => {
    const byNumber = new Map(
      models
        .list()
        .map(({ name, number }) => [
          number,
          openFormatModel((file) => readFileSync(join(modelFolder(name), file))),
        ]),
    );
    for (const { file, kind, model, orientation, yHat, pixels, alpha } of accept) {
      if (kind !== "latents" || alpha) continue;
      const picture = decodeByFormat(byNumber.get(model!)!, read(file));
      assert.deepEqual(
        [picture.orientation, hashLatents(picture.yHat), hashPixels({ data: picture.pixels })],
        [orientation, yHat, pixels],
        file,
      );
    }
  });

  for (const { file, reason } of refuse) {
    test(`${file} is refused: ${reason}`, async () => {
      await assert.rejects(decodePicture(models, read(file)), (error) => {
        assert.ok(error instanceof ZippyNetError, String(error));
        const code = file.includes("unknown-model") ? "unknown-model" : "bad-file";
        assert.equal(error.code, code, error.message);
        const [, message] = MESSAGES.find(([start]) => file.startsWith(`refuse/${start}`))!;
        assert.match(error.message, message);
        return true;
      });
    });
  }

  test("the worked bytes of docs/format.md are theirs", () => {
    const page = readFileSync(new URL("../../docs/format.md", import.meta.url), "utf8");
    assert.equal(
      BYTES.exec(page)![2],
      workedBytes((name) => read(`accept/${name}.zn`)),
    );
  });

  test("every file is in conformance.json, and every kind is there to decode", () => {
    for (const [folder, named] of [["accept", accept] as const, ["refuse", refuse] as const]) {
      assert.ok(existsSync(join(FOLDER, folder)));
      const files = readdirSync(join(FOLDER, folder)).map((name) => `${folder}/${name}`);
      assert.deepEqual(files.sort(), named.map(({ file }) => file).sort());
    }
    assert.deepEqual([...new Set(accept.map(({ kind }) => kind))].sort(), ["av1", "latents", "vp8", "vp8l"]);
  });
});
