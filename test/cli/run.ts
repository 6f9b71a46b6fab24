import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";

export const LAUNCHER = fileURLToPath(new URL("../../bin/zippynet.js", import.meta.url));
export const IMAGES = fileURLToPath(new URL("../images", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly out: Buffer;
  readonly err: string;
}

/**
 * Runs the command in a process of its own, as a shell would. Standard input ends, if need be only once standard error
 * says something.
 */
export function zippynet(
  args: readonly string[],
  { input, env = {}, after }: { input?: Uint8Array; env?: Record<string, string>; after?: RegExp } = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [LAUNCHER, ...args], {
      stdio: "pipe",
      env: { ...process.env, ...env },
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (data: Buffer) => out.push(data));
    child.stderr.on("data", (data: Buffer) => {
      err.push(data);
      if (after?.test(Buffer.concat(err).toString())) child.stdin.end(input);
    });
    child.on("error", reject);
    child.on("close", (code) =>
      resolve({ code, out: Buffer.concat(out), err: Buffer.concat(err).toString() }),
    );
    if (!after) child.stdin.end(input);
  });
}

/** A folder for one test file, gone when it ends. */
export function scratch(): (...path: string[]) => string {
  const folder = mkdtempSync(join(tmpdir(), "zippynet-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return (...path) => join(folder, ...path);
}
