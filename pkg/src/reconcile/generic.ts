/**
 * Where the rows of a generic file stood in the file of a provider or a bank that it was made of.
 *
 * Invariant: the header stands in the first line, and each row in one line; so the readers write it.
 */

import type { RowPlace } from "./report.js";

/** A generic file, and the line of the original that each of its rows came from. */
export interface GenericFile {
  readonly data: Uint8Array;
  readonly lines: readonly number[];
}

/** The header stands in the first line. */
const LINES_BEFORE = 2;

/** The line that the row of an index has in a generic file. */
export function lineOfRow(index: number): number {
  return index + LINES_BEFORE;
}

/** The line of the original that a line of the generic file stands for; the same where nothing was written anew. */
export function originalLine(lines: readonly number[] | undefined, line: number): number {
  return lines?.[line - LINES_BEFORE] ?? line;
}

/** Where a row stood in the file it was read from, by the lines of its side. */
export function placed({ file, line }: RowPlace, lines: ReadonlyMap<string, readonly number[]>): RowPlace {
  return { file, line: originalLine(lines.get(file), line) };
}
