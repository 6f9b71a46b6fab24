import { Command } from "commander";
import type { ModelInfo } from "../../api/models.ts";
import { listModels } from "../../node/settings.ts";

/** `zippynet models`. */
export function modelsCommand(): Command {
  return new Command("models")
    .description(
      "Lists the models that are here: their number in a file, size of all weights, licence, and whether they are released.\nFurther ones are packages: npm install @zippynet/model-NAME",
    )
    .option("--json", "one JSON object a line", false)
    .action(act);
}

async function act({ json }: { readonly json: boolean }): Promise<void> {
  const models = await listModels();
  const newer = ({ number }: ModelInfo) => models.findLast(({ supersedes }) => supersedes.includes(number));
  const lines = models.map((model) => (json ? JSON.stringify(model) : line(model, newer(model))));
  for (const each of lines) console.log(each);
}

/**
 * The line is short enough for a narrow terminal. The description is below it, in lines of the terminal's width.
 * @param newer the newest model that supersedes it: those between are superseded too
 */
function line(
  { number, name, bytes, licence, released, description, looks }: ModelInfo,
  newer: ModelInfo | undefined,
): string {
  const size = `${(bytes / 1e6).toFixed(1)} MB`;
  const look = looks.length > 1 ? `\n${indented(`Looks: ${looks.join(", ")}`)}` : "";
  const instead = newer ? `\n${indented(`Superseded: encoders take ${newer.name} instead`)}` : "";
  const terms = `Licence: ${licence ?? "in its card"}`;
  const state = released ? "released" : "not released";
  return `${String(number).padStart(3)}  ${name.padEnd(17)} ${size.padStart(7)}  ${state}\n${indented(description)}\n${indented(terms)}${look}${instead}`;
}

const INDENT = "     ";

/** Lines as wide as the terminal, or 80 columns where there is none. */
function indented(text: string, columns = process.stdout.columns ?? 80): string {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && `${INDENT}${last} ${word}`.length <= columns)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((line) => INDENT + line).join("\n");
}
