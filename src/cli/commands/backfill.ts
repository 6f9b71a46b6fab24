import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import { Command, InvalidArgumentError } from "commander";
import type { Cost } from "../../service/backfill/cost.ts";
import type { Scope, State } from "../../service/backfill/survey.ts";
import type { ServiceContext } from "../../service/encode/context.ts";
import { EXIT_FAILED, MAX_JOBS, usage, whole } from "../options.ts";
import { type Progress, startProgress } from "../progress.ts";
import { failureLine, isFailure } from "../results.ts";
import type { ObjectTask } from "../s3/object-work.ts";
import { type Place, place, s3Url, useBucket, useSettingsOf } from "../s3/s3-location.ts";
import { bytesText, countText, Summary } from "../s3/summary.ts";

interface BackfillOptions {
  readonly function?: string;
  readonly batch?: string;
  readonly latentsBucket?: string;
  readonly before?: Date;
  readonly prune?: boolean;
  readonly dryRun?: boolean;
  readonly jobs?: number;
  readonly json?: boolean;
}

/** `zippynet backfill`: latents for all uploads that have none, or outdated ones. */
export function backfillCommand(): Command {
  return new Command("backfill")
    .description(
      "Encodes, on this machine, the uploads of a bucket that have no latents yet, or outdated ones. " +
        "It may be interrupted at any time and started again: what is up to date is passed over, a job under way is followed.",
    )
    .argument("<uploads>", "where the uploads are: s3://bucket/prefix", place)
    .option(
      "--latents-bucket <name>",
      "where the latents go (default: ZIPPYNET_LATENTS_BUCKET, or the local service's)",
    )
    .option(
      "--function <name>",
      "take the settings of a deployed encode function, such as zippynet-live-encode; else ZIPPYNET_MODEL, ZIPPYNET_QUALITY and so on",
    )
    .option(
      "--batch <name>",
      "let S3 Batch Operations do it, with a deployed batch function, such as zippynet-live-batch, and follow its job",
    )
    .option("--before <time>", "encode again what was encoded before this time, such as 2026-05-01", time)
    .option(
      "--prune",
      "delete latents whose upload is gone, unless the bucket is empty; else they are counted",
    )
    .option("--dry-run", "do nothing: count, and estimate the cost")
    .option("-j, --jobs <n>", "cores to use (default: all)", whole(1, MAX_JOBS))
    .option("--json", "report as JSON")
    .action(backfill);
}

async function backfill(where: Place, options: BackfillOptions, command: Command): Promise<void> {
  if (options.batch !== undefined && (options.prune || options.jobs)) {
    usage(command, "expected --batch without --prune and --jobs, which are for work on this machine");
  }
  const deployed = options.function ?? options.batch;
  if (deployed !== undefined) await useSettingsOf(deployed);
  const { latentsBucket } = await useBucket(where.bucket, options);
  if (latentsBucket === undefined) {
    usage(command, "expected --latents-bucket with a name, or ZIPPYNET_LATENTS_BUCKET in the environment");
  }
  if (latentsBucket === where.bucket) {
    usage(command, `expected the latents in a bucket of their own, got ${latentsBucket} for both`);
  }
  process.env["ZIPPYNET_LATENTS_BUCKET"] = latentsBucket; // for this thread and the others
  const { serviceContext } = await import("../../service/encode/context.ts"); // not before the call is known to be right
  const context = await serviceContext();
  if (options.prune && !options.dryRun && (await isEmpty(context, where.bucket))) {
    usage(command, `expected --prune with a bucket that has uploads, got ${where.bucket}, which is empty`);
  }
  const run = new Backfill(context, where, options);
  const report = await (options.dryRun
    ? run.estimate()
    : options.batch === undefined
      ? run.encode()
      : run.encodeByJob(options.batch));
  if (options.json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  else print(report, where);
  if (report.failed) process.exitCode = EXIT_FAILED;
}

/** Whether a bucket has no objects: hardly the one that all latents in the other were made of. */
async function isEmpty({ store }: ServiceContext, bucket: string): Promise<boolean> {
  for await (const _ of store.list(bucket, "")) return false;
  return true;
}

/** What `--json` prints. */
interface Report extends Record<Exclude<State, "foreign">, number> {
  readonly uploads: number;
  /** Bytes of the uploads that have no latents, or outdated ones. */
  readonly bytes: number;
  /** US dollars. */
  readonly cost: Cost;
  readonly encoded?: number;
  readonly removed?: number;
  readonly failed?: number;
  /** Sums over what was encoded: bytes of uploads and of files. */
  readonly bytesBefore?: number;
  readonly bytesAfter?: number;
  readonly failures?: Summary["failures"];
  /** Id of the job of S3 Batch Operations, with `--batch`. */
  readonly job?: string;
}

class Backfill {
  readonly #context: ServiceContext;
  readonly #scope: Scope;
  readonly #options: BackfillOptions;
  readonly #states: Record<State, number> = { missing: 0, outdated: 0, current: 0, orphan: 0, foreign: 0 };
  #questions = 0;
  #bytes = 0;

  constructor(context: ServiceContext, { bucket, prefix }: Place, options: BackfillOptions) {
    this.#context = context;
    this.#scope = { uploadsBucket: bucket, prefix, before: options.before };
    this.#options = options;
  }

  async estimate(): Promise<Report> {
    for await (const _ of this.#tasks()) {
      // there is nothing to do but count
    }
    return this.#report();
  }

  async encode(): Promise<Report> {
    const { doTasks } = await import("../s3/object-work.ts");
    const progress = startProgress(0, "uploads");
    const summary = new Summary((failure) => progress.say(failureLine(failure)));
    const counting = process.stderr.isTTY ? this.#countInto(progress) : undefined;
    counting?.catch(() => undefined); // the work throws the same error
    const note = (): string => `${bytesText(summary.saved)} saved`;
    const tasks = this.#tasks(() => progress.advance(1, note()));
    try {
      for await (const result of doTasks(tasks, this.#options.jobs ?? availableParallelism())) {
        summary.add(result);
        if (!isFailure(result) && result.outcome === "current") this.#foundCurrent(result.state!);
        progress.advance(1, note());
      }
    } finally {
      progress.stop();
    }
    const { failed, bytesBefore, bytesAfter, failures } = summary;
    const [encoded, removed] = [summary.of("encoded"), summary.of("removed")];
    return { ...(await this.#report()), encoded, removed, failed, bytesBefore, bytesAfter, failures };
  }

  /** What asks for other than the settings, and has it, or was encoded by someone else since it was listed. */
  #foundCurrent(before: State): void {
    this.#states[before]--;
    this.#states.current++;
  }

  /** A backfill by a job of S3 Batch Operations, which continues if this process ends. */
  async encodeByJob(batchFunction: string): Promise<Report> {
    const { followJob } = await import("../s3/follow-job.ts");
    const { uploadsBucket, before } = this.#scope;
    const followed = await followJob(this.#context, batchFunction, {
      uploadsBucket,
      latentsBucket: this.#context.settings.latentsBucket,
      description: jobDescription(this.#scope, batchFunction),
      again: before !== undefined,
      keys: async () => {
        const keys: string[] = [];
        for await (const { key } of this.#tasks()) keys.push(key);
        return keys;
      },
    });
    return { ...(await this.#report()), ...followed };
  }

  /** The uploads to encode. `onCurrent` is called for each one that needs nothing. */
  async *#tasks(onCurrent: () => void = () => undefined): AsyncGenerator<ObjectTask, void, undefined> {
    const { survey } = await import("../../service/backfill/survey.ts");
    const { uploadsBucket: bucket } = this.#scope;
    for await (const { key, state, size, asked, early } of survey(this.#context, this.#scope)) {
      this.#states[state]++;
      if (asked) this.#questions++;
      if (state === "missing" || state === "outdated") {
        this.#bytes += size;
        yield { do: "encode", bucket, key, again: early, state };
      } else if (state === "orphan" && this.#options.prune) {
        yield { do: "encode", bucket, key, again: false, state };
      } else if (state !== "orphan") onCurrent();
    }
  }

  /** Lists the uploads once more, ahead of the work, so that a bar can say how long it takes. */
  async #countInto(progress: Progress): Promise<void> {
    let count = 0;
    for await (const _ of this.#context.store.list(this.#scope.uploadsBucket, this.#scope.prefix)) {
      if (++count % 1000 === 0) progress.grow(1000);
    }
    progress.grow(count % 1000);
  }

  async #report(): Promise<Report> {
    const { backfillCost } = await import("../../service/backfill/cost.ts");
    const { foreign: _, ...states } = this.#states;
    const uploads = states.missing + states.outdated + states.current;
    const encodes = states.missing + states.outdated;
    const latents = states.outdated + states.current + states.orphan;
    const bytes = this.#bytes;
    const byJob = this.#options.batch !== undefined;
    const cost = backfillCost({ uploads, latents, questions: this.#questions, encodes, bytes, byJob });
    return { uploads, ...states, bytes, cost };
  }
}

/**
 * By this a job under way is found again: what it is for, as much as S3's 256 characters hold, and a hash of all of
 * that.
 */
function jobDescription({ uploadsBucket, prefix, before }: Scope, batchFunction: string): string {
  const since = before ? ` --before ${before.toISOString()}` : "";
  const words = `zippynet backfill ${s3Url(uploadsBucket, prefix)} --batch ${batchFunction}${since}`;
  const hash = createHash("sha256").update(words).digest("hex").slice(0, 12);
  return `${words.slice(0, 240)} (${hash})`;
}

function print(report: Report, { bucket, prefix }: Place): void {
  const { uploads, missing, outdated, current, orphan, encoded, removed, bytes, cost } = report;
  const n = (count: number): string => count.toLocaleString("en");
  const isOnlyFollowed = report.job !== undefined && uploads === 0; // then nothing was counted
  if (!isOnlyFollowed)
    console.log(
      `${countText(uploads, "upload")} in ${s3Url(bucket, prefix)}: ${n(current)} up to date, ` +
        `${n(missing)} without latents, ${n(outdated)} with outdated ones; ` +
        `${n(orphan)} latents whose upload is gone`,
    );
  if (encoded === undefined) {
    console.log(
      `to encode: ${countText(missing + outdated, "upload")}, ${bytesText(bytes)}; ` +
        `about $${cost.requests.toFixed(2)} for requests at list prices, ` +
        (cost.job > 0
          ? `and $${cost.job.toFixed(2)} for the job and its functions`
          : `and $${cost.transferOut.toFixed(2)} for the transfer unless this machine is in the buckets' region`),
    );
    return;
  }
  const { bytesBefore, bytesAfter = 0, failed = 0 } = report;
  const bytesSaved =
    bytesBefore === undefined ? "" : `, ${bytesText(bytesBefore)} → ${bytesText(bytesAfter)}`;
  console.log(
    `${n(encoded)} encoded${bytesSaved}` +
      `${removed ? `, ${n(removed)} removed` : ""}${failed ? `, ${n(failed)} failed` : ""}`,
  );
}

function time(text: string): Date {
  const date = new Date(text);
  if (Number.isNaN(date.getTime()))
    throw new InvalidArgumentError("expected a time such as 2026-05-01 or 2026-05-01T12:00Z.");
  return date;
}
