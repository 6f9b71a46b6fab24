import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { gzipSync } from "node:zlib";
import { buildWeb } from "../../src/web/build/build.ts";

suite("what a page loads", () => {
  const folder = mkdtempSync(join(tmpdir(), "zippynet-budget-"));
  before(() => buildWeb({ out: folder }));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const files = (): string[] => readdirSync(folder, { recursive: true }).map(String);
  const weight = (matches: RegExp): number =>
    files()
      .filter((name) => matches.test(name))
      .reduce((sum, name) => sum + gzipSync(readFileSync(join(folder, name)), { level: 9 }).length, 0);

  test("code of the decoder, its WebAssembly within: at most 39.4 kB compressed with 12 models of 7 looks", () => {
    const code = weight(/^(zippynet|zippy-img|shared-.*|decoder-.*)\.js$/);
    // each further model or look has room for the hashes of its files and its terms, and the code has none
    const models = readdirSync(join(folder, "models"));
    const looks = models.filter((each) =>
      existsSync(join(folder, "models", each, "g_s.natural.safetensors")),
    );
    const limit = 39_400 + 225 * (models.length - 12) + 45 * (looks.length - 7);
    const what = `${code} bytes with ${models.length} models of ${looks.length} looks, of at most ${limit}`;
    assert.ok(code > 10_000 && code <= limit, what);
    assert.ok(weight(/^zippynet\.script\.js$/) <= 20_000);
  });

  test("code of the encoder, its search within: at most 40 kB compressed", () => {
    const code = weight(/^encoder-.*\.js$/);
    assert.ok(code > 10_000 && code <= 40_000, `${code} bytes`);
  });

  test("the page itself: at most 42 kB compressed, its reader of QR codes 20 kB", () => {
    const page = weight(/^(index\.html|page\.css|page\.js)$/);
    assert.ok(page > 10_000 && page <= 42_000, `${page} bytes`);
    const reader = weight(/^qr-worker\.js$/);
    assert.ok(reader > 5_000 && reader <= 20_000, `${reader} bytes`);
  });

  test("a decoder's weights: at most 3 MB compressed", () => {
    const weights = weight(/^models\/1-[0-9a-f]{16}\/(g_s|prior|manifest)\./);
    assert.ok(weights > 500_000 && weights <= 3_000_000, `${weights} bytes`);
  });

  test("no eval, and nothing of the encoder, in what decodes", () => {
    const scripts = files().filter((name) => name.endsWith(".js"));
    assert.ok(scripts.length >= 6, scripts.join());
    for (const name of scripts) {
      const text = readFileSync(join(folder, name), "utf8");
      assert.doesNotMatch(text, /\beval\(|new Function\(|Function\("/, name);
      if (!/^encoder-/.test(name)) assert.doesNotMatch(text, /g_a\.conv|relaxation\(\)/, name);
    }
  });

  test("script and modules name files that are there", () => {
    const text = readFileSync(join(folder, "zippynet.script.js"), "utf8");
    const names = text.match(/(decoder|encoder)-\w+\.js/g) ?? [];
    assert.deepEqual(
      [...new Set(names)].sort(),
      files()
        .filter((name) => /^(decoder|encoder)-/.test(name))
        .sort(),
    );
  });
});
