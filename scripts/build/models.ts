import { createHash } from "node:crypto";
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decoderFiles, type Manifest, parseManifest } from "../../src/model/manifest.ts";
import { summaryOf, usualModels } from "../../src/model/models.ts";
import { ROOT } from "./bundle.ts";

/** SPDX's word for a licence that it does not list. */
const OTHER = "SEE LICENSE IN LICENSE";
/** What manifests say where nobody said on what terms a model may be used. */
const UNKNOWN = ["NOASSERTION"];
/** SPDX's names have no slash: terms that it does not list are given by their URL. */
const SPDX = /^[\w.+() -]+$/;

/** A model of this checkout. */
export interface Model {
  readonly folder: string;
  readonly manifest: Manifest;
  /** Of its package. */
  readonly packageName: string;
}

/** What the packages of a release share. */
export interface Release {
  readonly version: string;
  readonly repository: unknown;
}

/** The models of this checkout, by number. */
export async function ownModels(): Promise<Model[]> {
  const folders = (await readdir(join(ROOT, "models"), { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(ROOT, "models", name));
  const found: Model[] = [];
  for (const folder of folders) {
    const json = await readFile(join(folder, "manifest.json"), "utf8").catch(() => undefined);
    if (json === undefined) continue;
    const manifest = parseManifest(json);
    found.push({ folder, manifest, packageName: `@zippynet/model-${manifest.name}` });
  }
  return found.sort((a, b) => a.manifest.number - b.manifest.number);
}

/** Whether a model may be used for anything. */
export function isFree({ manifest }: Model): boolean {
  return !manifest.research && !UNKNOWN.includes(manifest.licence);
}

/** The model that the package depends on: the first that encoders take. */
export function defaultModel(models: readonly Model[]): Model {
  const number = usualModels(models.map(({ manifest }) => summaryOf(manifest)))[0]?.number;
  return models.find(({ manifest }) => manifest.number === number)!;
}

/**
 * Writes the package of a model:
 *
 * ```
 * index.js      what decodes: manifest, and where g_s and prior are
 * encoder.js    the same with g_a
 * inline.js     g_s and prior as text, for bundlers that leave files behind
 * *.safetensors, manifest.json, README.md (its card), LICENSE
 * ```
 */
export async function writeModelPackage(model: Model, out: string, release: Release): Promise<void> {
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  await copyModel(model, out);
  const texts = {
    LICENSE: await licenceText(model),
    ...(await modulesOf(model)),
    "package.json": `${JSON.stringify(packageJson(model, release), undefined, 2)}\n`,
  };
  for (const [name, text] of Object.entries(texts)) await writeFile(join(out, name), text);
}

/** Copies weights, manifest and card; throws where weights are not those of the manifest. */
async function copyModel({ folder, manifest }: Model, out: string): Promise<void> {
  for (const { file, sha256 } of [manifest.blobs.g_a, ...decoderFiles(manifest)]) {
    const bytes = await readFile(join(folder, file));
    if (createHash("sha256").update(bytes).digest("hex") !== sha256)
      throw new Error(`${join(folder, file)}: expected the SHA-256 that its manifest says`);
    await writeFile(join(out, file), bytes);
  }
  for (const file of ["manifest.json", "README.md"]) await copyFile(join(folder, file), join(out, file));
}

/** The modules of a package and their types, by file name. */
async function modulesOf({ folder, manifest }: Model): Promise<Record<string, string>> {
  const { g_a, g_s, prior } = manifest.blobs;
  const decoding = decoderFiles(manifest).map(({ file }) => file);
  const inline: Record<string, string> = {};
  for (const { file } of [g_s, prior]) inline[file] = await readFile(join(folder, file), "base64");
  return {
    "index.js": moduleOf(manifest, decoding),
    "encoder.js": moduleOf(manifest, [g_a.file, ...decoding]),
    "inline.js": `export default ${JSON.stringify(inline)};\n`,
    // where `new URL` ships files, nobody asks for their text
    "no-inline.js": "export default {};\n",
    "index.d.ts": TYPES,
    "encoder.d.ts": TYPES,
    "inline.d.ts": "declare const texts: Readonly<Record<string, string>>;\nexport default texts;\n",
  };
}

function packageJson({ manifest, packageName }: Model, { version, repository }: Release): object {
  const { licence, blobs } = manifest;
  const weights = [blobs.g_a, ...decoderFiles(manifest)].map(({ file }) => file);
  return {
    name: packageName,
    version,
    description: `${manifest.description}: model ${manifest.number} of ZippyNet`,
    license: SPDX.test(licence) && !UNKNOWN.includes(licence) ? licence : OTHER,
    repository,
    keywords: ["zippynet", "model", "image", "compression"],
    type: "module",
    sideEffects: false,
    engines: { node: ">=20.19" },
    exports: {
      ".": { types: "./index.d.ts", default: "./index.js" },
      "./encoder": { types: "./encoder.d.ts", default: "./encoder.js" },
      // where one of these conditions is named, files are shipped or read; esbuild and Rollup for pages leave them
      // behind
      "./inline": {
        types: "./inline.d.ts",
        production: "./no-inline.js",
        webpack: "./no-inline.js",
        workerd: "./no-inline.js",
        "edge-light": "./no-inline.js",
        node: "./no-inline.js",
        default: "./inline.js",
      },
      ...Object.fromEntries(weights.map((file) => [`./${file}`, `./${file}`])),
      "./manifest.json": "./manifest.json",
      "./package.json": "./package.json",
    },
  };
}

const TYPES = `/** A model of ZippyNet: give it to \`configure({ models: [model] })\`. */
declare const model: {
  readonly manifest: {
    readonly number: number;
    readonly name: string;
    readonly description: string;
    readonly licence?: string;
  };
  readonly files: Readonly<Record<string, () => { readonly href: string }>>;
  readonly inline: () => Promise<Readonly<Record<string, string>>>;
};
export default model;
`;

/** @param files whose places it exports; each in a form that bundlers recognise */
function moduleOf(manifest: Manifest, files: readonly string[]): string {
  const places = files.map(
    (file) => `    ${JSON.stringify(file)}: () => new URL("./${file}", import.meta.url),\n`,
  );
  return `export default {
  manifest: ${JSON.stringify(manifest)},
  files: {
${places.join("")}  },
  inline: async () => (await import("@zippynet/model-${manifest.name}/inline")).default,
};
`;
}

async function licenceText({ folder, manifest }: Model): Promise<string> {
  const { licence, attribution, research } = manifest;
  const own = await readFile(join(folder, "LICENSE"), "utf8").catch(() => undefined);
  const use = research ? "They may be used for research alone.\n" : "";
  return (
    own ??
    `Terms of these weights: ${licence}\n${use}${attribution}\nREADME.md says what they were trained on.\n`
  );
}
