import type { Command } from "commander";

/** Some input failed; the rest is done. */
export const EXIT_FAILED = 1;
/** The command was called wrongly; nothing was done. */
export const EXIT_USAGE = 2;

/** Ends the command as wrongly called. */
export function usage(command: Command, message: string): never {
  command.error(`error: ${message}`, { exitCode: EXIT_USAGE });
}
