/** `npm run build`: dist, all that the package holds beside its README and LICENSE. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { stop } from "esbuild";
import { DIST, ROOT } from "./bundle.ts";
import { defaultModel, ownModels } from "./models.ts";
import { buildNode } from "./node.ts";
import { buildTypes } from "./types.ts";

const { repository } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
await rm(DIST, { recursive: true, force: true });
const { packageName } = defaultModel(await ownModels());
await buildNode(packageName, repository.url.replace(/^git\+/, ""));
await buildTypes([
  "index.ts",
  "service/decode/signed-url.ts",
  "web/browser/index.ts",
  "web/browser/define.ts",
]);
await stop(); // esbuild's own process, which would stay
