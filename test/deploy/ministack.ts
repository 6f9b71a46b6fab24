import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { PYTHON } from "./ministack-folder.ts";
import { until } from "./until.ts";

/**
 * Stands for `node` on the emulator's PATH. ministack unpacks a function's layers into folders of its own where Lambda
 * unpacks them into /opt; this brings them together in one, and says where it is. `$1` is the script by which ministack
 * runs the handler.
 */
const NODE = `#!/bin/sh
opt=$(dirname "$1")/opt
mkdir -p "$opt"
IFS=:
for layer in $_LAMBDA_LAYERS_DIRS; do ln -sfn "$layer"/* "$opt"; done
export ZIPPYNET_MODELS="$opt/models" ZIPPYNET_SHARP="$opt/nodejs"
exec '${process.execPath}' "$@"
`;

/** What stands in for /opt, so no function may bring them itself: ministack gives them precedence. */
export const PATHS_IN_OPT: ReadonlySet<string> = new Set(["ZIPPYNET_MODELS", "ZIPPYNET_SHARP"]);

/** AWS on this machine: functions run in processes of Node, and IAM's policies are evaluated. */
export class Ministack {
  readonly port: number;
  readonly folder: string;
  readonly #child: ChildProcess;
  readonly #output: string[] = [];

  private constructor(port: number, folder: string, child: ChildProcess) {
    this.port = port;
    this.folder = folder;
    this.#child = child;
    for (const stream of [child.stdout!, child.stderr!])
      stream.setEncoding("utf8").on("data", (text) => this.#output.push(text));
  }

  static async start(): Promise<Ministack> {
    const folder = await mkdtemp(join(tmpdir(), "zippynet-deploy-"));
    const bin = join(folder, "bin");
    await mkdir(bin);
    await writeFile(join(bin, "node"), NODE);
    await chmod(join(bin, "node"), 0o755);
    const port = await freePort();
    const child = spawn(PYTHON, ["-m", "ministack"], {
      env: {
        PATH: [bin, process.env["PATH"]].join(delimiter),
        HOME: folder,
        TMPDIR: folder,
        BIND_HOST: "127.0.0.1",
        GATEWAY_PORT: String(port),
        AUTH: "true",
        IOT_MTLS_ENABLED: "0", // a port of its own
        LAMBDA_ASYNC_RETRY_BASE_SECONDS: "0.1", // a minute in AWS
        LAMBDA_ACCOUNT_CONCURRENCY: "8",
      },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true, // a process group, so that it goes with the functions that it runs
    });
    const ministack = new Ministack(port, folder, child);
    await until("ministack answers", async () => {
      assert.equal(child.exitCode, null, `ministack ended:\n${ministack.output}`);
      const answer = await fetch(`${ministack.endpoint}/_ministack/health`).catch(() => undefined);
      return answer?.ok;
    });
    return ministack;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** With what the functions logged. */
  get output(): string {
    return this.#output.join("");
  }

  /** The environment for a program that is to take this for AWS, as the owner of the account. */
  get environment(): NodeJS.ProcessEnv {
    const foreign = /^(AWS_|ZIPPYNET_|NODE_TEST_)/;
    return {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name))),
      AWS_ENDPOINT_URL: this.endpoint,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
    };
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null) {
      process.kill(-this.#child.pid!, "SIGTERM");
      await once(this.#child, "exit");
    }
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  await new Promise((resolve) => server.close(resolve));
  return address.port;
}
