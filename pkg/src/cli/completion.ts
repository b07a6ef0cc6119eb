/**
 * `tillproof completion SHELL`: a script that completes commands and flags, made of the table of commands.
 *
 * Invariant: the script holds no word that the table does not, and runs nothing while it completes.
 */

import { COMMANDS, type Command, type Flag } from "./commands.js";
import { FINE, shown, UsageError } from "./usage.js";

/** What a shell needs to know of the value after a flag. */
type Value = "none" | "words" | "file" | "folder" | "other";

const SCRIPTS: Readonly<Record<string, () => string>> = { bash, zsh, fish };

/** Prints the script for the shell that is named. */
export async function runCompletion(argv: string[]): Promise<number> {
  const [shell, ...rest] = argv;
  const script = shell !== undefined && rest.length === 0 && Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  if (script === undefined) {
    const found = argv.length === 0 ? "no shell was named" : `there is no script for ${shown(argv.join(" "))}`;
    throw new UsageError(`${found}: expected ${Object.keys(SCRIPTS).join(", ")}`);
  }
  process.stdout.write(script());
  return FINE;
}

const commands: readonly (readonly [name: string, command: Command])[] = Object.entries(COMMANDS);

function flagsWith({ flags }: Command): readonly (readonly [name: string, flag: Flag])[] {
  return [...Object.entries(flags), ["help", { type: "boolean", says: "print help" }]];
}

function valueOf({ type, words, value = "" }: Flag): Value {
  if (type === "boolean") return "none";
  // A preset or a file: the presets are the ones that cannot be guessed, and a shell offers the files beside them.
  if (words !== undefined) return "words";
  if (value.includes("FILE")) return "file";
  return value === "DIR" ? "folder" : "other";
}

function bash(): string {
  const cases = commands.map(([name, command]) => {
    const values = flagsWith(command).flatMap(([flag, described]) => {
      const words = described.words?.join(" ") ?? "";
      const files = described.value?.includes("FILE") === true ? ' $(compgen -f -- "$word")' : "";
      switch (valueOf(described)) {
        case "none":
          return [];
        case "words":
          return [`        --${flag}) COMPREPLY=($(compgen -W "${words}" -- "$word")${files}); return ;;`];
        case "file":
          return [`        --${flag}) COMPREPLY=($(compgen -f -- "$word")); return ;;`];
        case "folder":
          return [`        --${flag}) COMPREPLY=($(compgen -d -- "$word")); return ;;`];
        case "other":
          return [`        --${flag}) return ;;`];
      }
    });
    const offered = [...Object.keys(command.arguments ?? {}), ...flagsWith(command).map(([flag]) => `--${flag}`)].join(" ");
    const before = values.length === 0 ? [] : ['      case "$before" in', ...values, "      esac"];
    return [`    ${name})`, ...before, `      COMPREPLY=($(compgen -W "${offered}" -- "$word")) ;;`].join("\n");
  });
  const names = commands.map(([name]) => name).join(" ");
  return `# tillproof completion for bash
_tillproof() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}"
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${names} help --help --version" -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
    help) COMPREPLY=($(compgen -W "${names}" -- "$word")) ;;
${cases.join("\n")}
  esac
}
complete -o filenames -F _tillproof tillproof
`;
}

function zsh(): string {
  const told = commands.map(([name, { summary }]) => `    ${quoted(`${name}:${escaped(summary)}`)}`);
  const cases = commands.map(([name, command]) => {
    const rows = flagsWith(command).map(([flag, described]) => {
      const again = described.multiple === true ? "*" : "";
      return `        ${quoted(`${again}--${flag}[${bracketed(described.says)}]${zshValue(described)}`)}`;
    });
    const positional = command.arguments === undefined ? [] : [`        ${quoted(`1:word:(${Object.keys(command.arguments).join(" ")})`)}`];
    return `    ${name})\n      _arguments \\\n${[...positional, ...rows].join(" \\\n")} ;;`;
  });
  return `#compdef tillproof
_tillproof() {
  local -a commands
  commands=(
${told.join("\n")}
    'help:explains a command'
  )
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    return
  fi
  local name="$words[2]"
  shift words
  (( CURRENT-- ))
  case "$name" in
    help) _describe 'command' commands ;;
${cases.join("\n")}
  esac
}
compdef _tillproof tillproof
`;
}

function zshValue(flag: Flag): string {
  const { value = "value" } = flag;
  const named = `:${value.replaceAll(":", " ").toLowerCase()}`;
  switch (valueOf(flag)) {
    case "none":
      return "";
    case "words":
      return `${named}:(${flag.words?.join(" ") ?? ""})`;
    case "file":
      return `${named}:_files`;
    case "folder":
      return `${named}:_files -/`;
    case "other":
      return `${named}: `;
  }
}

function fish(): string {
  const lines = commands.flatMap(([name, command]) => {
    const here = `complete -c tillproof -n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c tillproof -n __fish_use_subcommand -a ${name} -d ${fishQuoted(command.summary)}`,
      ...(command.arguments === undefined ? [] : [`${here} -a '${Object.keys(command.arguments).join(" ")}'`]),
      ...flagsWith(command).map(([flag, described]) => `${here} -l ${flag}${fishValue(described)} -d ${fishQuoted(described.says)}`),
    ];
  });
  const names = commands.map(([name]) => name).join(" ");
  return [
    "# tillproof completion for fish",
    "complete -c tillproof -f",
    ...lines,
    "complete -c tillproof -n __fish_use_subcommand -a help -d 'explains a command'",
    `complete -c tillproof -n '__fish_seen_subcommand_from help' -a '${names}'`,
    "complete -c tillproof -n __fish_use_subcommand -l version -d 'print the version'",
    "",
  ].join("\n");
}

function fishValue(flag: Flag): string {
  const files = flag.value?.includes("FILE") === true;
  switch (valueOf(flag)) {
    case "none":
      return "";
    case "words":
      return ` ${files ? "-rF" : "-x"} -a '${flag.words?.join(" ") ?? ""}'`;
    case "file":
      return " -rF";
    case "folder":
      return " -x -a '(__fish_complete_directories)'";
    case "other":
      return " -x";
  }
}

/** A word in single quotes, as bash and zsh read it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

function escaped(text: string): string {
  return text.replaceAll(":", "\\:");
}

function bracketed(text: string): string {
  return escaped(text).replaceAll("[", "\\[").replaceAll("]", "\\]");
}
