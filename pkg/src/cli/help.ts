/**
 * What `--help` prints, made of the table of commands.
 *
 * Invariant: nothing is said here of one command alone, and without colours the text is the same.
 */

import { COMMANDS, type Command } from "./commands.js";
import type { Paint } from "./paint.js";

/** Columns of a terminal that nobody has to make wider. */
const WIDTH = 96;

/** All commands, how to learn more, and what an exit status means. */
export function overview(paint: Paint): string {
  const commands = Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary] as const);
  return [
    `${paint.bold("tillproof")}: the merchant's side of a payment, provable to the cent\n`,
    `${paint.title("usage")}\n  tillproof COMMAND [FLAGS]\n`,
    `${paint.title("commands")}\n${rows(commands, paint)}`,
    `${paint.title("begin here")}`,
    "  tillproof demo --orders 60             see it work: a hostile gateway, and a proof at the end",
    "  tillproof simulate --faults hostile    a gateway to try your own shop on",
    "  tillproof help COMMAND                 every flag of a command, with examples",
    "  tillproof --version                    which version this is\n",
    `${paint.title("exit status")}\n  0 fine, 1 the answer is no, 2 wrong usage or unreadable input\n`,
  ].join("\n");
}

/** One command: what it does, its flags, and lines that work as they stand. */
export function helpOf(name: string, command: Command, paint: Paint): string {
  const words = Object.entries(command.arguments ?? {});
  const flags = [
    ...Object.entries(command.flags).map(([flag, { value, multiple, says }]) => {
      const after = value === undefined ? "" : ` ${value}${multiple === true ? "..." : ""}`;
      return [`--${flag}${after}`, says] as const;
    }),
    ["--help", "print this"] as const,
  ];
  const examples = command.examples.map(({ when, line }) => `  ${paint.faint(`# ${when}`)}\n  ${line}\n`);
  return [
    `${wrapped(`tillproof ${name}: ${command.summary}`, WIDTH).join("\n").replace(`tillproof ${name}`, paint.bold)}\n`,
    ...command.about.map((paragraph) => `${wrapped(paragraph, WIDTH).join("\n")}\n`),
    `${paint.title("usage")}\n  tillproof ${name} ${command.usage}\n`,
    ...(words.length === 0 ? [] : [`${paint.title(placeholder(command).toLowerCase())}\n${rows(words, paint)}`]),
    `${paint.title("flags")}\n${rows(flags, paint)}`,
    `${paint.title("examples")}\n${examples.join("\n")}`,
    `${paint.title("exit status")}\n  ${command.status}, 2 wrong usage or unreadable input\n`,
  ].join("\n");
}

/** The word in capitals that stands for what follows the name. */
function placeholder({ usage }: Command): string {
  return usage.split(" ")[0] ?? "";
}

/** What can be written, and beside it what that does. */
function rows(pairs: readonly (readonly [written: string, says: string])[], paint: Paint): string {
  const width = Math.max(...pairs.map(([written]) => written.length)) + 2;
  const lines = pairs.map(([written, says]) => {
    const [first = "", ...rest] = wrapped(says, Math.max(40, WIDTH - 2 - width));
    const more = rest.map((line) => `  ${" ".repeat(width)}${line}\n`);
    return `  ${paint.bold(written)}${" ".repeat(width - written.length)}${first}\n${more.join("")}`;
  });
  return lines.join("");
}

/** Lines of whole words, none longer than `width` unless a word is. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
