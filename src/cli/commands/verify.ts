import { availableParallelism } from "node:os";
import { Command } from "commander";
import { EXIT_FAILED, MAX_JOBS, whole } from "../options.ts";
import { eachLatents } from "../s3/each-latents.ts";
import { type Place, place, s3Url, useBucket } from "../s3/s3-location.ts";
import { countText } from "../s3/summary.ts";

interface VerifyOptions {
  readonly uploadsBucket?: string;
  readonly jobs?: number;
  readonly json?: boolean;
}

/** `zippynet verify`: whether all latents decode, and are as good as their metadata say. */
export function verifyCommand(): Command {
  return new Command("verify")
    .description(
      "Decodes all latents of a bucket and, where their upload still exists, compares their PSNR with what their metadata say. Counts them by their models. Uploads in an archive (Glacier) are not compared.",
    )
    .argument("<latents>", "where the latents are: s3://bucket/prefix", place)
    .option(
      "--uploads-bucket <name>",
      "where the uploads are (default: ZIPPYNET_UPLOADS_BUCKET, or the local service's; without, latents are decoded only)",
    )
    .option("-j, --jobs <n>", "cores to use (default: all)", whole(1, MAX_JOBS))
    .option("--json", "report as JSON")
    .action(verify);
}

async function verify(where: Place, options: VerifyOptions): Promise<void> {
  const { uploadsBucket } = await useBucket(where.bucket, options);
  const summary = await eachLatents(where, options.jobs ?? availableParallelism(), ({ key }) => ({
    do: "verify",
    key,
    uploadsBucket,
  }));
  const [verified, decoded, outdated] = [
    summary.of("verified"),
    summary.of("decoded"),
    summary.of("outdated"),
  ];
  const { failed, failures, models } = summary;
  if (options.json) {
    process.stdout.write(
      `${JSON.stringify({ verified, decoded, outdated, failed, models, failures }, undefined, 2)}\n`,
    );
  } else {
    const n = (count: number): string => count.toLocaleString("en");
    console.log(
      `${countText(verified + decoded + outdated + failed, "object")} in ${s3Url(where.bucket, where.prefix)}: ` +
        `${n(verified)} as good as promised, ${n(decoded)} decoded (no upload to compare with), ` +
        `${n(outdated)} of an upload that has changed since, ${n(failed)} failed`,
    );
    for (const [model, count] of Object.entries(models)) console.log(`  by ${model}: ${n(count)}`);
  }
  if (failed > 0) process.exitCode = EXIT_FAILED;
}
