import { ZippyNetError } from "../../codec/errors.ts";

/**
 * Takes over the settings of a deployed encode function (model, quality, effort, limits, buckets, queue), so that what
 * is encoded here is what it would make. What this environment says itself stays. The paths under /opt are the
 * function's own affair. Throws `bad-option` if there is no such function; and what Lambda throws.
 */
export async function useSettingsOf(name: string): Promise<void> {
  const { GetFunctionConfigurationCommand, LambdaClient, ResourceNotFoundException } = await import(
    "@aws-sdk/client-lambda"
  );
  const { env } = process;
  const endpoint = env["AWS_ENDPOINT_URL_LAMBDA"] ?? env["AWS_ENDPOINT_URL"];
  const client = new LambdaClient(endpoint === undefined ? {} : { endpoint });
  try {
    const { Environment } = await client.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
    for (const [variable, value] of Object.entries(Environment?.Variables ?? {})) {
      if (variable.startsWith("ZIPPYNET_") && !LOCAL.has(variable)) env[variable] ??= value;
    }
  } catch (cause) {
    if (!(cause instanceof ResourceNotFoundException)) throw cause;
    throw new ZippyNetError("bad-option", `expected a deployed encode function, got "${name}"`, { cause });
  }
}

const LOCAL: ReadonlySet<string> = new Set(["ZIPPYNET_MODELS", "ZIPPYNET_SHARP", "ZIPPYNET_METRICS"]);
