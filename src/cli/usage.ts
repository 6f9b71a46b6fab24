import type { Command } from "commander";
import { EXIT_USAGE } from "./exit.ts";

/** Ends the command as wrongly called. */
export function usage(command: Command, message: string): never {
  command.error(`error: ${message}`, { exitCode: EXIT_USAGE });
}
