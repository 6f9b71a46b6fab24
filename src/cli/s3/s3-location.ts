import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InvalidArgumentError } from "commander";
import type { LocalService } from "../../local/run.ts";

/** A place in S3: a bucket, and what the keys begin with. */
export interface Place {
  readonly bucket: string;
  readonly prefix: string;
}

const FOLDER = fileURLToPath(new URL("../../../.zippynet", import.meta.url));

/** A parser of `s3://bucket/prefix`, for commander. */
export function place(text: string): Place {
  const [, bucket, prefix = ""] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/s.exec(text) ?? [];
  if (bucket === undefined) {
    throw new InvalidArgumentError(
      "expected a place in S3, s3://bucket/prefix, with a bucket of 3–63 lower-case letters, digits, dots and hyphens.",
    );
  }
  return { bucket, prefix };
}

/** The local service, if it runs. */
async function localService(): Promise<LocalService | undefined> {
  const file = join(process.env["ZIPPYNET_LOCAL"] ?? FOLDER, "local.json");
  const json = await readFile(file, "utf8").catch(() => undefined);
  return json === undefined ? undefined : (JSON.parse(json) as LocalService);
}

/** The two buckets of the service, if they are known. */
export interface Buckets {
  readonly uploadsBucket: string | undefined;
  readonly latentsBucket: string | undefined;
}

/**
 * Finds the other bucket and sets the environment for the SDK: AWS as it is configured, or, if the bucket is one of the
 * local service's and nobody named an endpoint, that service. An option comes first, then the environment
 * (ZIPPYNET_UPLOADS_BUCKET, ZIPPYNET_LATENTS_BUCKET), then the local service.
 */
export async function useBucket(bucket: string, named: Partial<Buckets>): Promise<Buckets> {
  const { env } = process;
  const local = await localService();
  const isLocal = local !== undefined && [local.uploadsBucket, local.latentsBucket].includes(bucket);
  if (isLocal && env["AWS_ENDPOINT_URL_S3"] === undefined && env["AWS_ENDPOINT_URL"] === undefined) {
    env["AWS_ENDPOINT_URL_S3"] = local.s3.endpoint;
    env["AWS_REGION"] = local.s3.region;
    env["AWS_ACCESS_KEY_ID"] = local.s3.accessKeyId;
    env["AWS_SECRET_ACCESS_KEY"] = local.s3.secretAccessKey;
    delete env["AWS_SESSION_TOKEN"];
    delete env["AWS_PROFILE"];
  }
  const known = isLocal ? local : undefined;
  return {
    uploadsBucket: named.uploadsBucket ?? env["ZIPPYNET_UPLOADS_BUCKET"] ?? known?.uploadsBucket,
    latentsBucket: named.latentsBucket ?? env["ZIPPYNET_LATENTS_BUCKET"] ?? known?.latentsBucket,
  };
}

/** The URL of an object, for messages. */
export function s3Url(bucket: string, key: string): string {
  return `s3://${bucket}/${key}`;
}

/**
 * Uses the settings of a deployed encode function (model, quality, effort, limits, buckets, queue), so that this
 * machine encodes what the function would. Variables that are set in this environment are kept. The paths under /opt
 * are not taken. Throws `bad-option` if there is no such function, and the errors of Lambda.
 */
export async function useSettingsOf(name: string): Promise<void> {
  const { DeployedFunctions } = await import("../../service/aws/functions.ts");
  const { variables } = await new DeployedFunctions().current(name);
  for (const [variable, value] of Object.entries(variables)) {
    if (variable.startsWith("ZIPPYNET_") && !LOCAL.has(variable)) process.env[variable] ??= value;
  }
}

const LOCAL: ReadonlySet<string> = new Set(["ZIPPYNET_MODELS", "ZIPPYNET_SHARP", "ZIPPYNET_METRICS"]);
