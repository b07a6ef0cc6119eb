/**
 * `tillproof read`: what a file of a provider or a bank seems to be, and the same in the generic columns.
 *
 * Invariant: without `--format` nothing but a look is taken, and a guess is printed and never used; with it the file is read
 * exactly or refused.
 */


import { readers, type Detection, type FormatInfo } from "../reconcile/index.js";
import { isTillproofError } from "../shell/errors.js";
import { flagsOf } from "./commands.js";
import { mappingDocument, memberName, tableMapping } from "./mapping.js";
import { FINE, fileBytes, flags, NO, printJson, required, shown, UsageError, writeFileOf } from "./usage.js";

/** Runs the command and gives its exit status. */
export async function runRead(argv: string[]): Promise<number> {
  const given = flags(argv, flagsOf("read"));
  const path = required("file", given.file);
  const data = fileBytes("file", path);
  const encoding = given.encoding === undefined ? {} : { encoding: given.encoding };
  if (given.format === undefined) {
    for (const name of ["mapping", "reference-column", "out"] as const) {
      if (given[name] !== undefined) throw new UsageError(`--${name} goes with --format: without it the file is only looked at`);
    }
    return told(look(path, data, encoding), given);
  }
  if (given.json === true) throw new UsageError("--json goes without --format: with it the file is written as CSV");
  const { name, side } = formatNamed(given.format);
  const { data: csv } = readers.source(data, {
    format: name,
    name: path,
    ...(given.mapping === undefined ? {} : tableMapping(given.mapping, side === "bank" ? ["bank"] : ["settlement", "ledger"])),
    ...encoding,
    ...(given["reference-column"] === undefined ? {} : { referenceColumn: given["reference-column"] }),
  });
  if (given.out === undefined) process.stdout.write(csv as Uint8Array);
  else writeFileOf("out", given.out, csv as Uint8Array, given.mapping === undefined ? [path] : [path, given.mapping]);
  return FINE;
}

/** A look at a file, whose name the engine does not know. */
function look(path: string, data: Uint8Array, options: { readonly encoding?: string }): Detection {
  try {
    return readers.detect(data, options);
  } catch (error) {
    if (isTillproofError(error) && error.code === "file_wrong_encoding") {
      throw new UsageError(`--file ${shown(path)} is not UTF-8: say what it is, mostly --encoding windows-1252`);
    }
    throw error;
  }
}

/** Prints what a file seems to be; 1 where a person has to say it. */
function told({ format, because, encoding, guess }: Detection, given: { readonly json?: boolean | undefined; readonly encoding?: string | undefined }): number {
  const suggested = guess === null ? null : { side: guess.side, unsure: guess.unsure.map(memberName), mapping: mappingDocument(guess.side, guess.mapping, given.encoding) };
  if (given.json === true) printJson({ version: 1, format, because, encoding, guess: suggested });
  else if (format !== null) process.stdout.write(`${format}, by ${because}\n`);
  else if (suggested === null) process.stdout.write(`not recognised: ${because}\n`);
  else {
    const unsure = suggested.unsure.length === 0 ? "" : `; to be added, since the rows do not tell: ${suggested.unsure.join(", ")}`;
    const named = suggested.side === "bank" ? "csv" : "generic";
    // The mapping alone goes where `>` takes it to a file.
    process.stderr.write(`${because}: probably --format ${named} with this --mapping${unsure}\n`);
    process.stdout.write(`${JSON.stringify(suggested.mapping, null, 2)}\n`);
  }
  return format === null ? NO : FINE;
}

function formatNamed(format: string): FormatInfo {
  const known = readers.formats();
  const found = known.find(({ name }) => name === format);
  if (found !== undefined) return found;
  throw new UsageError(`--format ${shown(format)}: expected one of ${known.map(({ name }) => name).join(", ")}`);
}

