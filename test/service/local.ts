import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { LocalService } from "../../src/local/run.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What `npm start` runs after its set-up. */
const SERVE = `
  import { serveCommand } from "./src/cli/commands/serve.ts";
  await serveCommand().parseAsync(process.argv.slice(1), { from: "user" });
`;

/** A line that the functions logged of an upload. */
export interface Handled {
  readonly message: string;
  readonly key: string;
  readonly outcome: string;
  readonly reason?: { readonly code: string; readonly message: string };
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The local service as a process, on free ports and in a folder of its own. */
export class Local {
  readonly service: LocalService;
  readonly folder: string;
  readonly #child: ChildProcess;
  readonly #output: string[];

  private constructor(service: LocalService, folder: string, child: ChildProcess, output: string[]) {
    this.service = service;
    this.folder = folder;
    this.#child = child;
    this.#output = output;
  }

  static async start(): Promise<Local> {
    const folder = await mkdtemp(join(tmpdir(), "zippynet-local-"));
    const child = serve(["--folder", folder, "--api-port", "0", "--s3-port", "0", "--web-port", "0"]);
    const output: string[] = [];
    for (const stream of [child.stdout!, child.stderr!])
      stream.setEncoding("utf8").on("data", (text) => output.push(text));
    const file = join(folder, "local.json");
    for (;;) {
      assert.equal(child.exitCode, null, `the service ended:\n${output.join("")}`);
      const json = await readFile(file, "utf8").catch(() => undefined);
      if (json !== undefined) return new Local(JSON.parse(json) as LocalService, folder, child, output);
      await sleep(50);
    }
  }

  get processId(): number {
    return this.#child.pid!;
  }

  get output(): string {
    return this.#output.join("");
  }

  /** Sends a signal and resolves to the exit code. */
  async stop(signal: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(signal);
    const [code] = (await once(this.#child, "exit")) as [number | null];
    return code;
  }

  async clean(): Promise<void> {
    if (this.#child.exitCode === null) await this.stop("SIGTERM");
    await rm(this.folder, { recursive: true, force: true });
  }

  objectUrl(bucket: string, key: string): string {
    return `${this.service.s3.endpoint}/${bucket}/${key.split("/").map(encodeURIComponent).join("/")}`;
  }

  pictureUrl(key: string, query = ""): string {
    return `${this.service.apiUrl}/images/${key.split("/").map(encodeURIComponent).join("/")}${query}`;
  }

  /** Changes an object by `change` and waits for the line that says how its event was handled. */
  async handled(key: string, change: () => Promise<unknown>): Promise<Handled> {
    const before = this.#lines(key).length;
    await change();
    for (const start = Date.now(); Date.now() - start < 120_000; await sleep(20)) {
      const line = this.#lines(key)[before];
      if (line) return line;
    }
    throw new Error(`nothing was logged of ${key}:\n${this.output.slice(-3000)}`);
  }

  async upload(
    key: string,
    body: Uint8Array,
    metadata: Readonly<Record<string, string>> = {},
  ): Promise<Handled> {
    return this.handled(key, async () => {
      const url = this.objectUrl(this.service.uploadsBucket, key);
      const headers = Object.entries(metadata).map(([name, value]): [string, string] => [
        `x-amz-meta-${name}`,
        value,
      ]);
      const answer = await fetch(url, { method: "PUT", body: Buffer.from(body), headers });
      assert.equal(answer.status, 200);
    });
  }

  #lines(key: string): Handled[] {
    return this.output
      .split("\n")
      .filter((line) => line.startsWith("{") && line.endsWith("}"))
      .map((line) => JSON.parse(line) as Handled)
      .filter((line) => line.key === key && line.outcome !== undefined);
  }
}

/** The command with these arguments, its output piped. */
export function serve(options: readonly string[]): ChildProcess {
  return spawn(process.execPath, ["--input-type=module", "--eval", SERVE, "--", ...options], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
  });
}
