/** The files that lie on the desk, side by side. */

import { useState } from "preact/hooks";

import { messageOf } from "../shell/use-work.js";
import { desk } from "../shell/workers.js";
import { readingOf, type Answers, type Dropped, type Look, type Reading, type Side } from "./reading.js";

/** A file, and what is said of it where somebody knows. */
export interface Known extends Dropped {
  readonly encoding?: string;
  readonly answers?: Answers;
}

/** The files of each side, in the order they came. */
export type Readings = Readonly<Record<Side, readonly Reading[]>>;

const NONE: Readings = { ledger: [], settlement: [], bank: [] };

export interface Desk {
  readonly readings: Readings;
  /** Looks at files and lays them beside those that are there; one of the same name takes the place of the older. */
  add(side: Side, files: readonly Dropped[]): Promise<void>;
  /** Lays these files on an empty desk. Resolves to what then lies there. */
  replace(files: Readonly<Record<Side, readonly Known[]>>): Promise<Readings>;
  change(side: Side, reading: Reading, part: Partial<Reading>): void;
  encode(side: Side, reading: Reading, encoding: string | undefined): Promise<void>;
  remove(side: Side, reading: Reading): void;
}

export function useReadings(): Desk {
  const [readings, setReadings] = useState(NONE);
  const put = (side: Side, change: (list: readonly Reading[]) => readonly Reading[]): void =>
    setReadings((before) => ({ ...before, [side]: change(before[side]) }));
  const swap = (side: Side, old: Reading, reading: Reading): void =>
    put(side, (list) => list.map((one) => (one.file.name === old.file.name ? reading : one)));
  return {
    readings,
    add: async (side, files) => {
      const looked = await Promise.all(files.map((file) => lookedAt(side, file)));
      put(side, (list) => [...list.filter(({ file }) => !files.some(({ name }) => name === file.name)), ...looked]);
    },
    replace: async (files) => {
      const all = (side: Side) => Promise.all(files[side].map(({ encoding, answers = {}, ...file }) => lookedAt(side, file, encoding).then((reading) => ({ ...reading, answers }))));
      const [ledger, settlement, bank] = await Promise.all([all("ledger"), all("settlement"), all("bank")]);
      const next = { ledger, settlement, bank };
      setReadings(next);
      return next;
    },
    change: (side, reading, part) => swap(side, reading, { ...reading, ...part }),
    encode: async (side, reading, encoding) => swap(side, reading, await lookedAt(side, reading.file, encoding)),
    remove: (side, reading) => put(side, (list) => list.filter((one) => one !== reading)),
  };
}

async function lookedAt(side: Side, file: Dropped, encoding?: string): Promise<Reading> {
  const look = await desk()
    .look(file.data, encoding)
    .catch((error: unknown): Look => ({ trouble: messageOf(error) }));
  return readingOf(side, file, look, encoding);
}
