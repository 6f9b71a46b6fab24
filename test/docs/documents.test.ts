import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../scripts/imports.ts";

const DOCUMENTS = [
  ...[
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "examples/README.md",
    "models/README.md",
  ],
  ...readdirSync(join(ROOT, "docs"), { recursive: true })
    .map((file) => `docs/${String(file)}`)
    .filter((file) => file.endsWith(".md") && !file.startsWith("docs/api/")),
];
/** Paths of the repository in code marks or drawings, such as `src/codec/encode.ts`. */
const TOLD = /(?<![\w./-])((?:src|test|scripts|layers|deploy|bin|examples|models)\/[\w./-]*\w)/g;
/** The options of each command, from the script that completes them in bash. */
const COMMANDS = new Map(
  [
    ...execFileSync(process.execPath, [join(ROOT, "src/cli/main.ts"), "completion", "bash"])
      .toString()
      .matchAll(/^ {6}([a-z-]+)\) words="([^"]*)" ;;$/gm),
  ].map(([, name = "", options = ""]) => [name, options.split(" ")]),
);
const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};

/** Where an older state is described. */
const OF_OLD = ["docs/experiments.md", "docs/report/README.md"];

for (const document of DOCUMENTS) {
  const text = readFileSync(join(ROOT, document), "utf8");

  test(`${document}: links lead to files that are there, and to headings that they have`, () => {
    for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? join(ROOT, document) : join(ROOT, dirname(document), path);
      assert.ok(existsSync(file), `${document}: expected ${target} to be there`);
      if (anchor === undefined || !statSync(file).isFile()) continue;
      assert.ok(headingsOf(file).includes(anchor), `${document}: expected a heading #${anchor} in ${path}`);
    }
  });

  test(`${document}: paths that it names are there`, { skip: OF_OLD.includes(document) }, () => {
    for (const [, path = ""] of text.replaceAll(/models\/avatars\S*/g, "").matchAll(TOLD)) {
      assert.ok(existsSync(join(ROOT, path)), `${document}: expected ${path} to be there`);
    }
  });

  test(`${document}: commands, their options and npm scripts exist`, {
    skip: OF_OLD.includes(document),
  }, () => {
    const code = [...text.matchAll(/^```[\s\S]*?^```$|`[^`\n]+`/gm)]
      .map(([block]) => block.replaceAll(/\s*\\\n\s*/g, " "))
      .join("\n");
    for (const [, name = "", rest = ""] of code.matchAll(
      /(?<=npx |^`|^)zippynet ([a-z][a-z-]*)([^\n`|#]*)/gm,
    )) {
      const known = COMMANDS.get(name);
      assert.ok(known, `${document}: expected a command, got ${name}`);
      for (const [option] of rest.matchAll(/(?<=\s)--?[a-z][a-z-]*/g)) {
        assert.ok([...known, "--help"].includes(option), `${document}: ${name} has no option ${option}`);
      }
    }
    for (const [, name = ""] of code.matchAll(/\bnpm run ([a-z][a-z:-]*)/g)) {
      assert.ok(name in scripts, `${document}: expected an npm script, got ${name}`);
    }
  });

  test(`${document}: lines outside tables, code and pictures have at most 120 characters`, () => {
    const prose = text.replaceAll(/^```[\s\S]*?^```$/gm, "").split("\n");
    const long = prose.filter(
      (line) => line.length > 120 && !/^(\||!\[)/.test(line) && /\s/.test(line.slice(0, 120)),
    );
    if (!["docs/report/README.md", "docs/format.md"].includes(document)) assert.deepEqual(long, []);
  });
}

test("the README is read in a few minutes: at most 130 lines", () => {
  assert.ok(readFileSync(join(ROOT, "README.md"), "utf8").trimEnd().split("\n").length <= 130);
});

test("the index of documents lists them all", () => {
  const index = readFileSync(join(ROOT, "docs/README.md"), "utf8");
  for (const document of DOCUMENTS.filter((file) => file.startsWith("docs/") && file !== "docs/README.md")) {
    assert.ok(
      index.includes(`(${document.slice("docs/".length)})`),
      `expected docs/README.md to list ${document}`,
    );
  }
});

/** The anchors of a document's headings, as GitHub makes them. */
function headingsOf(file: string): string[] {
  return [...readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
