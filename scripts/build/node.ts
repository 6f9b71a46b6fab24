import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build, type Metafile } from "esbuild";
import { COMMON, instead, ownPlaces, ROOT } from "./bundle.ts";

/** What the library is for in Node. */
const LIBRARY = {
  index: "src/index.ts",
  sign: "src/sign.ts",
  thread: "src/node/thread.ts",
} as const;

/** The command line and its threads. */
const COMMANDS = {
  cli: "src/cli/main.ts",
  "files-thread": "src/cli/files/thread.ts",
  "objects-thread": "src/cli/s3/object-thread.ts",
} as const;

/** Packages that users install: some are asked for by the commands that need them. All others are bundled. */
const EXTERNAL = ["sharp", "@aws-sdk/*", "@tensorflow/*", "@zippynet/*"];

/** The package of the model that the library brings; it may have been left out. */
const DEFAULT_MODEL = `
export async function importDefaultModel() {
  try {
    return (await import("MODEL/encoder")).default;
  } catch {
    return undefined;
  }
}`;

/** What runs the service needs the project: its functions, layers and emulators. */
const SERVE = `
import { Command } from "commander";
import { ZippyNetError } from "../../codec/errors.ts";
export function serveCommand() {
  return new Command("serve").description("Runs the service on this machine (from a checkout).").allowUnknownOption().action(() => {
    throw new ZippyNetError("unavailable", "expected a checkout of the project, which brings the service: git clone REPOSITORY, then npm start");
  });
}`;

/** The bar of progress, which measures its text, brings a list of 10 kB. Node has the same as a property. */
const EMOJI = "module.exports = () => /\\p{RGI_Emoji}/gv;";

/** CommonJS packages in a bundle look for `require`, which esbuild asks for by these words. */
const REQUIRE =
  'import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);\n';
const ASKS = "Dynamic require of";

/**
 * Bundles for Node. @param model package of the model that the library brings @param repository where a checkout comes
 * from
 */
export async function buildNode(model: string, repository: string): Promise<void> {
  const { metafile } = await build({
    ...COMMON,
    platform: "node",
    target: "node20.19",
    splitting: true,
    external: EXTERNAL,
    entryPoints: { ...LIBRARY, ...COMMANDS },
    chunkNames: "[hash]",
    metafile: true,
    plugins: [
      instead({
        "src/model/default-package.ts": DEFAULT_MODEL.replace("MODEL", model),
        "node_modules/emoji-regex/index.js": EMOJI,
        "src/cli/commands/serve.ts": SERVE.replace("REPOSITORY", repository),
      }),
      ownPlaces({ ...LIBRARY, ...COMMANDS }),
    ],
  });
  await addRequire(metafile.outputs);
}

async function addRequire(outputs: Metafile["outputs"]): Promise<void> {
  for (const path of Object.keys(outputs).filter((each) => each.endsWith(".js"))) {
    const file = join(ROOT, path);
    const text = await readFile(file, "utf8");
    if (text.includes(ASKS)) await writeFile(file, REQUIRE + text);
  }
}
