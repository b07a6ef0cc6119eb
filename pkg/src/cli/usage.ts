/**
 * What every command shares: flags, files and exit statuses.
 *
 * Invariant: whatever the caller typed wrong, or cannot be read, is a {@link UsageError}, which ends the program with
 * status 2 and one line on standard error.
 */

import { closeSync, constants, existsSync, fstatSync, openSync, readFileSync, readSync, realpathSync, writeFileSync } from "node:fs";
import { parseArgs, type ParseArgsConfig } from "node:util";

import { expected } from "./meant.js";

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

/** Longest input file, in bytes: wasm has 4 GiB, and reads a file into about three times its size. */
const FILE_BYTES_MAX = 1_000_000_000;

/** A piece of a file. */
const PIECE_BYTES = 1_048_576;

/** What was typed is shown up to this many characters. */
const SHOWN_MAX = 80;

/** A value as a message may show it: in quotes, on one line, cut where it is long. */
export function shown(value: string): string {
  return JSON.stringify(cut(value));
}

function cut(text: string): string {
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}

/** The flags of a command. */
type Options = NonNullable<ParseArgsConfig["options"]>;

/**
 * Parses the flags of a command, which takes no other arguments.
 *
 * A flag that takes one value stands once at most: which of two seeds was meant, nobody can know. One that takes several may
 * stand several times, or once before all of them, as a shell writes them for `*.csv`.
 */
export function flags<T extends Options>(
  argv: readonly string[],
  options: T,
): ReturnType<typeof parseArgs<{ options: T; strict: true; allowPositionals: false }>>["values"] {
  // Node's own refusals are paragraphs; so it only takes apart, and what it found is judged here.
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true });
  const seen = new Set<string>();
  const args: string[] = [];
  /** The flag that takes several values, and stands last. */
  let several: string | undefined;
  for (const token of tokens) {
    if (token.kind === "positional") {
      if (several !== undefined) {
        args.push(`--${several}=${token.value}`);
        continue;
      }
      throw new UsageError(`${shown(token.value)} belongs to no flag: every value follows the flag it is for`);
    }
    if (token.kind === "option-terminator") throw new UsageError("-- is not used here: every value follows its flag");
    const { name, rawName, value, inlineValue } = token;
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (option === undefined || !rawName.startsWith("--")) {
      const known = Object.keys(options).map((each) => `--${each}`);
      throw new UsageError(`there is no flag ${cut(rawName)}: ${expected(rawName.slice(0, SHOWN_MAX), known)}`);
    }
    several = option.multiple === true ? name : undefined;
    if (option.type === "boolean") {
      if (value !== undefined) throw new UsageError(`--${name} takes no value`);
      args.push(`--${name}`);
      continue;
    }
    if (value === undefined) throw new UsageError(`--${name} has no value`);
    // A number may be negative, and is then refused as a number; a lone dash is standard input. The value itself is not
    // shown, as it may be a secret.
    if (inlineValue !== true && /^-[^0-9]/.test(value)) {
      throw new UsageError(`--${name} is followed by what looks like a flag: if it is the value, write --${name}=VALUE`);
    }
    if (seen.has(name) && option.multiple !== true) throw new UsageError(`--${name} stands twice: give it once`);
    seen.add(name);
    args.push(`--${name}=${value}`);
  }
  return parseArgs({ args, options, strict: true, allowPositionals: false }).values;
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
    throw new UsageError(`--${flag} ${shown(value)}: expected a whole number in plain digits`);
  }
  return number;
}

/** The bytes of a file; `-` is standard input. */
export function fileBytes(flag: string, path: string): Uint8Array {
  try {
    return path === "-" ? standardInputFor(flag) : regularFile(path);
  } catch (error) {
    throw new UsageError(`--${flag} ${cut(path)}: ${reason(error)}`);
  }
}

/** The same piece by piece: a file of any length, of which no more than a piece is held; standard input as a whole. */
export async function* filePieces(flag: string, path: string): AsyncGenerator<Uint8Array> {
  if (path === "-") {
    yield fileBytes(flag, path);
    return;
  }
  let file: number | undefined;
  try {
    file = openedRegular(path).file;
    for (let read = PIECE_BYTES; read > 0; ) {
      const piece = new Uint8Array(PIECE_BYTES);
      read = readSync(file, piece);
      yield piece.subarray(0, read);
    }
  } catch (error) {
    throw new UsageError(`--${flag} ${cut(path)}: ${reason(error)}`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Refuses to write over a file that was read: what came of it does not take its place. */
export function notOver(flag: string, path: string, inputs: readonly string[]): void {
  const real = (file: string): string | undefined => (existsSync(file) ? realpathSync(file) : undefined);
  const target = real(path);
  if (target !== undefined && inputs.some((input) => input !== "-" && real(input) === target)) {
    throw new UsageError(`--${flag} ${shown(path)}: this is a file that was read: give another name`);
  }
}

/** Writes a file that a flag names, unless it is one of those that were read. */
export function writeFileOf(flag: string, path: string, content: Uint8Array | string, inputs: readonly string[]): void {
  notOver(flag, path, inputs);
  try {
    writeFileSync(path, content);
  } catch (error) {
    throw new UsageError(`--${flag} ${shown(path)}: ${reason(error)}`);
  }
}

/** A device or a pipe may never end, or never begin; who has one can give it as standard input. */
function openedRegular(path: string): { readonly file: number; readonly size: number } {
  // Without blocking where that exists, as opening a pipe waits for its other end.
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const state = fstatSync(file);
    if (state.isDirectory()) throw new UsageError("this is a folder");
    if (!state.isFile()) throw new UsageError("this is no regular file; give it as standard input, with - for its name");
    return { file, size: state.size };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

function regularFile(path: string): Uint8Array {
  const { file, size } = openedRegular(path);
  try {
    if (size > FILE_BYTES_MAX) throw tooLong();
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** The flag that standard input was read for. */
let standardInputOf: string | undefined;

/** Standard input, which is at its end once it was read. */
function standardInputFor(flag: string): Uint8Array {
  if (standardInputOf !== undefined) {
    const taken = standardInputOf === flag ? "this flag has it already" : `it is that of --${standardInputOf}`;
    throw new UsageError(`standard input can be read once, and ${taken}`);
  }
  standardInputOf = flag;
  return standardInput();
}

function standardInput(): Uint8Array {
  const chunks: Uint8Array[] = [];
  for (let length = 0; ; ) {
    const chunk = new Uint8Array(1 << 20);
    const read = readSync(0, chunk);
    if (read === 0) return Buffer.concat(chunks);
    chunks.push(chunk.subarray(0, read));
    length += read;
    if (length > FILE_BYTES_MAX) throw tooLong();
  }
}

function tooLong(): UsageError {
  return new UsageError(`this is longer than ${FILE_BYTES_MAX} bytes, which is the most that is read`);
}

/** The JSON document in a file. */
export function fileJson(flag: string, path: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(fileBytes(flag, path)));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`--${flag} ${cut(path)}: not a JSON document (${reason(error)})`);
  }
}

/** Prints the one JSON document of `--json`. */
export function printJson(document: unknown): void {
  const digits = (_: string, value: unknown): unknown => (typeof value === "bigint" ? value.toString() : value);
  process.stdout.write(`${JSON.stringify(document, digits, 2)}\n`);
}

/** Why an operation on a file failed, without the call stack and the name of the system call. */
export function reason(error: unknown): string {
  switch ((error as { code?: unknown }).code) {
    case "ENOENT":
      return "no such file or folder";
    case "EISDIR":
      return "this is a folder";
    case "ENOTDIR":
    case "EEXIST":
      return "a file stands where a folder is needed";
    case "EACCES":
    case "EPERM":
      return "no permission";
    case "EROFS":
      return "nothing can be written there";
    case "ENOSPC":
      return "no space is left there";
    case "ENAMETOOLONG":
      return "the name is too long";
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
