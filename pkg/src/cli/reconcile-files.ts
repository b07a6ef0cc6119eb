/** What both sides of `tillproof reconcile --workers N` need of the system: files that are read at any place, and what is printed. */

import { closeSync, constants, fstatSync, openSync, readSync, writeSync, type BigIntStats } from "node:fs";

import type { Readable } from "../reconcile/sieving.js";
import { shown, UsageError } from "./usage.js";

/** A file of this run. */
export interface Opened extends Readable {
  readonly name: string;
  readonly descriptor: number;
  /** How the file was when it was opened. */
  readonly state: BigIntStats;
}

/** A file that is read by its descriptor, which all threads of a process have. */
export function readable(descriptor: number, length: number): Readable {
  return { length, read: (target, offset) => readSync(descriptor, target, 0, target.length, offset) };
}

/** Whether nobody has written to a file since it was opened: what was read at different times is then of one version. */
export function isAsItWas({ descriptor, state }: Opened): boolean {
  const now = fstatSync(descriptor, { bigint: true });
  return now.size === state.size && now.mtimeNs === state.mtimeNs;
}

/** So much of a file is hashed at once. */
const PIECE_BYTES = 1_048_576;

/** A file as it was read; refused where it is another by now, as a proof would speak of that. */
export async function* piecesAsRead(side: string, file: Opened): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.length; ) {
    // A new one each time: whoever takes it may keep it.
    const room = new Uint8Array(PIECE_BYTES);
    const got = file.read(room, at);
    if (got === 0) break;
    yield room.subarray(0, got);
    at += got;
  }
  if (!isAsItWas(file)) throw new UsageError(`--${side} ${shown(file.name)}: somebody has written to it since it was read: run this again`);
}

/** The files of a side; `undefined` for what is no regular file, or cannot be opened: the other way says why. */
export function opened(paths: readonly string[] | undefined): Opened[] | undefined {
  const files: Opened[] = [];
  try {
    for (const name of paths ?? []) {
      if (name === "-") throw new Error("standard input is read as a whole");
      const descriptor = openSync(name, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
      const state = fstatSync(descriptor, { bigint: true });
      files.push({ name, descriptor, state, ...readable(descriptor, Number(state.size)) });
      if (!state.isFile()) throw new Error("no regular file");
    }
    return files;
  } catch {
    for (const { descriptor } of files) closeSync(descriptor);
    return undefined;
  }
}

const STANDARD_OUTPUT = 1;

/** Writes to standard output, past the stream of Node, which would copy it twice. */
export function print(piece: Uint8Array): void {
  for (let at = 0; at < piece.length; ) {
    try {
      at += writeSync(STANDARD_OUTPUT, piece, at, piece.length - at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A reader that has seen enough is no failure.
      if (code === "EPIPE") return;
      if (code !== "EAGAIN") throw error;
      // A pipe that is full, to somebody who reads slowly.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}
