import { Command } from "commander";
import type { ModelInfo } from "../../api/models.ts";
import { listModels } from "../../node/settings.ts";

/** `zippynet models`. */
export function modelsCommand(): Command {
  return new Command("models")
    .description(
      "The models that are here: their number in a file, size of all weights, licence, and whether they are released.\nFurther ones are packages: npm install @zippynet/model-NAME",
    )
    .option("--json", "one JSON object a line", false)
    .action(act);
}

async function act({ json }: { readonly json: boolean }): Promise<void> {
  const models = await listModels();
  const lines = json ? models.map((model) => JSON.stringify(model)) : models.map(line);
  for (const each of lines) console.log(each);
}

/** Kept short enough for a narrow terminal; the description stands below. */
function line({ number, name, bytes, licence, released, description }: ModelInfo): string {
  const size = `${(bytes / 1e6).toFixed(1)} MB`;
  const terms = licence ?? "terms in its card";
  const state = released ? "released" : "not released";
  return `${String(number).padStart(3)}  ${name.padEnd(12)} ${size.padStart(7)}  ${terms}, ${state}\n     ${description}`;
}
