/**
 * Puts TensorFlow's native binding for Node (`@tensorflow/tfjs-node`), which training needs, into `.cache/tfjs-node`:
 *
 * ```
 * npm run tfjs-node
 * ```
 *
 * It lies outside `node_modules`, so that `npm ci` does not prune it, and without a `tfjs-core` of its own, so that it
 * finds the project's: one instance of TensorFlow.js in a process.
 *
 * tfjs-node downloads the C library of TensorFlow when it installs. Where that host is out of reach, the library is
 * taken from the wheel of the Python package `tensorflow_cpu` instead (from pip's index, or the file that
 * ZIPPYNET_TENSORFLOW_WHEEL names) and the binding is compiled with g++, in some seconds.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { TFJS_NODE_FOLDER } from "../src/train/tfjs-node.ts";

const TFJS_NODE = "@tensorflow/tfjs-node@4.22.0";
/** The last release whose C headers the binding of tfjs-node 4.22 was seen to compile against. */
const WHEELS: Readonly<Record<string, { readonly name: string; readonly machine: string }>> = {
  x64: { name: "tensorflow_cpu==2.15.1", machine: "x86_64" },
  arm64: { name: "tensorflow_cpu_aws==2.15.1", machine: "aarch64" },
};
/** What the binding downloads the C library from. */
const DOWNLOAD = "https://storage.googleapis.com/tensorflow/versions.json";
const PATIENCE = 5000;

const folder = TFJS_NODE_FOLDER;
const home = join(folder, "node_modules", "@tensorflow", "tfjs-node");
const project = fileURLToPath(new URL("..", import.meta.url));

if (loads()) console.log("tfjs-node is ready");
else {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  if (!process.env["ZIPPYNET_TENSORFLOW_WHEEL"] && (await reachable(DOWNLOAD))) ordinary();
  try {
    if (!loads()) build();
  } catch (error) {
    fail(
      `${(error as Error).message}; expected Python 3 with pip, g++ and a network that reaches npm and pip`,
    );
  }
  if (!loads()) fail("the binding was built, but does not load");
  console.log("tfjs-node is ready");
}

/** In a process of its own: a broken binding can take the process with it. */
function loads(): boolean {
  if (!existsSync(join(home, "lib", "napi-v8", "tfjs_binding.node"))) return false;
  try {
    const loader = join(project, "src", "train", "tfjs-node.ts");
    const script = `const { loadTfjsNode } = await import(${JSON.stringify(loader)}); if (!(await loadTfjsNode())) process.exit(1);`;
    execFileSync(process.execPath, ["--input-type=module", "-e", script], { stdio: "ignore", cwd: project });
    return true;
  } catch {
    return false;
  }
}

async function reachable(url: string): Promise<boolean> {
  try {
    await fetch(url, { method: "HEAD", signal: AbortSignal.timeout(PATIENCE) });
    return true;
  } catch {
    return false;
  }
}

function ordinary(): void {
  try {
    npm([TFJS_NODE]);
    shareCore();
  } catch {
    console.log("The download of libtensorflow did not work; building the binding instead.");
  }
}

function build(): void {
  if (process.platform !== "linux") fail("only Linux is supported here");
  npm(["--ignore-scripts", TFJS_NODE, "node-api-headers"]);
  shareCore();
  const lib = join(home, "deps", "lib");
  unpack(wheel(), join(home, "deps"));
  for (const [name, target] of [
    ["libtensorflow.so", "libtensorflow_cc.so.2"],
    ["libtensorflow_framework.so", "libtensorflow_framework.so.2"],
  ] as const) {
    symlinkSync(target, join(lib, name));
  }
  compile(lib);
  rmSync(join(folder, "wheel"), { recursive: true, force: true });
}

/** The project's own tfjs-core is found further up once this copy is gone. */
function shareCore(): void {
  rmSync(join(folder, "node_modules", "@tensorflow", "tfjs-core"), { recursive: true, force: true });
}

/** Path of the wheel, downloaded unless there. */
function wheel(): string {
  const given = process.env["ZIPPYNET_TENSORFLOW_WHEEL"];
  if (given) {
    if (!existsSync(given)) fail(`ZIPPYNET_TENSORFLOW_WHEEL: expected a wheel at ${given}`);
    return given;
  }
  const { name, machine } =
    WHEELS[process.arch] ?? fail(`expected an x64 or arm64 processor, got ${process.arch}`);
  const into = join(folder, "wheel");
  console.log(`Downloading ${name} (200 MB)…`);
  python([
    ...["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--python-version", "3.11"],
    ...["--platform", `manylinux_2_17_${machine}`, "--dest", into, name],
  ]);
  const found = readdirSync(into).find((file) => file.endsWith(`${machine}.whl`));
  if (!found) fail(`pip downloaded no wheel for ${machine}`);
  return join(into, found);
}

/** The two libraries into deps/lib, the headers into deps/include. A wheel is a zip archive. */
function unpack(archive: string, deps: string): void {
  console.log("Unpacking…");
  const script = `
import os, shutil, sys, zipfile
archive, deps = sys.argv[1:]
with zipfile.ZipFile(archive) as wheel:
    for name in wheel.namelist():
        if name.startswith("tensorflow/include/") and not name.endswith("/"):
            to = os.path.join(deps, name[len("tensorflow/"):])
        elif name in ("tensorflow/libtensorflow_cc.so.2", "tensorflow/libtensorflow_framework.so.2"):
            to = os.path.join(deps, "lib", os.path.basename(name))
        else:
            continue
        os.makedirs(os.path.dirname(to), exist_ok=True)
        with wheel.open(name) as source, open(to, "wb") as target:
            shutil.copyfileobj(source, target)
`;
  python(["-c", script, archive, deps]);
}

function compile(lib: string): void {
  console.log("Compiling…");
  const require = createRequire(join(folder, "package.json"));
  const headers = (require("node-api-headers") as { include_dir: string }).include_dir;
  const to = join(home, "lib", "napi-v8");
  mkdirSync(to, { recursive: true });
  run("g++", "a C++ compiler (Debian: apt-get install g++)", [
    ...["-O2", "-std=c++17", "-fPIC", "-shared", "-w", "-DNAPI_VERSION=8"],
    ...[`-I${headers}`, `-I${join(home, "deps", "include")}`, `-I${home}`],
    ...["tfjs_backend.cc", "tfjs_binding.cc"].map((file) => join(home, "binding", file)),
    ...[`-L${lib}`, "-ltensorflow", "-ltensorflow_framework", "-Wl,-rpath,$ORIGIN/../../deps/lib"],
    ...["-o", join(to, "tfjs_binding.node")],
  ]);
}

function npm(packages: string[]): void {
  console.log(`Installing ${packages.filter((name) => !name.startsWith("-")).join(", ")}…`);
  const options = ["--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"];
  run("npm", "npm", ["install", "--prefix", folder, ...options, ...packages]);
}

function python(args: string[]): void {
  run("python3", "Python 3 with pip (Debian: apt-get install python3-pip)", args);
}

function run(command: string, what: string, args: string[]): void {
  try {
    execFileSync(command, args, { stdio: ["ignore", "ignore", "inherit"] });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") fail(`expected ${what}, found none`);
    throw new Error(`${command} failed`, { cause: error });
  }
}

function fail(why: string): never {
  console.error(`tfjs-node could not be installed: ${why}`);
  process.exit(1);
}
