import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { S3BatchResult } from "aws-lambda";
import type { ObjectStore } from "../../src/service/aws/s3.ts";
import { ALIAS } from "../../src/service/settings.ts";
import { listen, originOf } from "./listen.ts";

export const ACCOUNT = "123456789012";
const FUNCTION = `arn:aws:lambda:us-east-1:${ACCOUNT}:function:zippynet-test-batch`;
const NAMESPACE = 'xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/"';

interface Job {
  readonly id: string;
  readonly body: string;
  status: string;
  total: number;
  succeeded: number;
  failed: number;
  /** Once it has begun. */
  run?: Promise<void>;
}

/**
 * S3 Control's jobs and the call of Lambda that creating one takes, played by this process, as no emulator has them:
 * requests and answers are those of the services' models; each row of a manifest goes to the handler that it is given,
 * three times if it fails for the time being. As in S3, a job of which too much fails is stopped. Jobs stay as they are
 * while `held`.
 */
export class BatchControl {
  readonly jobs: Job[] = [];
  /** What was asked for, in order. */
  readonly requests: string[] = [];
  held = false;
  /** From how many tasks on a job is stopped if more than half of them have failed. */
  threshold = 1000;
  readonly #server: Server;
  readonly #store: ObjectStore;
  readonly #handler: (event: unknown) => Promise<S3BatchResult>;

  private constructor(store: ObjectStore, handler: BatchControl["handle"]) {
    this.#store = store;
    this.#handler = handler;
    this.#server = createServer((request, response) => {
      this.#answer(request).then(
        ({ type, body }) => response.setHeader("content-type", type).end(body),
        (error: unknown) => response.writeHead(500, { "content-type": "text/plain" }).end(String(error)),
      );
    });
  }

  get handle(): (event: unknown) => Promise<S3BatchResult> {
    return this.#handler;
  }

  static async start(store: ObjectStore, handler: BatchControl["handle"]): Promise<BatchControl> {
    const control = new BatchControl(store, handler);
    await listen(control.#server);
    return control;
  }

  get endpoint(): string {
    return originOf(this.#server);
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  async #answer(request: IncomingMessage): Promise<{ type: string; body: string }> {
    const { pathname, searchParams } = new URL(request.url!, "http://localhost");
    this.requests.push(`${request.method} ${pathname}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    if (pathname.endsWith("/configuration")) {
      const Variables = {
        ZIPPYNET_LATENTS_BUCKET: "latents",
        ZIPPYNET_BATCH_JOB_ROLE: `arn:aws:iam::${ACCOUNT}:role/job`,
      };
      if (searchParams.get("Qualifier") !== ALIAS) throw new Error("expected the alias of the function");
      return json({ FunctionArn: `${FUNCTION}:${ALIAS}`, Version: "7", Environment: { Variables } });
    }
    if (request.headers["x-amz-account-id"] !== ACCOUNT) throw new Error("expected the account's number");
    if (request.method === "POST") {
      const job = {
        id: `job-${this.jobs.length}`,
        body,
        status: "Active",
        total: 0,
        succeeded: 0,
        failed: 0,
      };
      this.jobs.push(job);
      return xml("CreateJobResult", `<JobId>${job.id}</JobId>`);
    }
    const id = /\/jobs\/(.+)$/.exec(pathname)?.[1];
    if (id === undefined) {
      const asked = searchParams.getAll("jobStatuses");
      const listed = this.jobs.filter(({ status }) => asked.includes(status)).map(describe);
      return xml(
        "ListJobsResult",
        `<Jobs>${listed.map((text) => `<member>${text}</member>`).join("")}</Jobs>`,
      );
    }
    const job = this.jobs.find((each) => each.id === id)!;
    if (!this.held) {
      job.run ??= this.#run(job);
      await job.run;
    }
    return xml("DescribeJobResult", `<Job>${describe(job)}</Job>`);
  }

  async #run(job: Job): Promise<void> {
    const [bucket, key] = splitArn(text(job.body, "ObjectArn"));
    const manifest = await this.#store.read(bucket, key);
    if (manifest?.etag.replaceAll('"', "") !== text(job.body, "ETag")) throw new Error("another manifest");
    const rows = Buffer.from(manifest.bytes).toString().trim().split("\n");
    const reports = { succeeded: [] as string[], failed: [] as string[] };
    job.total = rows.length;
    for (const [index, row] of rows.entries()) {
      const [s3Bucket, s3Key] = row.split(",") as [string, string];
      let result: S3BatchResult["results"][number];
      let tries = 0;
      do {
        const answer = await this.#handler({
          invocationSchemaVersion: text(job.body, "InvocationSchemaVersion"),
          invocationId: `${job.id}-${index}`,
          job: { id: job.id, userArguments: userArgumentsOf(job.body) },
          tasks: [{ taskId: String(index), s3Key, s3VersionId: null, s3Bucket }],
        });
        result = answer.results[0]!;
      } while (result.resultCode === "TemporaryFailure" && ++tries < 3);
      const status = result.resultCode === "Succeeded" ? "succeeded" : "failed";
      job[status]++;
      const quoted = result.resultString.replaceAll('"', '""');
      reports[status].push(`${s3Bucket},${s3Key},,${status},200,200,"${quoted}"\n`);
      if (index + 1 >= this.threshold && job.failed > (index + 1) / 2) {
        job.status = "Failed";
        break;
      }
    }
    if (job.status === "Active") job.status = "Complete";
    const prefix = `${text(job.body, "Prefix")}/job-${job.id}`;
    const put = (at: string, body: string) =>
      this.#store.put(bucket, at, undefined, { bytes: Buffer.from(body), type: "text/plain" });
    const all = text(job.body, "ReportScope") === "AllTasks";
    const Results: { TaskExecutionStatus: string; Key: string }[] = [];
    for (const [TaskExecutionStatus, rows] of Object.entries(reports)) {
      if (rows.length === 0 || !(all || TaskExecutionStatus === "failed")) continue;
      const Key = `${prefix}/results/${TaskExecutionStatus}.csv`;
      await put(Key, rows.join(""));
      Results.push({ TaskExecutionStatus, Key });
    }
    await put(`${prefix}/manifest.json`, JSON.stringify({ Format: "Report_CSV_20180820", Results }));
  }
}

function describe({ id, body, status, total, succeeded, failed }: Job): string {
  const progress = `<TotalNumberOfTasks>${total}</TotalNumberOfTasks><NumberOfTasksSucceeded>${succeeded}</NumberOfTasksSucceeded><NumberOfTasksFailed>${failed}</NumberOfTasksFailed>`;
  return `<JobId>${id}</JobId><Description>${text(body, "Description")}</Description><Status>${status}</Status><ProgressSummary>${progress}</ProgressSummary>`;
}

function userArgumentsOf(body: string): Record<string, string> | null {
  const entries = [...body.matchAll(/<key>([^<]*)<\/key><value>([^<]*)<\/value>/g)];
  return entries.length === 0 ? null : Object.fromEntries(entries.map(([, name, value]) => [name!, value!]));
}

/** The text of the first element of a name. */
export function text(xml: string, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? "";
}

function splitArn(arn: string): [bucket: string, key: string] {
  const [, bucket, key] = /^arn:aws:s3:::([^/]+)\/(.+)$/.exec(arn)!;
  return [bucket!, key!];
}

function xml(name: string, inner: string): { type: string; body: string } {
  return { type: "application/xml", body: `<${name} ${NAMESPACE}>${inner}</${name}>` };
}

function json(value: unknown): { type: string; body: string } {
  return { type: "application/json", body: JSON.stringify(value) };
}
