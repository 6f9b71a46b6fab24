/** `npm run build`: dist, all that the package holds beside its README and LICENSE. */
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { stop } from "esbuild";
import { buildBrowser } from "./browser.ts";
import { DIST, ROOT } from "./bundle.ts";
import { defaultModel, ownModels } from "./models.ts";
import { buildNode } from "./node.ts";
import { buildTypes } from "./types.ts";

/** What other builds put into dist. */
const OTHERS = ["web", "layers", "functions"];

await mkdir(DIST, { recursive: true });
for (const name of await readdir(DIST)) {
  if (!OTHERS.includes(name)) await rm(join(DIST, name), { recursive: true });
}
const { repository, version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
const model = defaultModel(await ownModels());
await Promise.all([
  buildNode(model.packageName, repository.url.replace(/^git\+/, "")),
  buildBrowser(model, version),
  buildTypes([
    "index.ts",
    "sign.ts",
    "web/browser/index.ts",
    "web/browser/define.ts",
    "web/packaged/portable.ts",
  ]),
]);
await stop(); // esbuild's own process, which would stay
