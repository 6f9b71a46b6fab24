import type { Command } from "commander";

/** Some input failed; the rest is done. */
export const EXIT_FAILED = 1;
/** The command was called wrongly; nothing was done. */
export const EXIT_USAGE = 2;

/** Ends the command as wrongly called. */
export function usage(command: Command, message: string): never {
  command.error(`error: ${message}`, { exitCode: EXIT_USAGE });
}

/**
 * Packages that some commands need and that do not come with this one; whoever needs one of a family needs its others
 * soon.
 */
const FAMILIES: readonly (readonly string[])[] = [
  ["@aws-sdk/client-lambda", "@aws-sdk/client-s3", "@aws-sdk/client-s3-control", "@aws-sdk/client-sqs"],
  ["@tensorflow/tfjs-core@4.22.0", "@tensorflow/tfjs-node@4.22.0"],
  ["sharp"],
];

/** Of an import that found no package: which to install. */
export function missingPackages(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || error.code !== "ERR_MODULE_NOT_FOUND")
    return undefined;
  const name = /Cannot find package '([^']+)'/.exec(error.message)?.[1];
  if (name === undefined) return undefined;
  const family = FAMILIES.find((names) => names.some((each) => each.replace(/(.)@.*/, "$1") === name));
  return `this command needs the package ${name}, which is not here: npm install ${(family ?? [name]).join(" ")}`;
}
