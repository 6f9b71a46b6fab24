/**
 * Puts ministack, the emulator of AWS that `npm run test:deploy` deploys to, into `.cache/ministack`: a virtual
 * environment of Python with one pinned version.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MINISTACK_FOLDER, PYTHON } from "../test/deploy/ministack-folder.ts";

const WANTED = "ministack==1.5.33";
/** Written last: a folder without it is half a folder. */
const STAMP = join(MINISTACK_FOLDER, "installed");

if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === WANTED) console.log("ministack is ready");
else install();

function install(): void {
  console.log(`Installing ${WANTED}…`);
  rmSync(MINISTACK_FOLDER, { recursive: true, force: true });
  run(
    "python3",
    ["-m", "venv", MINISTACK_FOLDER],
    "Python 3.10 or later with venv (Debian: apt-get install python3-venv)",
  );
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"];
  run(PYTHON, [...pip, WANTED], "a network that reaches pip's package index, and Python 3.10 or later");
  writeFileSync(STAMP, WANTED);
  console.log("ministack is ready");
}

function run(command: string, args: readonly string[], expected: string): void {
  try {
    execFileSync(command, args, { stdio: ["ignore", "ignore", "inherit"] });
  } catch (error) {
    console.error(`ministack could not be installed: expected ${expected}; ${(error as Error).message}`);
    process.exit(1);
  }
}
