import { Argument, Command, type Option } from "commander";

const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = (typeof SHELLS)[number];

/** `zippynet completion`: a script that has a shell complete commands, options and their choices. */
export function completionCommand(loadAll: () => Promise<readonly Command[]>): Command {
  return new Command("completion")
    .description(
      "Prints a script for a shell that completes commands, options and their choices:\n" +
        "  bash, in ~/.bashrc: source <(zippynet completion bash)\n" +
        "  zsh, in ~/.zshrc: source <(zippynet completion zsh)\n" +
        "  fish, once: zippynet completion fish > ~/.config/fish/completions/zippynet.fish",
    )
    .addArgument(new Argument("<shell>", "whose script").choices(SHELLS))
    .action(async (shell: Shell) => {
      process.stdout.write(SCRIPTS[shell](await loadAll()));
    });
}

const SCRIPTS: Readonly<Record<Shell, (commands: readonly Command[]) => string>> = {
  bash: bashScript,
  zsh: (commands) => `autoload -U +X bashcompinit && bashcompinit\n${bashScript(commands)}`,
  fish: fishScript,
};

/** With `-o default`, bash completes file names where nothing else fits. */
function bashScript(commands: readonly Command[]): string {
  const cases = commands.flatMap((command) => [
    ...command.options.flatMap((option) =>
      option.argChoices
        ? [
            `    ${flagsOf(option)
              .map((flag) => `${command.name()}:${flag}`)
              .join("|")}) words="${option.argChoices.join(" ")}" ;;`,
          ]
        : [],
    ),
  ]);
  const options = commands.map(
    (command) => `      ${command.name()}) words="${command.options.flatMap(flagsOf).join(" ")}" ;;`,
  );
  return `_zippynet() {
  local word="\${COMP_WORDS[COMP_CWORD]}" words=""
  case "\${COMP_WORDS[1]}:\${COMP_WORDS[COMP_CWORD - 1]}" in
${cases.join("\n")}
  *)
    if [ "$COMP_CWORD" -eq 1 ]; then
      words="${commands.map((command) => command.name()).join(" ")} help --help --version"
    elif [ "\${word:0:1}" = - ]; then
      case "\${COMP_WORDS[1]}" in
${options.join("\n")}
      esac
    fi ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _zippynet zippynet
`;
}

function fishScript(commands: readonly Command[]): string {
  const lines = commands.flatMap((command) => [
    `complete -c zippynet -n __fish_use_subcommand -f -a ${command.name()} -d ${quoted(command.summary())}`,
    ...command.options.map((option) => {
      const { short, long, argChoices, required, optional, description } = option;
      const values = argChoices
        ? ` -x -a ${quoted(argChoices.join(" "))}`
        : required || optional
          ? " -r"
          : "";
      const names = `${short ? ` -s ${short.slice(1)}` : ""}${long ? ` -l ${long.slice(2)}` : ""}`;
      return `complete -c zippynet -n "__fish_seen_subcommand_from ${command.name()}"${names}${values} -d ${quoted(description)}`;
    }),
  ]);
  return `${lines.join("\n")}\n`;
}

function flagsOf({ short, long }: Option): string[] {
  return [short, long].filter((flag) => flag !== undefined);
}

/** A word for fish in single quotes. Only backslashes and single quotes are escaped there. */
function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
