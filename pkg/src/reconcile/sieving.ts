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
  const part = sieved(document, files, () => sieve.exports.sieve_part(files.bank));
  return part === undefined || part.length === 0 ? undefined : part;
}

/** What stands for the part that the engine keeps. */
const KEPT: Uint8Array = /* @__PURE__ */ new Uint8Array();

/** The same, for a part that is to be printed here: {@link KEPT}, and the engine has it. */
export function keptPart(document: Uint8Array, files: Sieved): Uint8Array | undefined {
  return sieved(document, files, () => sieve.exports.sieve_keep(files.bank)) === true ? KEPT : undefined;
}

/** Files that are at hand as a whole: of each side one after the other. */
export interface Whole {
  readonly ledger: Uint8Array;
  readonly settlement: Uint8Array;
  readonly bank: Uint8Array;
}

/** The part of whole files that are not for the sieve, likewise kept; `undefined` where they are refused. */
export function keptWhole(document: Uint8Array, { ledger, settlement, bank }: Whole): Uint8Array | undefined {
  try {
    return sieve.exports.sieve_keep_whole(document, ledger, settlement, bank) ? KEPT : undefined;
  } catch (error) {
    throw sieve.told(error);
  }
}

/** Passes all files through the sieve, and then asks for what is left; `undefined` where they are not for it. */
function sieved<T>(document: Uint8Array, files: Sieved, rest: () => T): T | undefined {
  const key = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  sieve.invoke<null>((exports) => exports.sieve_open(document, key));
  const { exports } = sieve;
  const memory = sieve.memory();
  const area = (address: number, length: number): Uint8Array => new Uint8Array(memory.buffer, address, length);
  try {
    const sides = [files.ledger, files.settlement] as const;
    for (const [side, all] of sides.entries()) {
      for (const [index, file] of all.entries()) {
        if (!exports.sieve_begin(side, index)) return undefined;
        for (let offset = 0; offset < file.length; ) {
          const read = file.read(area(exports.sieve_room(), exports.sieve_room_bytes()), offset);
          // Shorter than it was when it was opened: somebody writes to it.
          if (read === 0 || !exports.sieve_take(read)) return undefined;
          offset += read;
        }
        if (!exports.sieve_take(0)) return undefined;
      }
    }
    if (!exports.sieve_finish()) return undefined;
    for (let wanted = exports.sieve_wanted(); wanted.length > 0; wanted = exports.sieve_wanted()) {
      const [side = 0, file = 0, offset = 0, length = 0] = wanted;
      const read = sides[side === 0 ? 0 : 1][file]?.read(area(exports.sieve_room_for(length), length), offset);
      if (read !== length || !exports.sieve_give()) return undefined;
    }
    return rest();
  } catch (error) {
    throw sieve.told(error);
  }
}

/** Which stretch of a report: one of so many, from 0; as lines for people, or as JSON. */
export interface Stretch {
  readonly index: number;
  readonly of: number;
  readonly asLines: boolean;
}

/**
 * Hands a stretch of the report of a part, or of {@link KEPT}, by its terms, to `write`, piece by piece, as `tillproof reconcile`
 * prints it, and gives how many breaks are in all of it. The bytes of a piece hold until `write` returns.
 */
export function printReport(part: Uint8Array, terms: Uint8Array, { index, of, asLines }: Stretch, write: (piece: Uint8Array) => void): number {
  const { exports } = sieve;
  const failures: unknown[] = [];
  // What is thrown must not pass through the engine, which would be in the middle of something for ever.
  const writer = {
    write(address: number, bytes: number): void {
      if (failures.length > 0) return;
      try {
        write(new Uint8Array(sieve.memory().buffer, address, bytes));
      } catch (error) {
        failures.push(error);
      }
    },
  };
  const breaks = sieve.invoke<number>(() => exports.sieve_print(part, terms, index, of, asLines, writer));
  if (failures.length > 0) throw failures[0];
  return breaks;
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
