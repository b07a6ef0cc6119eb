/**
 * Cases in a store.
 *
 * Invariant: a case is written by compare-and-set with all of its journal, so that of two who say something at once the
 * slower reads again what the faster said, and is judged by it.
 */

import { TillproofError } from "../shell/errors.js";
import type { Store, StoredRecord, Write } from "../stores/store.js";
import { step, type CaseView, type Command, type JournalEntry, type Step } from "./engine.js";

/** The end of the year 9999: whoever asks until then asks for everything. */
const NEVER_MS = 253_402_300_799_999;

/** More cases than people look at. */
const WAITING_MOST = 1_000_000;

/** Records that are read at once. */
const PAGE_RECORDS = 500;

/** A case as it was read; version 0 when there is none yet. */
export interface Loaded {
  readonly version: number;
  readonly journal: readonly JournalEntry[];
}

/** A case after a step. */
export interface Kept {
  readonly view: CaseView;
  readonly journal: readonly JournalEntry[];
}

/** The records of one queue. */
export class Keeper {
  readonly #store: Store;
  readonly #prefix: string;

  constructor(store: Store, name: string) {
    this.#store = store;
    this.#prefix = `queue/${name}/case/`;
  }

  /** A case; `null` where there is none. */
  async load(id: string): Promise<Loaded | null> {
    const record = await this.#store.get(this.#key(id));
    return record === null ? null : loadedOf(record);
  }

  /** Every case, in the order of their ids. */
  async *all(): AsyncGenerator<Loaded & { readonly id: string }> {
    let last: string | null = null;
    for (;;) {
      const page: readonly StoredRecord[] = await this.#store.scan(this.#prefix, last, PAGE_RECORDS);
      for (const record of page) yield { id: record.key.slice(this.#prefix.length), ...loadedOf(record) };
      if (page.length < PAGE_RECORDS) return;
      last = page[page.length - 1]?.key ?? null;
    }
  }

  /** Cases that are not over, the oldest first. */
  async waiting(): Promise<readonly Loaded[]> {
    return (await this.#store.due(this.#prefix, NEVER_MS, WAITING_MOST)).map(loadedOf);
  }

  /** Carries out a command on a case that is there. Throws `case_unknown`, or what the engine refuses. */
  async change(id: string, now: number, command: (view: CaseView) => Command | null): Promise<Kept> {
    for (;;) {
      const loaded = await this.load(id);
      if (loaded === null) {
        throw new TillproofError({
          code: "case_unknown",
          message: `no break ${JSON.stringify(id.slice(0, 80))} is in this queue: take over the report of a run that has it, with sync`,
          details: { id: id.slice(0, 200) },
        });
      }
      const wanted = command(step(now, loaded.journal).case);
      const answer = step(now, loaded.journal, wanted ?? undefined);
      const journal = [...loaded.journal, ...answer.append];
      if (answer.append.length === 0 || (await this.#store.commit([this.write(id, loaded, answer)]))) return { view: answer.case, journal };
    }
  }

  /** Writes all of it or nothing; `false` when somebody else was faster with one of them. */
  commit(writes: readonly Write[]): Promise<boolean> {
    return this.#store.commit(writes);
  }

  /** What a step makes of a record. While a case is not over it is found by {@link waiting}. */
  write(id: string, loaded: Loaded, { append, case: view }: Step): Write {
    const value = JSON.stringify({ v: 1, journal: [...loaded.journal, ...append] });
    const isOver = view.state === "resolved" || view.state === "gone";
    return { key: this.#key(id), expected: loaded.version, value, wakeAt: isOver ? null : view.opened_at };
  }

  #key(id: string): string {
    return this.#prefix + id;
  }
}

function loadedOf({ key, version, value }: StoredRecord): Loaded {
  const document = JSON.parse(value) as { v: number; journal: readonly JournalEntry[] };
  if (document.v === 1) return { version, journal: document.journal };
  throw new TillproofError({
    code: "case_of_later_version",
    message: `the record ${key} was written by a later version of tillproof: run that version here too`,
    details: { key, version: String(document.v) },
  });
}
