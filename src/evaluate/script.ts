import { boundsOf, isOfInput, messageOf, parseWhole } from "../codec/errors.ts";

/**
 * Runs a script of this folder and sets its exit code: 0 with the usage for `--help`, 2 with the usage if `parse`
 * throws, 1 with the message of an error that a folder or a picture can cause. Other errors are faults and keep their
 * stack.
 */
export async function runScript<T>(
  usage: string,
  parse: () => T,
  run: (wish: T) => Promise<void>,
): Promise<void> {
  if (process.argv.slice(2).some((argument) => argument === "--help" || argument === "-h")) {
    console.log(usage);
    return;
  }
  let wish: T;
  try {
    wish = parse();
  } catch (error) {
    console.error(`${messageOf(error)}\n\n${usage}`);
    process.exit(2);
  }
  try {
    await run(wish);
  } catch (error) {
    if (!isOfInput(error)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}

/** An option's whole number within bounds. Throws RangeError that names the option. */
export function wholeOf(option: string, text: string, low: number, high?: number): number {
  const number = parseWhole(text, low, high);
  if (number !== undefined) return number;
  throw new RangeError(`expected --${option} with a whole number of ${boundsOf(low, high)}, got "${text}"`);
}
