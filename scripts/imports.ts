/**
 * Who imports whom. `npm run closures` counts the files that a walk through the sources opens; `npm run check` holds
 * the direction of imports against AREAS.
 *
 *     node scripts/imports.ts check                 exit code 1 and a line for each wrong import, and for each circle
 *     node scripts/imports.ts closures [--files]    the walks of WALKS, with the files of each
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Small helpers that know nothing of pictures: any area but the codec may import them. */
const HELPERS: readonly string[] = ["src/concurrency.ts", "src/folders.ts", "src/http"];

/**
 * The areas of the sources, each with those it may import from; an area is a folder or a file of `src`, `deploy`
 * or `layers`. Files of one area may import each other. Tests and scripts may import anything, nothing may import them.
 */
export const AREAS: Readonly<Record<string, readonly string[]>> = {
  "src/concurrency.ts": [],
  "src/folders.ts": [],
  "src/http": [],
  "src/codec": [],
  "src/model": ["src/codec"],
  "src/image": ["src/codec", "src/model"],
  "src/qr": ["src/codec", "src/image"],
  "src/api": ["src/codec", "src/model"],
  "src/node": ["src/codec", "src/model", "src/image", "src/api"],
  "src/index.ts": ["src/codec", "src/api", "src/node"],
  "src/service": ["src/codec", "src/model", "src/image"],
  "src/sign.ts": ["src/service"],
  "src/handlers": ["src/service"],
  deploy: ["src/codec", "src/image", "src/service"],
  layers: ["src/model", "src/service", "deploy"],
  "src/local": ["src/model", "src/service", "layers"],
  "src/train": ["src/codec", "src/model", "src/image"],
  "src/web": ["src/codec", "src/model", "src/image", "src/qr", "src/api", "src/index.ts"],
  "src/evaluate": [
    ...["src/codec", "src/model", "src/image", "src/api", "src/node", "src/index.ts", "src/train"],
    ...["src/local", "layers"],
  ],
  "src/cli": [
    ...["src/codec", "src/model", "src/image", "src/qr", "src/api", "src/node", "src/service"],
    ...["src/local", "src/train", "src/evaluate", "src/web"],
  ],
};

/** A walk through the sources: every file that running `entries` may load. */
export interface Walk {
  readonly name: string;
  readonly entries: readonly string[];
  /** Whether what is imported only when it is needed (`import()`, a worker's URL) counts. */
  readonly lazy: boolean;
  /** What is imported only when it is needed, and is not needed on this walk. */
  readonly except?: readonly string[];
  /** The most files it may open now; to be lowered with them, never raised. */
  readonly limit: number;
  /** What it should come to. */
  readonly goal: number;
}

/** The reader of one format is imported when the first file of that format comes. */
const OTHER_FORMATS = ["png", "webp", "avif", "gif", "tiff"].map(
  (name) => `src/image/read/formats/${name}.ts`,
);
/** A function finds its models in the folder of its layer. */
const PACKAGES = "src/model/packages.ts";

export const WALKS: readonly Walk[] = [
  {
    name: "upload of a JPEG → object",
    entries: ["src/handlers/encode.ts"],
    lazy: true,
    except: [
      ...OTHER_FORMATS,
      PACKAGES,
      "src/service/encode/content-encoding.ts", // for an upload with a Content-Encoding
      "src/service/encode/failures.ts", // for an upload that is rejected
    ],
    limit: 76,
    goal: 50,
  },
  {
    name: "URL → picture of a model",
    entries: ["src/handlers/decode.ts"],
    lazy: true,
    except: [
      PACKAGES,
      "src/model/load-model.ts", // with the encoder
      "src/image/classical/decode.ts", // for a file of a classical codec
      "src/service/decode/inline.ts", // other requests
      "src/service/decode/openapi.ts",
    ],
    limit: 48,
    goal: 35,
  },
  {
    name: "zippynet encode, before the first pixel",
    entries: ["bin/zippynet.js", "src/cli/main.ts", "src/cli/commands/encode.ts"],
    lazy: false,
    limit: 12,
    goal: 12,
  },
];

/** An import of one file of ours by another; paths from the root, with `/`. */
export interface Import {
  readonly from: string;
  readonly to: string;
  readonly kind: "type" | "static" | "lazy";
}

/** `import … from`, `export … from`, `import "…"`; biome formats them all alike. */
const STATIC = /^(?:import|export)\s+(?<type>type\s)?(?<names>[^;"]*?\bfrom\s*)?"(?<path>\.[^"]+)"/gm;
const LAZY = /\bimport\(\s*"(?<dynamic>\.[^"]+)"|\bnew URL\(\s*"(?<url>\.[^"]+\.[jt]s)"/g;

/** The relative imports that the text of a file makes. */
export function importsOf(from: string, text: string): Import[] {
  const path = (to: string) => normalize(join(dirname(from), to)).replaceAll("\\", "/");
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  const eager = [...code.matchAll(STATIC)].map(({ groups }): Import => {
    const { type, names = "", path: to = "" } = groups ?? {};
    const braces = /^\s*\{([^}]*)\}\s*from/.exec(names)?.[1];
    const onlyTypes = braces?.split(",").every((name) => /^\s*(type\s|$)/.test(name)) ?? false;
    return { from, to: path(to), kind: type || onlyTypes ? "type" : "static" };
  });
  const lazy = [...code.matchAll(LAZY)].map(
    ({ groups }): Import => ({ from, to: path(groups?.dynamic ?? groups?.url ?? ""), kind: "lazy" }),
  );
  return [...eager, ...lazy];
}

/** Imports by the file that makes them, of all sources under `folders` of a checkout. */
export function importGraph(root: string, folders: readonly string[]): Map<string, Import[]> {
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .map((file) => `${folder}/${String(file).replaceAll("\\", "/")}`)
      .filter((file) => /\.[jt]s$/.test(file) && !file.endsWith(".d.ts")),
  );
  return new Map(files.map((file) => [file, importsOf(file, readFileSync(join(root, file), "utf8"))]));
}

/** Those that AREAS does not allow. */
export function wrongImports(imports: Iterable<Import>): Import[] {
  return [...imports].filter(({ from, to }) => {
    if (!/\.[jt]s$/.test(to)) return false;
    const [own, other] = [areaOf(from), areaOf(to)];
    return own !== other && !AREAS[own]?.includes(other) && !(HELPERS.includes(other) && own !== "src/codec");
  });
}

/** What AREAS allows and nobody does, `AREA → AREA`: a stranger would take it for the way of things. */
export function unusedPermissions(imports: Iterable<Import>): string[] {
  const used = new Set([...imports].map(({ from, to }) => `${areaOf(from)} → ${areaOf(to)}`));
  const allowed = Object.entries(AREAS).flatMap(([own, others]) =>
    others.map((other) => `${own} → ${other}`),
  );
  return allowed.filter((each) => !used.has(each));
}

/** Circles of files that import each other, be it types alone. */
export function circles(graph: ReadonlyMap<string, readonly Import[]>): string[][] {
  const eager = (file: string) => (graph.get(file) ?? []).filter(({ kind }) => kind !== "lazy");
  const reach = (file: string): Set<string> => {
    const seen = new Set<string>();
    const open = eager(file).map(({ to }) => to);
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (seen.has(next)) continue;
      seen.add(next);
      open.push(...eager(next).map(({ to }) => to));
    }
    return seen;
  };
  const reached = new Map([...graph.keys()].map((file) => [file, reach(file)]));
  const left = new Set([...graph.keys()].filter((file) => reached.get(file)!.has(file)));
  const found: string[][] = [];
  for (const file of left) {
    const circle = [...left].filter(
      (other) => reached.get(file)!.has(other) && reached.get(other)!.has(file),
    );
    for (const member of circle) left.delete(member);
    found.push(circle);
  }
  return found;
}

function areaOf(file: string): string {
  const [first = "", second = ""] = file.split("/");
  return first === "src" ? `src/${second}` : first;
}

/** All files that a walk loads, its entries included, sorted; imports of types load nothing. */
export function closure(
  root: string,
  { entries, lazy, except = [] }: Pick<Walk, "entries" | "lazy" | "except">,
): string[] {
  const open = [...entries];
  const seen = new Set<string>();
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (seen.has(file) || !/\.[jt]s$/.test(file) || !existsSync(join(root, file))) continue;
    if (!statSync(join(root, file)).isFile()) continue;
    seen.add(file);
    for (const { to, kind } of importsOf(file, readFileSync(join(root, file), "utf8"))) {
      if (kind === "static" || (kind === "lazy" && lazy && !except.includes(to))) open.push(to);
    }
  }
  return [...seen].sort();
}

if (import.meta.main) {
  const [command, ...options] = process.argv.slice(2);
  if (command === "closures") {
    for (const walk of WALKS) {
      const { name, limit, goal } = walk;
      const files = closure(ROOT, walk);
      const all = closure(ROOT, { ...walk, except: [] });
      const others = all.length > files.length ? `; ${all.length} with what other walks open` : "";
      console.log(`${name}: ${files.length} files (limit ${limit}, goal ${goal}${others})`);
      if (options.includes("--files")) console.log(files.map((file) => `  ${file}`).join("\n"));
    }
  } else if (command === "check") {
    const graph = importGraph(ROOT, ["src", "layers", "deploy"]);
    const imports = [...graph.values()].flat();
    const wrong = wrongImports(imports);
    const unused = unusedPermissions(imports);
    const round = circles(graph);
    for (const circle of round)
      console.error(`expected no circle of imports, got one of ${circle.join(", ")}`);
    for (const { from, to } of wrong) {
      console.error(
        `${from} imports ${to}: expected ${areaOf(from)} to import only from ${AREAS[areaOf(from)]?.join(", ")}`,
      );
    }
    for (const each of unused) console.error(`expected AREAS to allow what is used, got ${each}`);
    process.exitCode = wrong.length + round.length + unused.length > 0 ? 1 : 0;
  } else {
    console.error(`expected check or closures, got ${command}`);
    process.exitCode = 2;
  }
}
