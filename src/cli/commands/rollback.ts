import { Command, Option } from "commander";
import { ZippyNetError } from "../../codec/errors.ts";
import { DEPLOYMENT } from "../../service/settings.ts";

interface RollbackOptions {
  readonly to?: string;
  readonly list?: boolean;
  readonly json?: boolean;
}

/** The functions of a stack, by the ends of their names. */
const FUNCTIONS = ["encode", "decode", "batch"] as const;

/** `zippynet rollback`: goes back to the functions of an earlier deployment. */
export function rollbackCommand(): Command {
  return new Command("rollback")
    .description(
      "Goes back to the functions of the deployment before the current one, within seconds. Run it again to go back further. " +
        "The next deployment goes forward again.",
    )
    .argument("<stack>", "the stack of the service, such as zippynet-live")
    .option("--to <deployment>", "a deployment of --list, an earlier or a later one")
    .addOption(new Option("--list", "change nothing: list the deployments").conflicts("to"))
    .option("--json", "report as JSON")
    .action(rollback);
}

/** What `--json` prints. */
interface Report {
  /** All deployments that can be gone back to, the oldest first. */
  readonly deployments: readonly string[];
  readonly before: string;
  readonly current: string;
}

async function rollback(stack: string, options: RollbackOptions): Promise<void> {
  const { DeployedFunctions } = await import("../../service/aws/functions.ts");
  const deployed = new DeployedFunctions();
  const names = FUNCTIONS.map((end) => `${stack}-${end}`);
  const now = await Promise.all(names.map(async (name) => (await deployed.current(name)).variables));
  const versions = await Promise.all(names.map((name) => deployed.deployments(name)));
  const deployments = [...versions[0]!.keys()].filter((each) => versions.every((of) => of.has(each))).sort();
  const before = now
    .map((variables) => variables[DEPLOYMENT] ?? "")
    .sort()
    .at(-1)!;
  const current = options.list ? before : wantedOf(deployments, before, options.to);
  if (!options.list) {
    await Promise.all(names.map((name, i) => deployed.use(name, versions[i]!.get(current)!)));
  }
  report({ deployments, before, current }, options);
}

function wantedOf(deployments: readonly string[], before: string, to: string | undefined): string {
  const found = to === undefined ? deployments.findLast((each) => each < before) : to;
  if (found !== undefined && deployments.includes(found)) return found;
  throw new ZippyNetError(
    "bad-option",
    to === undefined
      ? `expected a deployment before ${before}, got none`
      : `expected a deployment of ${deployments.join(", ")}, got "${to}"`,
  );
}

function report(report: Report, { list, json }: RollbackOptions): void {
  const { deployments, before, current } = report;
  if (json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  else if (!list) console.log(`from the deployment of ${before} to that of ${current}`);
  else for (const each of deployments) console.log(each === current ? `${each} (current)` : each);
}
