/**
 * `npm run install-table`: what an install of ZippyNet and of its peers brings, and what a page that decodes with each
 * ships, as the table of docs/benchmarks.md. Packs this checkout, and installs the others from npm's registry.
 */
import { type ExecFileSyncOptionsWithStringEncoding, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, stop } from "esbuild";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
/** Imports are timed so often, each in a process of its own. */
const TIMES = 5;

interface Peer {
  readonly name: string;
  /** What npm is asked for. */
  readonly packages: readonly string[];
  readonly module: string;
  /** What a page imports that shows a picture; none where it runs in no page. */
  readonly page?: string;
  /** Files that the page fetches beside its script. */
  readonly fetched?: readonly string[];
}

interface Row {
  readonly name: string;
  readonly bytes: number;
  readonly packages: number;
  readonly milliseconds: number;
  readonly shipped: string;
}

const folder = mkdtempSync(join(tmpdir(), "zippynet-install-"));
try {
  const rows: Row[] = [];
  for (const [i, peer] of peers().entries()) rows.push(await measured(peer, join(folder, String(i))));
  console.log("| | installed | packages | import | a page that decodes ships, gzip |");
  console.log("|---|---|---|---|---|");
  for (const { name, bytes, packages, milliseconds, shipped } of rows)
    console.log(
      `| ${name} | ${megabytes(bytes)} | ${packages} | ${milliseconds.toFixed()} ms | ${shipped} |`,
    );
} finally {
  await stop();
  rmSync(folder, { recursive: true, force: true });
}

/** ZippyNet as it is packed here, with the model that it depends on; then the others. */
function peers(): Peer[] {
  const pack = fileURLToPath(new URL("./build/pack.ts", import.meta.url));
  const tarballs = execFileSync(process.execPath, [pack], { encoding: "utf8" }).trim().split("\n");
  const staged = JSON.parse(readFileSync(join(ROOT, ".cache/packages/zippynet/package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  const model = Object.keys(staged.dependencies).find((name) => name.startsWith("@zippynet/model-"))!;
  const own = tarballs.filter((path) =>
    [`zippynet-`, `zippynet-${model.split("/")[1]}-`].some((start) =>
      new RegExp(`/${start}\\d[^/]*$`).test(path),
    ),
  );
  const weights = ["g_s", "prior"].map((name) => `${model}/${name}.safetensors`);
  const worker = "zippynet/dist/browser/decoder.worker.js";
  return [
    {
      name: "ZippyNet, with sharp and a model",
      packages: own,
      module: "zippynet",
      page: 'import "zippynet/element";',
      fetched: [worker, ...weights],
    },
    { name: "sharp", packages: ["sharp"], module: "sharp" },
    {
      name: "@jsquash/avif",
      packages: ["@jsquash/avif"],
      module: "@jsquash/avif",
      page: 'import { decode } from "@jsquash/avif"; globalThis.decode = decode;',
      fetched: ["@jsquash/avif/codec/dec/avif_dec.wasm"],
    },
    {
      name: "thumbhash",
      packages: ["thumbhash"],
      module: "thumbhash",
      page: 'import { thumbHashToDataURL } from "thumbhash"; globalThis.decode = thumbHashToDataURL;',
    },
    {
      name: "blurhash",
      packages: ["blurhash"],
      module: "blurhash",
      page: 'import { decode } from "blurhash"; globalThis.decode = decode;',
    },
  ];
}

async function measured({ name, packages, module, page, fetched = [] }: Peer, at: string): Promise<Row> {
  mkdirSync(at);
  writeFileSync(join(at, "package.json"), '{ "private": true, "type": "module" }');
  const options: ExecFileSyncOptionsWithStringEncoding = {
    cwd: at,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  };
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", ...packages], options);
  const listed = execFileSync("npm", ["ls", "--all", "--parseable"], options).trim().split("\n");
  return {
    name,
    bytes: bytesIn(join(at, "node_modules")),
    packages: listed.length - 1, // the folder itself is the first
    milliseconds: importTime(module, at),
    shipped: page === undefined ? "—" : await shippedBy(page, fetched, at),
  };
}

/** Milliseconds of an import alone, the median of several. */
function importTime(module: string, at: string): number {
  const script = `const start = performance.now(); await import("${module}"); console.log(performance.now() - start);`;
  const times = Array.from({ length: TIMES }, () =>
    Number(
      execFileSync(process.execPath, ["--input-type=module", "-e", script], { cwd: at, encoding: "utf8" }),
    ),
  );
  return times.sort((a, b) => a - b)[TIMES >> 1]!;
}

/** Code, and what it fetches, each compressed. */
async function shippedBy(page: string, fetched: readonly string[], at: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: page, resolveDir: at },
    bundle: true,
    minify: true,
    splitting: true,
    format: "esm",
    outdir: at,
    write: false,
    external: ["node:*", "@zippynet/*"], // weights are counted as what is fetched
    logLevel: "error",
  });
  const code = outputFiles.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0);
  const sizes = fetched.map((path) => ({
    weights: path.endsWith(".safetensors"),
    bytes: gzipSync(readFileSync(join(at, "node_modules", path)), { level: 9 }).length,
  }));
  const sum = (weights: boolean): number =>
    sizes.filter((each) => each.weights === weights).reduce((total, { bytes }) => total + bytes, 0);
  const model = sum(true);
  return `${kilobytes(code + sum(false))}${model > 0 ? `, and ${megabytes(model)} of weights, once` : ""}`;
}

function bytesIn(at: string): number {
  return readdirSync(at, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + readFileSync(join(entry.parentPath, entry.name)).length, 0);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
