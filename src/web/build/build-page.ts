import { createHash } from "node:crypto";
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { infoOfModel } from "../../api/models.ts";
import { COMMON } from "./bundle.ts";
import type { Site } from "./contents.ts";
import { FIRST, type FirstPicture, makeFirstPicture } from "./first-picture.ts";
import { modelOrders } from "./model-orders.ts";

const PAGE = fileURLToPath(new URL("../page/", import.meta.url));
/** Sample pictures, and pictures of the tests that are samples too. */
const SAMPLES = join(PAGE, "samples");
const TESTED = fileURLToPath(new URL("../../../test/images/", import.meta.url));
const ALSO = ["jacket-64.png", "shoes-64.png", "parrot-64.png"];

/**
 * Writes the page and its samples beside the workers and models.
 * @param site the workers and models
 * @param models folder of models
 */
export async function buildPage(out: string, site: Site, models: string): Promise<void> {
  const own = (await readdir(SAMPLES)).filter((name) => name.endsWith(".webp")).sort();
  await mkdir(join(out, "samples"), { recursive: true });
  const first = await makeFirstPicture(SAMPLES, models, out);
  const html = await readFile(join(PAGE, "index.html"), "utf8");
  const samples = [...own.map((name) => join(SAMPLES, name)), ...ALSO.map((name) => join(TESTED, name))];
  const orders = await modelOrders(samples, models);
  await Promise.all([
    writeFile(join(out, "index.html"), filled(html, first, looksOfFirst(site, first))),
    copyFile(join(PAGE, "icon.svg"), join(out, "icon.svg")),
    ...own.map((name) => copyFile(join(SAMPLES, name), join(out, "samples", name))),
    ...ALSO.map((name) => copyFile(join(TESTED, name), join(out, "samples", name))),
    writeFile(join(out, "service.json"), "{}\n"), // replaced by whoever serves the page beside a service
    build({
      ...COMMON,
      entryPoints: [
        { in: `${PAGE}page.ts`, out: "page" },
        { in: `${PAGE}page.css`, out: "page" },
        { in: `${PAGE}qr-worker.ts`, out: "qr-worker" },
        { in: `${PAGE}wall.ts`, out: "wall" },
        { in: `${PAGE}wall.css`, out: "wall" },
      ],
      outdir: out,
      format: "esm",
      define: {
        ZIPPYNET_SITE: JSON.stringify(site),
        ZIPPYNET_SAMPLES: JSON.stringify(
          samples.map((path) => ({ name: basename(path), models: orders.of.get(path) })),
        ),
        ZIPPYNET_FIRST: JSON.stringify({
          bytes: first.bytes,
          models: withFirst(first.model.name, orders.of.get(join(SAMPLES, FIRST.sample))!),
          general: orders.general,
        }),
      },
    }),
  ]);
}

function withFirst(first: string, others: readonly string[]): string[] {
  return [first, ...others.filter((name) => name !== first)];
}

/** How many looks the model of the first picture has: with two the switch is there from the start. */
function looksOfFirst({ models }: Site, { model }: FirstPicture): number {
  const { manifest } = models.find(({ manifest: { name } }) => name === model.name)!;
  return infoOfModel(JSON.stringify(manifest)).looks.length;
}

/** Fills the numbers of the first picture in. Throws if the page asks for a value that is not known. */
function filled(html: string, { bytes, psnr, webp, inline, model }: FirstPicture, looks: number): string {
  const worse = webp.psnr < psnr ? "a worse one" : "the same";
  const values: Readonly<Record<string, string>> = {
    bytes: String(bytes),
    headline: `${bytes} bytes. WebP needs ${webp.bytes} for ${worse}.`,
    own: `${bytes} bytes, ${psnr.toFixed(1)} dB`,
    webp: `${webp.bytes} bytes, ${webp.psnr.toFixed(1)} dB`,
    inline,
    looks: String(looks),
    model: `${model.name}: ${model.description}`,
  };
  return html.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`index.html: expected a value of the page, got {{${name}}}`);
    return value;
  });
}

/** Writes the service worker. It keeps all files of the page that are in `out`, except the models and itself. */
export async function buildOffline(out: string): Promise<void> {
  const entries = await readdir(out, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name).slice(out.length).replaceAll("\\", "/").replace(/^\/+/, ""),
    )
    .filter((path) => !/^(models\/|zippynet\.|zippy-img\.|shared-|wall)/.test(path))
    .sort();
  const hash = createHash("sha256");
  for (const path of files) hash.update(path).update(await readFile(join(out, path)));
  const shell = {
    version: hash.digest("hex").slice(0, 16),
    paths: files.map((path) => (path === "index.html" ? "./" : path)),
  };
  await build({
    ...COMMON,
    entryPoints: { offline: `${PAGE}offline.ts` },
    outdir: out,
    format: "iife",
    define: { ZIPPYNET_SHELL: JSON.stringify(shell) },
  });
}
