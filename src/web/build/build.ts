import { mkdir, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build, stop } from "esbuild";
import { modelsFolder } from "../../model/folder.ts";
import { buildOffline, buildPage } from "./build-page.ts";
import { buildWorkers, COMMON } from "./bundle.ts";
import { copyModels } from "./copy-models.ts";

const BROWSER = fileURLToPath(new URL("../browser/", import.meta.url));

/** Where `npm run build:web` puts it. */
export const WEB = fileURLToPath(new URL("../../../dist/web/", import.meta.url));

export interface WebOptions {
  readonly out?: string;
  /** A folder of models, all of which are offered. */
  readonly models?: string;
}

/**
 * What browsers load, as static files:
 *
 * ```
 * zippynet.js, zippy-img.js       ES modules: zippynet/browser, zippynet/element
 * zippynet.script.js              the same for <script>: the global ZippyNet, and <zippy-img>
 * decoder-HASH.js, encoder-HASH.js     workers
 * models/NUMBER-HASH/             manifest and weights
 * index.html, page.js, page.css, qr-worker.js, first/, samples/, service.json     the page, which also needs
 *                                 workers and models
 * offline.js                      its service worker
 * wall.js, wall.css               for the pages of `npm run wall`
 * ```
 *
 * Files with a hash in their path never change, and may be cached for ever. The build takes a second or two.
 */
export async function buildWeb({ out = WEB, models = modelsFolder() }: WebOptions = {}): Promise<void> {
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const [located, workers] = await Promise.all([copyModels(models, out), buildWorkers(BROWSER, out)]);
  const site = { workers, models: located };
  const ZIPPYNET_SITE = JSON.stringify(site);
  await Promise.all([
    build({
      ...COMMON,
      entryPoints: { zippynet: `${BROWSER}index.ts`, "zippy-img": `${BROWSER}define.ts` },
      outdir: out,
      format: "esm",
      splitting: true,
      chunkNames: "shared-[hash]",
      define: { ZIPPYNET_SITE },
    }),
    build({
      ...COMMON,
      entryPoints: { "zippynet.script": `${BROWSER}script.ts` },
      outdir: out,
      format: "iife",
      globalName: "ZippyNet",
      // a script can ask for its own URL only while it runs for the first time
      banner: { js: "var ZIPPYNET_SCRIPT=document.currentScript.src;" },
      define: { ZIPPYNET_SITE, "import.meta.url": "ZIPPYNET_SCRIPT" },
    }),
  ]);
  await buildPage(out, site, models);
  await buildOffline(out);
  await stop(); // ends the process of esbuild
}
