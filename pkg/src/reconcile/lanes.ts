/**
 * One run of the sieve in several threads, its lanes: the others read stretches of the files, and the first, which has the table,
 * holds what they have read against each other.
 *
 * Invariant: what the first lane has in the end is what a sieve has that read all files alone, or one of the lanes gives
 * nothing: then the files are not for lanes. The order of steps is that of the functions here; between them whoever runs the
 * threads carries what one lane says to the others.
 */

import { sieve } from "../shell/reconcile-sieve.js";
import { area, ended, giveWanted, opened, poured, type Readable, type Side } from "./sieving.js";

/** Bytes of a row as a lane tells it: `ROW_BYTES` of the engine. */
const ROW_BYTES = 36;

/** So many rows are told at once. */
const ROWS_TOLD = 262_144;

/** So much of a file is looked through for the end of a row at once; and so much is heard at once. */
const WINDOW_BYTES = 65_536;

const LINE_FEED = 0x0a;

/** The files of ledger and settlement. */
export type Sides = readonly [ledger: readonly Readable[], settlement: readonly Readable[]];

/** Where the stretches of a side begin and end, in bytes of the side: lane `n` has what is between end `n` and the next. */
export type Ends = readonly [ledger: readonly number[], settlement: readonly number[]];

/** Rows that a lane has read. */
export interface Told {
  readonly side: Side;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly words: Uint8Array;
}

/** How many lines each file of each side had in a lane. */
export type Lines = readonly [ledger: readonly number[], settlement: readonly number[]];

/** The rows of a lane's stretches that stay: where each begins. */
export type Staying = readonly [ledger: Uint32Array, settlement: Uint32Array];

/** How much of the settlement the first of two lanes reads: it has the ledger to itself, and holds all rows against it. */
const FIRST_SHARE = 0.1;

/**
 * Cuts both sides into stretches that end with rows, unless a line feed within quotes looks like the end of one. The first lane
 * reads so much that all have about the same to do, who start later than it does: of two it reads the ledger and little else.
 */
export function endsOf([ledger, settlement]: Sides, of: number): Ends {
  const others = of - 1;
  return [cut(ledger, of, 1 / others), cut(settlement, of, FIRST_SHARE / others)];
}

/** Cuts a side into equal stretches, but for the first. */
function cut(files: readonly Readable[], of: number, first: number): number[] {
  const whole = files.reduce((sum, { length }) => sum + length, 0);
  const ends = [0];
  for (let lane = 1; lane < of; lane += 1) {
    const offset = Math.floor(whole * (first + ((1 - first) * (lane - 1)) / (of - 1)));
    ends.push(Math.max(rowOfSide(files, offset), ends.at(-1) ?? 0));
  }
  return [...ends, whole];
}

/** Where a row begins at an offset of a side or behind it. */
function rowOfSide(files: readonly Readable[], offset: number): number {
  let base = 0;
  for (const file of files) {
    if (offset < base + file.length) return base + rowBehind(file, offset - base);
    base += file.length;
  }
  return base;
}

/** The same for a file: behind a line feed, and at the beginning. */
function rowBehind(file: Readable, offset: number): number {
  if (offset === 0) return 0;
  const window = new Uint8Array(WINDOW_BYTES);
  for (let at = offset - 1; at < file.length; ) {
    const read = file.read(window, at);
    if (read === 0) break;
    const feed = window.subarray(0, read).indexOf(LINE_FEED);
    if (feed >= 0) return at + feed + 1;
    at += read;
  }
  return file.length;
}

/** Begins the run of the first lane, and reads its stretch of the ledger. */
export function readFirst(document: Uint8Array, key: Uint8Array, [ledger]: Sides, ends: Ends): readonly number[] | undefined {
  opened(document, key);
  sieve.exports.sieve_lane(true);
  return readStretch(0, ledger, stretch(ends, 0, 0));
}

/**
 * Whether what this lane has read so far is for lanes: where rows ask for others by name, which may be anywhere, one lane has to
 * read all files.
 */
export function isForLanes(): boolean {
  return sieve.exports.sieve_is_for_lanes();
}

/** Whether the first lane has read all of the ledger, so that it may {@link readOnAlone}. */
export function hasLedger([ledger]: Ends): boolean {
  return ledger[1] === ledger.at(-1);
}

/** Goes on with all of the settlement in the first lane, as if there were no others. */
export function readOnAlone(sides: Sides): boolean {
  const [, settlement] = sides;
  const whole = settlement.reduce((sum, { length }) => sum + length, 0);
  return readStretch(1, settlement, [0, whole]) !== undefined && sieve.exports.sieve_finish() && giveWanted(sides);
}

/** Goes on with the settlement in the first lane, once it has heard all rows of the ledger. */
export function readOn([, settlement]: Sides, ends: Ends): readonly number[] | undefined {
  return readStretch(1, settlement, stretch(ends, 1, 0));
}

/** Reads the stretches of another lane, and tells its rows; gives the lines of its files. */
export function readOther(document: Uint8Array, key: Uint8Array, sides: Sides, ends: Ends, lane: number, tell: (told: Told) => void): Lines | undefined {
  const { exports } = sieve;
  opened(document, key);
  exports.sieve_lane(false);
  const read = (side: Side): readonly number[] | undefined => {
    const tellAll = (): void => {
      const rows = exports.sieve_rows();
      if (rows > 0) tell({ side, bytes: said(rows), words: exports.sieve_words() });
    };
    const lines = readStretch(side, sides[side], stretch(ends, side, lane), () => {
      if (exports.sieve_rows() >= ROWS_TOLD) tellAll();
      return isForLanes();
    });
    tellAll();
    return lines;
  };
  const ledger = read(0);
  // All rows of the ledger are told.
  tell({ side: 1, bytes: new Uint8Array(), words: exports.sieve_words() });
  const settlement = ledger === undefined ? undefined : read(1);
  return ledger === undefined || settlement === undefined ? undefined : [ledger, settlement];
}

/** The first lane hears rows of another. */
export function hear({ side, bytes, words }: Told): boolean {
  const { exports } = sieve;
  const step = Math.floor(WINDOW_BYTES / ROW_BYTES) * ROW_BYTES;
  for (let at = 0; at < bytes.length; at += step) {
    const piece = bytes.subarray(at, at + step);
    area(exports.sieve_room_for(piece.length), piece.length).set(piece);
    if (!exports.sieve_hear(side, piece.length, words)) return false;
  }
  return true;
}

/** Ends the files of the first lane, and gives the rows that stay in each of the others. */
export function finishFirst(ends: Ends): Staying[] | undefined {
  const { exports } = sieve;
  if (!isForLanes() || !exports.sieve_finish()) return undefined;
  const others = Array.from({ length: ends[0].length - 2 }, (_, place) => place + 1);
  return others.map((lane) => [exports.sieve_staying(0, ...stretch(ends, 0, lane)), exports.sieve_staying(1, ...stretch(ends, 1, lane))]);
}

/** Reads the rows that stay in the first lane once more. */
export function giveFirst(sides: Sides): boolean {
  return giveWanted(sides);
}

/** Reads the rows that stay in another lane once more, and gives them. */
export function handOver(sides: Sides, [ledger, settlement]: Staying): Uint8Array | undefined {
  if (!sieve.exports.sieve_stay(ledger, settlement) || !giveWanted(sides)) return undefined;
  return sieve.exports.sieve_hand_over();
}

/** The first lane takes the rows of another; `lines` are those of all lanes. */
export function adopt(kept: Uint8Array, lane: number, sides: Sides, ends: Ends, lines: readonly Lines[]): boolean {
  const before = ([0, 1] as const).map((side) => {
    const [begins] = stretch(ends, side, lane);
    let base = 0;
    for (const [file, { length }] of sides[side].entries()) {
      if (begins > base && begins < base + length) {
        return [file, lines.slice(0, lane).reduce((sum, of) => sum + (of[side][file] ?? 0), 0)] as const;
      }
      base += length;
    }
    return [0, 0] as const;
  });
  return sieve.exports.sieve_adopt(kept, Uint32Array.from(before, ([file]) => file), Uint32Array.from(before, ([, line]) => line));
}

function stretch(ends: Ends, side: Side, lane: number): readonly [from: number, to: number] {
  return [ends[side][lane] ?? 0, ends[side][lane + 1] ?? 0];
}

/** Reads a stretch of a side, and gives how many lines each file had in it; of files that are not in it, the headers are read. */
function readStretch(side: Side, files: readonly Readable[], [begins, ends]: readonly [number, number], each?: () => boolean): readonly number[] | undefined {
  const { exports } = sieve;
  const lines: number[] = [];
  let base = 0;
  for (const [index, file] of files.entries()) {
    const { length } = file;
    const inFile = (end: number): number => Math.min(Math.max(end - base, 0), length);
    const [from, to] = [inFile(begins), inFile(ends)];
    const isOwn = to > 0 && from < length;
    if (!exports.sieve_begin(side, index)) return undefined;
    if (from > 0 || !isOwn) {
      if (!poured(file, 0, rowBehind(file, 1)) || !exports.sieve_skip(isOwn ? from : length)) return undefined;
    }
    if (isOwn && !poured(file, from, to, each)) return undefined;
    lines.push(isOwn ? exports.sieve_line() : 0);
    if (isOwn && to < length && !exports.sieve_skip(length)) return undefined;
    if (!ended()) return undefined;
    base += length;
  }
  return lines;
}

/** What this lane has to tell, in bytes that may be handed to another thread. */
function said(rows: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(rows * ROW_BYTES);
  sieve.exports.sieve_gather();
  for (let at = 0; at < all.length; ) {
    const [address = 0, length = 0] = sieve.exports.sieve_say(at / ROW_BYTES);
    all.set(area(address, length), at);
    at += length;
  }
  sieve.exports.sieve_forget();
  return all;
}
