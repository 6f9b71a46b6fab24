import { readFile } from "node:fs/promises";
import { Command, Option } from "commander";
import { signUrl } from "../../service/decode/signed-url.ts";
import { readSecrets } from "../../service/settings.ts";
import { duration, usage } from "../options.ts";

interface SignOptions {
  readonly secretFile: string;
  /** Seconds. */
  readonly expires: number;
}

/** `zippynet sign-url`: URLs of pictures of a private service. */
export function signUrlCommand(): Command {
  return new Command("sign-url")
    .description(
      "Signs URLs of pictures of a private service, one line each:\n" +
        "  zippynet sign-url 'https://…/images/anna.jpg?w=64' --secret-file secret.txt --expires 1h",
    )
    .argument("<url...>", "with the query that it is to have")
    .requiredOption("--secret-file <file>", "the service's secret, at least 32 characters")
    .addOption(
      new Option("--expires <time>", "for how long it is good: 90s, 15m, 1h, 7d")
        .argParser(duration)
        .default(3600, "1h"),
    )
    .action(sign);
}

async function sign(urls: readonly string[], options: SignOptions, command: Command): Promise<void> {
  const [secret] = readSecrets(await readFile(options.secretFile, "utf8"));
  if (secret === undefined) usage(command, `expected a secret in ${options.secretFile}, got an empty file`);
  const expires = new Date(Date.now() + options.expires * 1000);
  const signed = urls.map((url) => signUrl(url, secret, expires)); // all or nothing
  process.stdout.write(`${signed.join("\n")}\n`);
}
