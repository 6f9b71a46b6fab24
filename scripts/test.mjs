/**
 * Runs the tests of `test/` on Node 24, whatever Node runs this: `npm test -- FILTER… --test-OPTION…`.
 *
 * A filter is a part of a test file's path; without one every file runs. Options go to Node's test runner, so
 * `npm test -- codec/ --test-name-pattern=golden` works. Each file runs in a process of its own, one a core.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const options = process.argv.slice(2).filter((argument) => argument.startsWith("-"));
const filters = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));

const files = readdirSync(join(root, "test"), { recursive: true })
  .map((file) => join("test", String(file)))
  .filter((file) => file.endsWith(".test.ts"))
  .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
  .sort();

if (files.length === 0) {
  console.error(`expected test files whose path has one of: ${filters.join(", ")}; found none`);
  process.exit(2);
}

// the devDependency `node`; process.execPath may be an older one, that found this script on the machine
const own = join(root, "node_modules", "node", "bin", "node");
const { status } = spawnSync(
  existsSync(own) ? own : process.execPath,
  ["--test", `--test-concurrency=${Math.max(1, availableParallelism())}`, ...options, ...files],
  { cwd: root, stdio: "inherit" },
);
process.exit(status ?? 1);
