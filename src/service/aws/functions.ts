import {
  GetFunctionConfigurationCommand,
  LambdaClient,
  paginateListVersionsByFunction,
  ResourceNotFoundException,
  UpdateAliasCommand,
} from "@aws-sdk/client-lambda";
import { ZippyNetError } from "../../codec/errors.ts";
import { ALIAS, DEPLOYMENT } from "../settings.ts";

/** The version of a function that its alias points to. */
export interface CurrentVersion {
  /** The ARN of this version, not that of the alias. */
  readonly arn: string;
  /** Its environment variables. */
  readonly variables: Readonly<Record<string, string>>;
}

/** The versions of deployed functions. Errors are those of the SDK, and `bad-option` if there is no such function. */
export class DeployedFunctions {
  readonly #client: LambdaClient;

  constructor() {
    const endpoint = process.env["AWS_ENDPOINT_URL_LAMBDA"] ?? process.env["AWS_ENDPOINT_URL"];
    this.#client = new LambdaClient(endpoint === undefined ? {} : { endpoint });
  }

  async current(name: string): Promise<CurrentVersion> {
    try {
      const { FunctionArn, Version, Environment } = await this.#client.send(
        new GetFunctionConfigurationCommand({ FunctionName: name, Qualifier: ALIAS }),
      );
      const arn = FunctionArn!.split(":").slice(0, 7).join(":");
      return { arn: `${arn}:${Version}`, variables: Environment?.Variables ?? {} };
    } catch (cause) {
      if (!(cause instanceof ResourceNotFoundException)) throw cause;
      throw new ZippyNetError(
        "bad-option",
        `expected a deployed function with the alias "${ALIAS}", got "${name}"`,
        { cause },
      );
    }
  }

  /** The version that each deployment published. A deployment is named by its time, see `DEPLOYMENT`. */
  async deployments(name: string): Promise<ReadonlyMap<string, number>> {
    const found = new Map<string, number>();
    const pages = paginateListVersionsByFunction({ client: this.#client }, { FunctionName: name });
    for await (const { Versions = [] } of pages) {
      for (const { Version, Environment } of Versions) {
        const deployment = Environment?.Variables?.[DEPLOYMENT];
        if (Version === "$LATEST" || deployment === undefined) continue;
        found.set(deployment, Math.max(Number(Version), found.get(deployment) ?? 0));
      }
    }
    return found;
  }

  /** Points the alias of a function to a version. Later invocations run that version. */
  async use(name: string, version: number): Promise<void> {
    const input = { FunctionName: name, Name: ALIAS, FunctionVersion: String(version) };
    await this.#client.send(new UpdateAliasCommand(input));
  }
}
