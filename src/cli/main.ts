import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { ZippyNetError } from "../codec/errors.ts";
import { EXIT_FAILED, EXIT_USAGE } from "./options.ts";
import { printable } from "./results.ts";

/** A command's module is imported only when the command is named: `--help` and the small commands start fast. */
const COMMANDS: readonly { name: string; summary: string; load: () => Promise<Command> }[] = [
  {
    name: "encode",
    summary: "images to .zn files",
    load: async () => (await import("./commands/encode.ts")).encodeCommand(),
  },
  {
    name: "decode",
    summary: ".zn files to images",
    load: async () => (await import("./commands/decode.ts")).decodeCommand(),
  },
  {
    name: "info",
    summary: "what .zn files say of themselves",
    load: async () => (await import("./commands/info.ts")).infoCommand(),
  },
  {
    name: "models",
    summary: "the models that are here",
    load: async () => (await import("./commands/models.ts")).modelsCommand(),
  },
  {
    name: "inline",
    summary: "pictures as text for HTML and JSON",
    load: async () => (await import("./commands/inline.ts")).inlineCommand(),
  },
  {
    name: "qr",
    summary: "a picture in a QR code, and back",
    load: async () => (await import("./commands/qr.ts")).qrCommand(),
  },
  {
    name: "evaluate",
    summary: "bytes and quality on a set of images, beside other codecs",
    load: async () => (await import("./commands/evaluate.ts")).evaluateCommand(),
  },
  {
    name: "train",
    summary: "train a model for a kind of image",
    load: async () => (await import("./commands/train.ts")).trainCommand(),
  },
  {
    name: "backfill",
    summary: "latents for the uploads of a bucket that have none",
    load: async () => (await import("./commands/backfill.ts")).backfillCommand(),
  },
  {
    name: "verify",
    summary: "decode all latents of a bucket, and measure them",
    load: async () => (await import("./commands/verify.ts")).verifyCommand(),
  },
  {
    name: "export",
    summary: "latents of a bucket back to ordinary images",
    load: async () => (await import("./commands/export.ts")).exportCommand(),
  },
  {
    name: "redrive",
    summary: "try again what is in the failures queue",
    load: async () => (await import("./commands/redrive.ts")).redriveCommand(),
  },
  {
    name: "rollback",
    summary: "the service's functions as they were before the last deployment",
    load: async () => (await import("./commands/rollback.ts")).rollbackCommand(),
  },
  {
    name: "sign-url",
    summary: "URLs of pictures of a private service",
    load: async () => (await import("./commands/sign-url.ts")).signUrlCommand(),
  },
  {
    name: "serve",
    summary: "run the service on this machine",
    load: async () => (await import("./commands/serve.ts")).serveCommand(),
  },
  {
    name: "completion",
    summary: "a script that has your shell complete commands and options",
    load: async () => (await import("./commands/completion.ts")).completionCommand(loadAll),
  },
];

/** All commands; one whose packages are not here has no options. */
function loadAll(): Promise<Command[]> {
  const each = COMMANDS.map(async ({ name, summary, load }) => {
    const command = await load().catch((error: unknown) => {
      if (missingPackages(error) === undefined) throw error;
      return new Command(name);
    });
    return command.summary(summary);
  });
  return Promise.all(each);
}

async function program(args: readonly string[]): Promise<Command> {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  const command = new Command("zippynet")
    .description("A learned codec for large sets of small, similar images.")
    .version(version)
    .configureHelp({ subcommandDescription: (sub) => sub.summary() || sub.description() });
  const named = args.find((arg) => COMMANDS.some(({ name }) => name === arg));
  for (const { name, summary, load } of COMMANDS) {
    const sub = name === named ? await load() : new Command(name);
    command.addCommand(sub.summary(summary));
  }
  return throwing(command);
}

/** Makes all commands throw instead of ending the process, and wrap their help in narrow terminals too. */
function throwing(command: Command): Command {
  for (const sub of command.commands) throwing(sub);
  return command.exitOverride().configureHelp({ ...command.configureHelp(), minWidthToWrap: 20 });
}

/** 0 for help and version, 1 for a failure, 2 for a wrong call. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? 0 : EXIT_USAGE;
  }
  const message =
    missingPackages(error) ??
    missingAccess(error) ??
    missingFile(error) ??
    (isExpected(error) ? printable(error.message) : undefined);
  console.error(`zippynet: ${message ?? (error instanceof Error ? error.stack : error)}`);
  return EXIT_FAILED;
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

/** If an import did not find its package: the message that says which ones to install. */
function missingPackages(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || error.code !== "ERR_MODULE_NOT_FOUND")
    return undefined;
  const name = /Cannot find package '([^']+)'/.exec(error.message)?.[1];
  if (name === undefined) return undefined;
  const family = FAMILIES.find((names) => names.some((each) => each.replace(/(.)@.*/, "$1") === name));
  return `this command needs the package ${name}, which is not here: npm install ${(family ?? [name]).join(" ")}`;
}

/** If the AWS SDK has no region or no credentials: the message that says where it looks for them. */
function missingAccess(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.message === "Region is missing")
    return "expected an AWS region, in AWS_REGION or ~/.aws/config, found none";
  if (!/^(Credentials|Token)ProviderError$/.test(error.name)) return undefined;
  return `expected AWS credentials, in AWS_PROFILE or AWS_ACCESS_KEY_ID for instance: ${printable(error.message)}`;
}

/** If a file that the command was given, such as a key, is not there: the message that says which. */
function missingFile(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || error.code !== "ENOENT") return undefined;
  return "path" in error ? `${printable(String(error.path))}: there is no such file or folder` : undefined;
}

/** Errors that a user or the system can cause. Others are faults, and are printed with their stack. */
function isExpected(error: unknown): error is Error {
  return (
    error instanceof ZippyNetError || (error instanceof Error && ("syscall" in error || "$metadata" in error))
  );
}

// `head` closes the pipe when it has seen enough: no failure. A full device is one
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit();
  console.error(`zippynet: standard output: ${error.message}`);
  process.exit(EXIT_FAILED);
});
// the work continues even if its messages go nowhere
process.stderr.on("error", () => undefined);

try {
  const args = process.argv.slice(2);
  const command = await program(args);
  if (args.length === 0) command.help({ error: true });
  await command.parseAsync(args, { from: "user" });
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
