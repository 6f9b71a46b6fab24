import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../scripts/imports.ts";

/** Code is broken by biome, which leaves comments and strings alone. Tables and addresses in comments may be longer. */
test("comments have lines of at most 120 characters", () => {
  const files = execFileSync("git", ["ls-files", "*.ts", "*.js", "*.mjs", "*.sh", "*.py", ".ci/*"], {
    cwd: ROOT,
  });
  const long = files
    .toString()
    .split("\n")
    .filter((file) => file !== "")
    .flatMap((file) =>
      readFileSync(join(ROOT, file), "utf8")
        .split("\n")
        .map((line) => ({ file, line })),
    )
    .filter(
      ({ line }) => [...line].length > 120 && /^\s*(\/\/|\*|#) [^|]/.test(line) && !line.includes("https://"),
    );
  assert.deepEqual(long, []);
});
