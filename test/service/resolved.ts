import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What tests look at of serverless.yml with the files that it names, its variables resolved. */
export interface Resolved {
  readonly custom: { readonly layer: unknown };
  readonly provider: {
    readonly environment: Readonly<Record<string, unknown>>;
    readonly stackTags: Readonly<Record<string, string>>;
    readonly versionFunctions: boolean;
    readonly tracing: { readonly lambda: boolean };
    readonly s3: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  };
  readonly functions: Readonly<Record<string, ResolvedFunction>>;
  readonly resources: {
    readonly Conditions: Readonly<Record<string, unknown>>;
    readonly Resources: Readonly<Record<string, Resource>>;
    readonly Outputs: Readonly<Record<string, { readonly Condition?: string }>>;
    /** Of what osls itself makes. */
    readonly extensions: Readonly<Record<string, Omit<Resource, "Type">>>;
  };
}

export interface ResolvedFunction {
  readonly role: string;
  readonly environment: Readonly<Record<string, unknown>>;
  readonly maximumRetryAttempts?: number;
  readonly destinations?: unknown;
  readonly events?: readonly {
    readonly s3?: { readonly bucket: string; readonly event: string };
    readonly httpApi?: string;
  }[];
}

export interface Resource {
  readonly Type: string;
  readonly Condition?: string;
  readonly DependsOn?: readonly string[];
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly Properties: Record<string, unknown>;
}

/** serverless.yml as `osls` understands it with these parameters, `name=value`. Takes seconds. */
export async function resolve(...parameters: string[]): Promise<Resolved> {
  const osls = fileURLToPath(new URL("../../node_modules/osls/bin/serverless.js", import.meta.url));
  const args = [osls, "print", "--format", "json", ...parameters.flatMap((each) => ["--param", each])];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, SLS_TELEMETRY_DISABLED: "1", SLS_NOTIFICATIONS_MODE: "off" },
    maxBuffer: 2 ** 24,
  });
  return JSON.parse(stdout) as Resolved;
}
