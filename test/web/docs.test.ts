import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { fromInline, info, toInline } from "../../src/index.ts";
import { contentSecurityPolicy } from "../../src/web/development/server.ts";
import { BROWSER, IN_BROWSER } from "./browser.ts";
import { Site } from "./site.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const DOCS = readFileSync(join(ROOT, "docs/web.md"), "utf8");
const TEXT = toInline(readFileSync(join(ROOT, "test/golden/photograph-1-42-q50.zn")));

/** A code block of the page, by the mark before it. */
function snippet(name: string): string {
  const code = new RegExp(`<!-- tested: ${name} -->\n\`\`\`\\w+\n(.*?)\`\`\``, "s").exec(DOCS)?.[1];
  assert.ok(code, `docs/web.md: expected a block that is marked as tested: ${name}`);
  return code.replaceAll("TEXT", TEXT);
}

test("docs/web.md states the policy that all is tested under", () => {
  for (const directive of contentSecurityPolicy().split("; ")) {
    if (/^(manifest-src|base-uri|form-action|frame-ancestors)/.test(directive)) continue; // stricter than it has to be
    assert.ok(DOCS.includes(directive), directive);
  }
});

test("docs/web.md, a server: an upload becomes a text", async () => {
  const folder = join(ROOT, "dist", `docs-${process.pid}`); // within the package, whose name it imports
  mkdirSync(folder, { recursive: true });
  try {
    const file = join(folder, "server.mjs");
    writeFileSync(file, snippet("server"));
    const { inlineOf } = (await import(pathToFileURL(file).href)) as {
      inlineOf(upload: Buffer): Promise<string>;
    };
    const made = fromInline(await inlineOf(readFileSync(join(ROOT, "test/images/face-hat-128.png"))));
    assert.ok(made.length <= 120);
    assert.equal(info(made).width, 64);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

suite(`docs/web.md in ${BROWSER}, under the policy`, IN_BROWSER, () => {
  let site: Site;
  before(async () => {
    site = await Site.open();
    symlinkSync(site.folder, join(site.folder, "zippynet")); // as the documents have it
  });
  after(() => site?.close());

  test("plain HTML", async () => {
    site.write("plain.html", `<!doctype html><link rel="icon" href="data:,">${snippet("html")}`);
    const { page, errors } = await site.page("plain.html");
    await page.waitForFunction(() => document.querySelector("zippy-img")?.shadowRoot?.querySelector("img"));
    assert.equal(await page.getByRole("img", { name: "Anna Müller" }).count(), 1);
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("<noscript>: its picture is shown without scripts, and not loaded with them", async () => {
    const photo = readFileSync(join(ROOT, "test/images/face-hat-64.png"));
    const begin = '<!doctype html><link rel="icon" href="data:,">';
    const script = '<script src="/zippynet/zippynet.script.js" defer></script>';
    site.write("photos/anna.jpg", photo);
    site.write("noscript.html", `${begin}${script}${snippet("noscript")}`);
    const plain = await site.page("noscript.html", { javaScriptEnabled: false });
    const [image, ...others] = await plain.page.getByRole("img", { name: "Anna Müller" }).all();
    assert.ok((await image!.isVisible()) && others.length === 0);
    await plain.page.context().close();
    const { page, errors } = await site.page("noscript.html");
    await page.waitForFunction(() => document.querySelector("zippy-img")?.shadowRoot?.querySelector("img"));
    const came = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name));
    assert.ok(came.length > 0 && !came.some((name) => name.endsWith("anna.jpg")), came.join());
    assert.equal(await page.getByRole("img", { name: "Anna Müller" }).count(), 1);
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("modules", async () => {
    site.writeModule(
      "module",
      `${snippet("module")}\nglobalThis.done = [pixels.width, file.length, text.length];`,
    );
    const { page, errors } = await site.page("module.html");
    const handle = await page.waitForFunction(() => (globalThis as unknown as { done?: number[] }).done);
    const [width, bytes, characters] = (await handle.jsonValue())!;
    assert.equal(width, 42);
    assert.ok(bytes! <= 120 && characters! > bytes!);
    assert.deepEqual(errors, []);
    await page.context().close();
  });
});
