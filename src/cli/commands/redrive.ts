import { Command } from "commander";
import type { MessageQueue } from "../../service/aws/sqs.ts";
import type { Failed } from "../../service/backfill/redrive.ts";
import type { Upload } from "../../service/encode/encode-object.ts";
import { isPermanentCode } from "../../service/retries.ts";
import { EXIT_FAILED, usage } from "../options.ts";
import { type Failure, failureLine, isFailure } from "../results.ts";
import type { ObjectResult } from "../s3/object-work.ts";
import { s3Url, useBucket, useSettingsOf } from "../s3/s3-location.ts";
import { countText } from "../s3/summary.ts";

interface RedriveOptions {
  readonly function?: string;
  readonly queue?: string;
  readonly latentsBucket?: string;
  readonly discardRejected?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** `zippynet redrive`: tries again what failed. */
export function redriveCommand(): Command {
  return new Command("redrive")
    .description(
      "Encodes, on this machine, the uploads that the failures queue names. What works now leaves the queue; what does not " +
        "stays in it, and is reported with its reason.",
    )
    .option("--queue <url>", "of the failures queue (default: ZIPPYNET_FAILURES_QUEUE_URL)")
    .option("--latents-bucket <name>", "where the latents go (default: ZIPPYNET_LATENTS_BUCKET)")
    .option(
      "--function <name>",
      "take queue, bucket and settings of a deployed encode function, such as zippynet-live-encode",
    )
    .option(
      "--discard-rejected",
      "take out of the queue, too, what can never be encoded; uploads stay as they are",
    )
    .option("--dry-run", "do nothing: list what is in the queue, and why")
    .option("--json", "report as JSON")
    .action(redrive);
}

/** What `--json` prints. */
interface Report {
  messages: number;
  /** Messages that left the queue. */
  settled: number;
  /** Messages that are still in the queue. */
  failures: Failure[];
}

async function redrive(options: RedriveOptions, command: Command): Promise<void> {
  if (options.function !== undefined) await useSettingsOf(options.function);
  const url = options.queue ?? process.env["ZIPPYNET_FAILURES_QUEUE_URL"];
  if (url === undefined || !URL.canParse(url)) {
    usage(
      command,
      "expected --queue with the URL of a queue, or ZIPPYNET_FAILURES_QUEUE_URL in the environment",
    );
  }
  const { latentsBucket } = await useBucket("", options);
  if (latentsBucket === undefined && !options.dryRun) {
    usage(command, "expected --latents-bucket with a name, or ZIPPYNET_LATENTS_BUCKET in the environment");
  }
  if (latentsBucket !== undefined) process.env["ZIPPYNET_LATENTS_BUCKET"] = latentsBucket;
  if (!options.dryRun) {
    // what would fail for every upload fails now, before messages are taken that others could not see for minutes
    const { serviceContext } = await import("../../service/encode/context.ts");
    await serviceContext();
  }
  const { MessageQueue } = await import("../../service/aws/sqs.ts");
  const report = await work(new MessageQueue(url), options);
  const { messages, settled, failures } = report;
  if (options.json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  else {
    for (const each of failures) console.error(failureLine(each));
    console.log(
      `${countText(messages, "message")}, ${settled} settled, ${messages - settled} still in the queue`,
    );
  }
  if (failures.length > 0 && !options.dryRun) process.exitCode = EXIT_FAILED;
}

async function work(queue: MessageQueue, options: RedriveOptions): Promise<Report> {
  const { failedUploads } = await import("../../service/backfill/redrive.ts");
  const report: Report = { messages: 0, settled: 0, failures: [] };
  const kept: string[] = [];
  try {
    for await (const failed of failedUploads(queue)) {
      report.messages++;
      const { handle } = failed.message;
      const failures = options.dryRun ? failuresOf(failed) : await tryAgain(failed);
      const settled = failures.every(({ error }) => options.discardRejected && isPermanentCode(error.code));
      if (settled && !options.dryRun) {
        await queue.delete(handle);
        report.settled++;
        continue;
      }
      report.failures.push(...failures);
      kept.push(handle);
    }
  } finally {
    // not earlier: a released message would be received again
    for (const handle of kept) await queue.release(handle).catch(() => undefined); // or it returns after some minutes
  }
  return report;
}

function failuresOf({ uploads, reason, message }: Failed): Failure[] {
  const places =
    uploads.length > 0 ? uploads.map(({ bucket, key }) => s3Url(bucket, key)) : [`message ${message.id}`];
  return places.map((place) => ({ in: place, error: { code: "internal", message: reason } }));
}

/** Uploads that still fail. A message that is not ours always fails. */
async function tryAgain(failed: Failed): Promise<Failure[]> {
  if (failed.uploads.length === 0) return failuresOf(failed);
  const { doTask } = await import("../s3/object-work.ts");
  const encode = ({ bucket, key }: Upload): Promise<ObjectResult> =>
    doTask({ do: "encode", bucket, key, again: false });
  return (await Promise.all(failed.uploads.map(encode))).filter(isFailure);
}
