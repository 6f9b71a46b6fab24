/** A child process: runs a handler with an event, and sends the files of this checkout that it opened. */
import { registerHooks } from "node:module";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT } from "../../scripts/imports.ts";

const opened = new Set<string>();
registerHooks({
  load(url, context, next) {
    if (url.startsWith("file:") && !url.includes("/node_modules/")) {
      opened.add(relative(ROOT, fileURLToPath(url)).replaceAll("\\", "/"));
    }
    return next(url, context);
  },
});

const [module = "", event = ""] = process.argv.slice(2);
const { handler } = (await import(module)) as { handler: (event: unknown) => Promise<unknown> };
await handler(JSON.parse(event));
process.send?.([...opened].sort());
