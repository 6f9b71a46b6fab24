import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, InvalidArgumentError, Option } from "commander";
import type { LocalService } from "../../local/run.ts";
import { freePort, RunningService, runningIn } from "../../local/run.ts";
import { buildWeb } from "../../web/build/build.ts";
import { WebServer } from "../../web/development/server.ts";

const FOLDER = fileURLToPath(new URL("../../../.zippynet", import.meta.url));

/** The usual port of the page. If another program uses it, the page takes a free one; nothing else depends on it. */
const WEB_PORT = 8080;

interface ServeOptions {
  readonly apiPort: number;
  readonly s3Port: number;
  /** Undefined: the usual port, or a free one if that is taken. */
  readonly webPort?: number;
  readonly folder: string;
  readonly verbose: boolean;
}

/** `zippynet serve`, which `npm start` runs: S3, the functions and the API of serverless.yml on this machine. */
export function serveCommand(): Command {
  return new Command("serve")
    .description("Runs the service on this machine: S3, encoding on upload, pictures by URL.")
    .addOption(
      new Option("--api-port <port>", "port of the API; 0 takes any free one")
        .env("ZIPPYNET_API_PORT")
        .default(3000)
        .argParser(parsePort),
    )
    .addOption(
      new Option("--s3-port <port>", "port of S3; 0 takes any free one")
        .env("ZIPPYNET_S3_PORT")
        .default(4569)
        .argParser(parsePort),
    )
    .addOption(
      new Option("--web-port <port>", `port of the page; by default ${WEB_PORT}, or any free one`)
        .env("ZIPPYNET_WEB_PORT")
        .argParser(parsePort),
    )
    .addOption(
      new Option("--folder <folder>", "where local.json and the objects are kept")
        .env("ZIPPYNET_LOCAL")
        .default(FOLDER, ".zippynet of the project"),
    )
    .option("--verbose", "show what the tools beneath say", false)
    .action(serve);
}

async function serve(options: ServeOptions): Promise<void> {
  const other = await runningIn(options.folder);
  if (other) {
    console.error(
      `In ${options.folder} a service runs already, at ${other.apiUrl}. Stop it, or choose another folder: --folder`,
    );
    process.exitCode = 1;
    return;
  }
  const apiPort = await takePort("API", options.apiPort, "--api-port", "ZIPPYNET_API_PORT");
  const s3Port = await takePort("S3", options.s3Port, "--s3-port", "ZIPPYNET_S3_PORT");
  const webPort =
    options.webPort === undefined
      ? ((await freePort(WEB_PORT)) ?? (await freePort(0)))
      : await takePort("page", options.webPort, "--web-port", "ZIPPYNET_WEB_PORT");
  if (apiPort === undefined || s3Port === undefined || webPort === undefined) {
    process.exitCode = 1;
    return;
  }
  const asked = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, () => asked.abort());
  console.log("Starting …");
  const web = await mkdtemp(join(tmpdir(), "zippynet-web-"));
  process.on("exit", () => rmSync(web, { recursive: true, force: true }));
  const built = buildWeb({ out: web });
  built.catch(() => undefined); // reported below, when the page is served
  const starting = RunningService.start({
    ...options,
    apiPort,
    s3Port,
    lambdaPort: (await freePort(0))!,
    abort: asked.signal,
  });
  const running = await starting.catch((error: Error) => {
    if (asked.signal.aborted) return undefined;
    console.error(error.message);
    process.exitCode = 1;
    return undefined;
  });
  if (!running) return;
  const page = await built
    .then(() => startPage(running.service, web, webPort))
    .catch((error: Error) => error);
  const url = page instanceof Error ? `not available: ${page.message}` : page.url;
  console.log(instructions(running.service, join(options.folder, "local.json"), url));
  asked.signal.addEventListener("abort", () => {
    console.log("Stopping …");
    void running.stop();
  });
  if (asked.signal.aborted) await running.stop();
  const lastWords = await running.ended;
  if (!(page instanceof Error)) await page.stop();
  if (lastWords === undefined) return;
  console.error(`The local service ended by itself.\n${lastWords}`);
  process.exitCode = 1;
}

async function takePort(
  what: string,
  port: number,
  option: string,
  variable: string,
): Promise<number | undefined> {
  const free = await freePort(port);
  if (free === undefined) {
    console.error(
      `Port ${port}, for the ${what}, is in use. Stop what listens there, or choose another port: ` +
        `npm start -- ${option} ${port + 1}, or ${variable}=${port + 1} npm start`,
    );
  }
  return free;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError("expected a port of 0–65535.");
  return port;
}

/** Serves the built page, which may upload to the bucket. */
async function startPage(
  { s3, uploadsBucket, apiUrl }: LocalService,
  folder: string,
  port: number,
): Promise<WebServer> {
  const service = { uploads: `${s3.endpoint}/${uploadsBucket}`, api: apiUrl };
  return WebServer.start({
    folder,
    port,
    connect: [s3.endpoint, apiUrl],
    files: { "service.json": JSON.stringify(service) },
  });
}

function instructions(
  { s3, uploadsBucket, latentsBucket, apiUrl }: LocalService,
  file: string,
  page: string,
): string {
  return `
ZippyNet is ready.

  page       ${page}
  API        ${apiUrl}
  S3         ${s3.endpoint}
  uploads    ${uploadsBucket}
  latents    ${latentsBucket}

Upload a picture, see its latents, open its URL:

  curl -T test/images/face-hat-64.png ${s3.endpoint}/${uploadsBucket}/face-hat-64.png
  curl -I ${s3.endpoint}/${latentsBucket}/face-hat-64.png.zn
  ${apiUrl}/images/face-hat-64.png

The same with the AWS command line:

  export AWS_ENDPOINT_URL_S3=${s3.endpoint} AWS_REGION=${s3.region}
  export AWS_ACCESS_KEY_ID=${s3.accessKeyId} AWS_SECRET_ACCESS_KEY=${s3.secretAccessKey}
  aws s3 cp test/images/face-hat-64.png s3://${uploadsBucket}/
  aws s3 ls s3://${latentsBucket}/

Programs find all this in ${file}. Ctrl-C stops the service.
`;
}
