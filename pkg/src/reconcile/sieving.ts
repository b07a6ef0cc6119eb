/**
 * Large files through the sieve of the engine: chunk by chunk, straight into its memory.
 *
 * Invariant: what the sieve makes of files is what the readers of whole files make of them, or nothing: then they are to be
 * asked, and also say what is wrong with a file.
 */

import { sieve } from "../shell/reconcile-sieve.js";
import { open } from "../shell/wire.js";
import { joined } from "./joined.js";

/** A file that can be read at any place. */
export interface Readable {
  readonly length: number;
  /** Reads into all of `target` from `offset` on, as far as the file goes; gives how many bytes that were. */
  read(target: Uint8Array, offset: number): number;
}

/** The files of a run, in their order. */
export interface Sieved {
  readonly ledger: readonly Readable[];
  readonly settlement: readonly Readable[];
  /** The statements of the bank, one after the other. */
  readonly bank: Uint8Array;
}

/** Random bytes by which references are told apart, so that nobody can make two that seem to be one. */
const KEY_BYTES = 544;

/** The part of a run that `document` describes; `undefined` where the files are not for the sieve. */
export function sievedPart(document: Uint8Array, files: Sieved): Uint8Array | undefined {
  return sieved(document, files, () => readPart(files.bank));
}

/** The part of a run whose files were read, with the statements of the bank; `undefined` where those are not for the sieve. */
export function readPart(bank: Uint8Array): Uint8Array | undefined {
  const part = sieve.exports.sieve_part(bank);
  return part.length === 0 ? undefined : part;
}

/** The same, for a part that is to be told here: the engine keeps it, or says no. */
export function keptPart(document: Uint8Array, files: Sieved): boolean {
  return sieved(document, files, () => keptRows(files.bank)) ?? false;
}

/** {@link keptPart}, with what the rows of ledger and settlement come to, as the engine packs it, and the effects of those that stay. */
export function summedPart(document: Uint8Array, files: Sieved): Uint8Array | undefined {
  return sieved(document, files, () => {
    const summed = sieve.exports.sieve_totals();
    return keptRows(files.bank) ? summed : undefined;
  }, () => sieve.exports.sieve_sum_up());
}

/** {@link readPart} of what the engine keeps. */
export function keptRows(bank: Uint8Array): boolean {
  return sieve.exports.sieve_keep(bank);
}

/** Files that are at hand as a whole: of each side one after the other. */
export interface Whole {
  readonly ledger: Uint8Array;
  readonly settlement: Uint8Array;
  readonly bank: Uint8Array;
}

/** The part of whole files that are not for the sieve, likewise kept; no where they are refused. */
export function keptWhole(document: Uint8Array, { ledger, settlement, bank }: Whole): boolean {
  try {
    return sieve.exports.sieve_keep_whole(document, ledger, settlement, bank);
  } catch (error) {
    throw sieve.told(error);
  }
}

/** Passes all files through the sieve, and then asks for what is left; `undefined` where they are not for it. */
function sieved<T>(document: Uint8Array, files: Sieved, rest: () => T | undefined, begun: () => void = () => undefined): T | undefined {
  opened(document, newKey());
  begun();
  const { exports } = sieve;
  try {
    const sides = [files.ledger, files.settlement] as const;
    for (const [side, all] of sides.entries()) {
      for (const [index, file] of all.entries()) {
        if (!exports.sieve_begin(side, index) || !poured(file, 0, file.length) || !ended()) return undefined;
      }
    }
    if (!exports.sieve_finish() || !giveWanted(sides)) return undefined;
    return rest();
  } catch (error) {
    throw sieve.told(error);
  }
}

/** What is to be thrown for what a step of the sieve has thrown; after a trap the engine begins anew with the next run. */
export function thrown(error: unknown): unknown {
  return sieve.told(error);
}

/** Ledger or settlement, as the engine counts them. */
export type Side = 0 | 1;

/** A key for one run. */
export function newKey(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(KEY_BYTES));
}

/** Begins a run. */
export function opened(document: Uint8Array, key: Uint8Array): void {
  sieve.invoke<null>((exports) => exports.sieve_open(document, key));
}

/** A stretch of the engine's memory, until that grows. */
export function area(address: number, length: number): Uint8Array {
  return new Uint8Array(sieve.memory().buffer, address, length);
}

/** Puts a stretch of the file that was begun into the sieve, which goes on as long as `each` says so; no where it is not for it. */
export function poured(file: Readable, from: number, to: number, each: () => boolean = () => true): boolean {
  const { exports } = sieve;
  for (let offset = from; offset < to; ) {
    const room = area(exports.sieve_room(), exports.sieve_room_bytes());
    const read = file.read(room.length > to - offset ? room.subarray(0, to - offset) : room, offset);
    // Shorter than it was when it was opened: somebody writes to it.
    if (read === 0 || !exports.sieve_take(read)) return false;
    offset += read;
    if (!each()) return false;
  }
  return true;
}

/** Ends the file that was begun. */
export function ended(): boolean {
  return sieve.exports.sieve_take(0);
}

/** Gives the sieve what it wants to see once more. */
export function giveWanted(sides: readonly [ledger: readonly Readable[], settlement: readonly Readable[]]): boolean {
  const { exports } = sieve;
  for (let wanted = exports.sieve_wanted(); wanted.length > 0; wanted = exports.sieve_wanted()) {
    const [side = 0, file = 0, offset = 0, length = 0] = wanted;
    const read = sides[side === 0 ? 0 : 1][file]?.read(area(exports.sieve_room_for(length), length), offset);
    if (read !== length || !exports.sieve_give()) return false;
  }
  return true;
}

/** How a report is told: as lines for people, or as JSON, by how many at most, and in stretches of about so many breaks each. */
export interface Telling {
  readonly asLines: boolean;
  readonly most: number;
  readonly each: number;
}

/** Takes what comes of a report, in this order. The bytes hold until it returns. */
export interface Taker {
  /** A stretch for another to tell by {@link tellStretch}; what it tells stands between text and end. */
  stretch(bytes: Uint8Array): void;
  text(bytes: Uint8Array): void;
  end(bytes: Uint8Array): void;
}

/** Judges by its terms the part that the engine keeps, tells its report as `tillproof reconcile` prints it, and gives how many breaks are in all of it. */
export function tellReport(terms: Uint8Array, { asLines, most, each }: Telling, taker: Taker): number {
  const take = [taker.stretch, taker.text, taker.end];
  return toldTo((what, bytes) => take[what]?.call(taker, bytes), (writer) => sieve.invoke<number>((exports) => exports.sieve_print(terms, most, each, asLines, writer)));
}

/** Tells a stretch, piece by piece, which are the same each time. The bytes of a piece hold until `write` returns. */
export function tellStretch(stretch: Uint8Array, write: (piece: Uint8Array) => void): void {
  toldTo((_, bytes) => write(bytes), (writer) => sieve.invoke<null>((exports) => exports.sieve_print_stretch(stretch, writer)));
}

/** What the engine writes by. */
interface Writer {
  write(what: number, address: number, bytes: number): void;
}

/** What is thrown must not pass through the engine, which would be in the middle of something for ever. */
function toldTo<T>(take: (what: number, bytes: Uint8Array) => void, tell: (writer: Writer) => T): T {
  const failures: unknown[] = [];
  const answer = tell({
    write(what, address, bytes) {
      if (failures.length > 0) return;
      try {
        take(what, new Uint8Array(sieve.memory().buffer, address, bytes));
      } catch (error) {
        failures.push(error);
      }
    },
  });
  if (failures.length > 0) throw failures[0];
  return answer;
}

/** One part of several, or the refusal that says why not. */
export function merged(parts: readonly Uint8Array[], lengths: Uint8Array): Uint8Array {
  return checked(sieve.raw((exports) => exports.sieve_merge(lengths, joined(parts))));
}

/** The first byte of a JSON document. */
const BRACE = 0x7b;

/** A refusal is a document, and no part begins as one does; opened, it throws. */
export function checked(answer: Uint8Array): Uint8Array {
  if (answer[0] === BRACE) open(answer);
  return answer;
}
