/**
 * What the flags of `tillproof reconcile` ask for together, before a file is read.
 *
 * Invariant: a flag that says nothing beside the others is refused: who wrote it takes what comes out for something else.
 */

import { statSync, type BigIntStats } from "node:fs";

import { COMMANDS, flagsOf } from "./commands.js";
import { mappings, type Mappings } from "./mapping.js";
import { GENERIC, SIDES, type Side } from "./reconcile-flags.js";
import { flags, shown, UsageError, wholeNumber } from "./usage.js";

const FLAGS = flagsOf("reconcile");

/** The flags as they were given. */
export type Given = ReturnType<typeof flags<typeof FLAGS>>;

/** What was asked for. */
export interface AskedFor extends Mappings {
  readonly given: Given;
  /** Threads at most. */
  readonly workers: number;
}

/** What goes into a statement of proof, and into nothing else. */
const OF_PROOF = { "sign-env": "signs proof.json", "ledger-root": "is named in proof.json" } as const;

/** What says how files are compared, or where what comes of it goes: of no use where nothing is compared. */
const OF_COMPARING = ["out", "matches", "as-of", "in-flight-days", "in-flight-business-days", "ledger-format", "settlement-format", "bank-format"] as const;

/** The flags, where they go together. */
export function askedFor(argv: readonly string[]): AskedFor {
  const given = flags(argv, FLAGS);
  const workers = given.workers === undefined ? 1 : wholeNumber("workers", given.workers);
  if (given["verify-proof"] !== undefined) {
    const idle = OF_COMPARING.find((flag) => given[flag] !== undefined);
    if (idle !== undefined) throw new UsageError(`--${idle} goes without --verify-proof, which compares nothing`);
    return { given, workers, columns: {}, tables: {} };
  }
  for (const [flag, does] of Object.entries(OF_PROOF)) {
    if (given[flag as keyof typeof OF_PROOF] === undefined || given.out !== undefined) continue;
    throw new UsageError(`--${flag} ${does}: it goes with --out, which writes that, or with --verify-proof`);
  }
  for (const side of SIDES) knownFormat(side, given);
  const { columns, tables } = mappings(given.mapping);
  const read = (side: Side): string => JSON.stringify([given[`${side}-format`] ?? GENERIC, columns[side], tables[side]]);
  for (const [one, other] of PAIRS) if (read(one) === read(other)) noneTwice(one, given[one] ?? [], other, given[other] ?? []);
  return { given, workers, columns, tables };
}

const PAIRS = [["ledger", "settlement"], ["ledger", "bank"], ["settlement", "bank"]] as const;

/** The format of a side is one that there is, and the side has files. */
function knownFormat(side: Side, given: Given): void {
  const format = given[`${side}-format`];
  if (format === undefined) return;
  const words: readonly string[] = COMMANDS.reconcile.flags[`${side}-format`].words;
  if (!words.includes(format)) throw new UsageError(`--${side}-format ${shown(format)}: expected one of ${words.join(", ")}`);
  if (given[side] === undefined) throw new UsageError(`--${side}-format says how the files of --${side} are written, and none is given`);
}

/**
 * No file is on two sides and read in the same way on both: held against itself, all of it agrees, and nothing was compared. One
 * table with the figures of both sides in columns of their own is another matter, and has a mapping for each side.
 */
function noneTwice(one: Side, its: readonly string[], other: Side, theirs: readonly string[]): void {
  for (const path of theirs) {
    const same = its.find((known) => isSame(known, path));
    if (same !== undefined) throw new UsageError(`--${other} ${shown(path)}: this is the file of --${one} ${shown(same)}, and agrees with itself whatever it holds`);
  }
}

/** Whether two names are of one regular file; what cannot be looked at is told when it is read. */
function isSame(one: string, other: string): boolean {
  if (one === "-" || other === "-") return false;
  const [first, second] = [stateOf(one), stateOf(other)];
  return first !== undefined && second !== undefined && first.isFile() && second.isFile() && first.dev === second.dev && first.ino === second.ino;
}

function stateOf(path: string): BigIntStats | undefined {
  try {
    // Whole, as the numbers of some file systems do not fit into another.
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
