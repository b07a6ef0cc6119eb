/**
 * What every command shares: flags, files and exit statuses.
 *
 * Invariant: whatever the caller typed wrong, or cannot be read, is a {@link UsageError}, which ends the program with
 * status 2 and one line on standard error.
 */

import { readFileSync } from "node:fs";
import { parseArgs, type ParseArgsConfig } from "node:util";

/** The command did what it was asked, and the answer is good. */
export const FINE = 0;
/** The command did what it was asked, and the answer is "no". */
export const NO = 1;
/** The command could not do what it was asked. */
export const WRONG_USAGE = 2;

/** Wrong usage or unreadable input. The message is one sentence. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The flags of a command. */
type Options = NonNullable<ParseArgsConfig["options"]>;

/** Parses the flags of a command, which takes no other arguments. */
export function flags<T extends Options>(
  argv: readonly string[],
  options: T,
): ReturnType<typeof parseArgs<{ options: T; strict: true; allowPositionals: false }>>["values"] {
  try {
    return parseArgs({ args: [...argv], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    // Node explains at length how to pass positional arguments; the first sentence is the one that helps.
    throw new UsageError(String((error as Error).message).split(/\. |\n/)[0]);
  }
}

/** The value of a flag that must be there. */
export function required<T>(flag: string, value: T | undefined): T {
  if (value === undefined) throw new UsageError(`--${flag} is missing`);
  return value;
}

/** A whole number in plain digits, as a flag has it. */
export function wholeNumber(flag: string, value: string): number {
  const number = Number(value);
  if (!/^(?:0|[1-9][0-9]*)$/.test(value) || !Number.isSafeInteger(number)) {
    throw new UsageError(`--${flag} ${JSON.stringify(value)}: expected a whole number in plain digits`);
  }
  return number;
}

/** The bytes of a file; `-` is standard input. */
export function fileBytes(flag: string, path: string): Uint8Array {
  try {
    return readFileSync(path === "-" ? 0 : path);
  } catch (error) {
    throw new UsageError(`--${flag} ${path}: ${reason(error)}`);
  }
}

/** The JSON document in a file. */
export function fileJson(flag: string, path: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(fileBytes(flag, path)));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`--${flag} ${path}: not a JSON document (${reason(error)})`);
  }
}

/** Prints the one JSON document of `--json`. */
export function printJson(document: unknown): void {
  const digits = (_: string, value: unknown): unknown => (typeof value === "bigint" ? value.toString() : value);
  process.stdout.write(`${JSON.stringify(document, digits, 2)}\n`);
}

/** Why an operation on a file failed, without the call stack and the name of the system call. */
function reason(error: unknown): string {
  switch ((error as { code?: unknown }).code) {
    case "ENOENT":
      return "no such file";
    case "EISDIR":
      return "this is a folder";
    case "EACCES":
      return "no permission to read it";
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
