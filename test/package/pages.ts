import assert from "node:assert/strict";
import { cp, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import type { Browser } from "playwright-core";
import { WebServer } from "../../src/web/development/server.ts";
import { BROWSER, launch, missing } from "../web/browser.ts";
import { type Installed, installed, run, startServer, writeFiles } from "./installed.ts";

const PAGE = (picture: string): string => `
import { decode } from "zippynet/browser";
import "zippynet/element";
const element = document.createElement("zippy-img");
element.setAttribute("src", "${picture}");
document.body.append(element);
decode("${picture}").then(({ width, height }) => document.body.append(width + "×" + height));
`;
/** A page that shows what it has encoded itself. */
const ENCODING = `
import { configure, encode, toInline } from "zippynet/browser";
import "zippynet/element";
configure({ base: "/zippynet/" });
const data = new Uint8Array(64 * 64 * 3).map((_, i) => 128 + 100 * Math.sin(i / 97));
encode({ width: 64, height: 64, data }).then((file) => {
  const element = document.createElement("zippy-img");
  element.src = toInline(file);
  document.body.append(element);
});
`;
const EDGE = (model: string): string => `
import { configure, decode } from "zippynet/decode";
import model from "${model}";
import { picture } from "../../picture.js";
export const runtime = "edge";
configure({ models: [model] });
export async function GET() {
  const { width, height, data } = await decode(picture);
  return Response.json({ width, height, bytes: data.length });
}
`;
const HTML = (type: string): string =>
  `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><body><script src="main.js" ${type}></script>`;

/** What a page shows of `<zippy-img>`; these tests are compiled without the library of the DOM. */
interface Shown {
  readonly shadowRoot: { querySelector(name: string): { readonly naturalWidth: number } | null } | null;
}

suite(`pages in ${BROWSER}, by what bundlers make with no configuration`, {
  skip: missing(),
  timeout: 900_000,
}, () => {
  let all: Installed;
  let browser: Browser;
  before(async () => {
    all = await installed();
    browser = await launch();
  });
  after(() => browser?.close());

  /** Waits for the picture; gives the files that came. */
  const show = async (url: string): Promise<string[]> => {
    const page = await browser.newPage();
    const came: string[] = [];
    const errors: string[] = [];
    page.on("response", (response) => response.ok() && came.push(new URL(response.url()).pathname));
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.goto(url);
    const picture = (): number | undefined => {
      const { document } = globalThis as unknown as {
        document: { querySelector(name: string): Shown | null };
      };
      // what the server rendered has no shadow root until the page's script is there
      return document.querySelector("zippy-img")?.shadowRoot?.querySelector("img")?.naturalWidth;
    };
    const width = await page.waitForFunction(picture, undefined, { timeout: 60_000 });
    assert.equal(await width.jsonValue(), 64);
    assert.deepEqual(errors, []);
    await page.close();
    return came;
  };
  const serve = async (folder: string, path = ""): Promise<string[]> => {
    const server = await WebServer.start({ folder, port: 0 });
    try {
      return await show(`${server.url}/${path}`);
    } finally {
      await server.stop();
    }
  };
  const bin = (name: string): string => join(all.folder, "node_modules/.bin", name);
  const made = async (name: string, type: string): Promise<string> => {
    const out = join(all.folder, name);
    await writeFiles(all.folder, {
      [`${name}/index.html`]: HTML(type),
      [`${name}/source.js`]: PAGE(all.picture),
    });
    return out;
  };
  const asFiles = /g_s[^/]*\.safetensors$/;

  test("esbuild: one script, and modules", async () => {
    const one = await made("esbuild", "defer");
    await run(
      bin("esbuild"),
      ["esbuild/source.js", "--bundle", "--minify", "--outfile=esbuild/main.js"],
      all.folder,
    );
    await serve(one);
    const several = await made("esbuild-modules", 'type="module"');
    const args = [
      "main=esbuild-modules/source.js",
      "--bundle",
      "--format=esm",
      "--splitting",
      "--outdir=esbuild-modules",
    ];
    await run(bin("esbuild"), args, all.folder);
    await serve(several);
  });

  test("esbuild: a page encodes with the files that docs/web.md has copied", async () => {
    const out = await made("esbuild-base", "defer");
    const site = join(out, "zippynet");
    const own = join(all.folder, "node_modules/zippynet/dist/browser");
    for (const name of ["decoder.worker.js", "encoder.worker.js"])
      await cp(join(own, name), join(site, name));
    const model = all.modelPackage.replace("@zippynet/model-", "");
    await cp(join(all.folder, "node_modules", all.modelPackage), join(site, "models", model), {
      recursive: true,
    });
    await writeFiles(all.folder, { "esbuild-base/source.js": ENCODING });
    const args = ["esbuild-base/source.js", "--bundle", "--minify", "--outfile=esbuild-base/main.js"];
    await run(bin("esbuild"), args, all.folder);
    const came = await serve(out);
    for (const name of ["encoder.worker.js", "decoder.worker.js", `models/${model}/g_a.safetensors`])
      assert.ok(came.includes(`/zippynet/${name}`), name);
  });

  test("webpack: a worker and weights as files, and nothing of the encoder", async () => {
    const out = await made("webpack", "defer");
    await run(
      bin("webpack"),
      ["--mode=production", "--entry=./webpack/source.js", "-o", "webpack"],
      all.folder,
    );
    assert.ok((await serve(out)).some((path) => path.endsWith(".safetensors")));
    const names = await readdir(out);
    // `g_s`, that of the natural look, and the prior
    assert.equal(names.filter((name) => name.endsWith(".safetensors")).length, 3);
    assert.ok(!names.some((name) => name.includes("encoder")));
  });

  test("Vite and React: built, and while developing", async () => {
    const folder = join(all.folder, "examples/vite-react");
    await run(bin("vite"), ["build"], folder);
    assert.ok((await serve(join(folder, "dist"))).some((path) => asFiles.test(path)));
    const url = "http://127.0.0.1:41731/";
    const server = await startServer(
      bin("vite"),
      ["--port=41731", "--strictPort", "--host=127.0.0.1"],
      folder,
      {
        url,
        port: 41731,
      },
    );
    try {
      assert.ok((await show(url)).some((path) => asFiles.test(path)));
    } finally {
      server.stop();
    }
  });

  /** Builds and starts the example of Next.js; looks at its page, at what routes answer, and at a route's trace. */
  const next = async (
    bundler: "--webpack" | "--turbopack",
    routes: readonly string[],
    port: number,
  ): Promise<void> => {
    const folder = join(all.folder, "examples/next");
    await rm(join(folder, ".next"), { recursive: true, force: true }); // the other bundler's
    await run(bin("next"), ["build", bundler], folder);
    const trace = JSON.parse(
      await readFile(join(folder, ".next/server/app/api/size/route.js.nft.json"), "utf8"),
    );
    for (const name of ["g_s", "prior"]) {
      const pattern = new RegExp(`${name}[^/]*\\.safetensors$`);
      assert.ok(
        (trace.files as string[]).some((path) => pattern.test(path)),
        `expected ${name} in the trace`,
      );
    }
    const origin = `http://127.0.0.1:${port}`;
    const server = await startServer(bin("next"), ["start", "-p", `${port}`, "-H", "127.0.0.1"], folder, {
      url: `${origin}/`,
      port,
    });
    try {
      assert.match(await (await fetch(origin)).text(), /<zippy-img [^>]*alt="Anna Müller"/);
      assert.ok((await show(origin)).some((path) => asFiles.test(path)));
      for (const route of routes) {
        const answer = await (await fetch(`${origin}/api/${route}`)).json();
        assert.deepEqual(answer, { width: 64, height: 64, bytes: 16384 }, route);
      }
    } finally {
      server.stop();
    }
  };

  test("Next.js with webpack: rendered on the server, alive in the page; a route that decodes; weights in the trace", () =>
    next("--webpack", ["size"], 41732));

  test("Next.js with Turbopack: the same, and a route of the edge runtime", async () => {
    // not in the example, and not with webpack: Next.js 16 deprecates this runtime, and its webpack no longer builds it
    await writeFiles(all.folder, { "examples/next/app/api/edge/route.js": EDGE(all.modelPackage) });
    await next("--turbopack", ["size", "edge"], 41733);
  });

  test("a plain script tag, with the packages as they are installed", async () => {
    const folder = join(all.folder, "examples/html");
    await cp(join(all.folder, "node_modules/zippynet"), join(folder, "node_modules/zippynet"), {
      recursive: true,
    });
    const model = join("node_modules", all.modelPackage);
    await cp(join(all.folder, model), join(folder, model), { recursive: true });
    assert.ok((await serve(folder)).some((path) => asFiles.test(path)));
  });
});
