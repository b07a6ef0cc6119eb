/**
 * The driver of the books: stores each line first, adds it to memory second.
 *
 * Invariant: the books in memory are a prefix of the stored journal. Each line is a record of its own that must not exist
 * when it is written, so two processes cannot write the same position: the slower one reloads and drafts again.
 */

import { TillproofError } from "../shell/errors.js";
import { fn, list, onlyKnown, text } from "../shell/guard.js";
import { memoryStore } from "../stores/memory.js";
import { storeShape } from "../stores/rules.js";
import type { Batch, Store, Write } from "../stores/store.js";
import { Books, check, type Answer, type Checked } from "./books.js";
import { toDocument, type EntryDocument, type EntryInput, type Side } from "./entry.js";
import { mirrorCsv } from "./mirror.js";

/** Digits of a position in a store key: they sort as text. */
const POSITION_DIGITS = 12;

/** Records read from the store at once. */
const PAGE_RECORDS = 1_000;

const NAME = /^[A-Za-z0-9_.-]{1,64}$/;

/** How a ledger is opened. */
export interface LedgerOptions {
  /** Where the journal lives; in memory when left out. */
  readonly store?: Store | undefined;
  /** Several ledgers share a store by name: 1 to 64 letters, digits, `_`, `.` and `-`; `main` when left out. */
  readonly name?: string | undefined;
  /** The clock for entries that do not say when they were recorded. */
  readonly now?: (() => number) | undefined;
}

/** How an entry is posted. */
export interface PostOptions {
  /**
   * The entry becomes true together with the other writes of this batch, when the caller commits it to the ledger's own
   * store. When that commit fails, the books have been reloaded: begin again with a new batch.
   */
  readonly batch?: Batch | undefined;
}

/** What the ledger said to an entry. */
export type PostResult =
  | { readonly status: "created"; readonly position: number }
  /** The same entry is there already; `recordedAt` and `cause` of the first stay. */
  | { readonly status: "exists"; readonly position: number }
  /** An entry with this id says something else; nothing was posted. */
  | { readonly status: "exists_with_different"; readonly position: number; readonly field: string };

/** Gross sums of an account in one currency, in minor units. */
export interface Balance {
  readonly debits: bigint;
  readonly credits: bigint;
  /** On the normal side of the account: positive for an asset with money, and for income that was earned. */
  readonly balance: bigint;
}

/** An account in a trial balance. */
export interface AccountBalance extends Balance {
  readonly account: string;
  readonly kind: string;
}

/** The books in one currency: debits equal credits, or something is broken. */
export interface CurrencyBalance {
  readonly currency: string;
  readonly debits: bigint;
  readonly credits: bigint;
  readonly accounts: readonly AccountBalance[];
}

/** One posting of an account. */
export interface StatementLine {
  /** Where the entry stands in the journal, from 1. */
  readonly position: number;
  /** The id of the entry. */
  readonly entry: string;
  readonly occurredAt: number;
  readonly description: string;
  readonly side: Side;
  readonly amount: bigint;
  readonly currency: string;
  /** The balance after it, on the normal side of the account. */
  readonly balance: bigint;
}

/** What {@link Ledger.verify} found; `position` is the first bad line, from 1. */
export type Verification = Checked;

/** The merchant's books. */
export class Ledger {
  readonly #store: Store;
  /** Whether the store is the caller's, so that a caller's batch can reach it. */
  readonly #shared: boolean;
  readonly #prefix: string;
  readonly #now: () => number;
  readonly #books = new Books();
  /** Entries drafted into batches that are not committed yet. */
  readonly #drafted = new WeakMap<Batch, EntryDocument[]>();
  /** Posts without a batch go one after the other: they would only conflict with each other. */
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(options: LedgerOptions) {
    onlyKnown("options", options, ["store", "name", "now"]);
    const name = text("name", options.name ?? "main");
    if (!NAME.test(name)) {
      throw new TillproofError({
        code: "ledger_name_invalid",
        message: `${JSON.stringify(name.slice(0, 80))} is no name of a ledger: expected 1 to 64 letters, digits, _ . or -`,
        details: { argument: "name" },
      });
    }
    this.#store = storeShape("store", options.store ?? memoryStore());
    this.#shared = options.store !== undefined;
    this.#prefix = `ledger/${name}/`;
    this.#now = fn("now", options.now ?? Date.now);
  }

  /** Opens a ledger and reads its journal. Throws `journal_broken` with the first bad position. */
  static async open(options: LedgerOptions = {}): Promise<Ledger> {
    const ledger = new Ledger(options);
    await ledger.reload();
    return ledger;
  }

  /** Number of entries. */
  get length(): number {
    return this.#books.length;
  }

  /**
   * Posts an entry. Without a batch it is stored when this resolves; with one, when the batch is committed.
   *
   * Throws `entry_unbalanced`, `account_invalid`, `reversal_of_unknown`, … and then nothing has changed.
   */
  async post(entry: EntryInput, options: PostOptions = {}): Promise<PostResult> {
    const { batch } = onlyKnown("options", options, ["batch"]);
    const document = toDocument(entry, this.#now);
    if (batch !== undefined) return this.#draftInto(batch, document);
    const [result] = await this.#inTurn(() => this.#commit([document]));
    return result as PostResult;
  }

  /**
   * Posts several entries, all or none. Throws `entry_differs` when one of them says something else than the entry with
   * its id in the books.
   */
  async postAll(entries: readonly EntryInput[]): Promise<readonly PostResult[]> {
    const documents = list("entries", entries).map((entry) => toDocument(entry, this.#now));
    return this.#inTurn(() => this.#commit(documents));
  }

  /** The sums of an account; zero where nothing was ever posted. */
  balance(account: string, currency: string): Balance {
    return bigints(this.#books.balance(text("account", account), text("currency", currency)));
  }

  /** All accounts, one object for each currency. */
  trialBalance(): readonly CurrencyBalance[] {
    return this.#books.trialBalance().map(({ currency, debits, credits, accounts }) => ({
      currency,
      debits: BigInt(debits),
      credits: BigInt(credits),
      accounts: accounts.map((row) => ({ account: row.account, kind: row.kind, ...bigints(row) })),
    }));
  }

  /** Every posting of an account in the order of the journal. */
  statement(account: string): readonly StatementLine[] {
    return this.#books.statement(text("account", account)).map((row) => ({
      position: row.position,
      entry: row.entry,
      occurredAt: row.occurred_at,
      description: row.description,
      side: row.side,
      amount: BigInt(row.amount),
      currency: row.currency,
      balance: BigInt(row.balance),
    }));
  }

  /** Reads the stored journal again and checks every line of it. */
  async verify(): Promise<Verification> {
    return check(await this.#stored(null));
  }

  /** The lines of the journal as they are stored: JSON texts chained by SHA-256. */
  journal(): readonly string[] {
    return this.#books.lines();
  }

  /** The mirror for `reconcile`: generic CSV with a row for each entry that has facts and was not reversed. */
  toCsv(): string {
    return mirrorCsv(this.#books.lines());
  }

  /** Takes over what other processes posted. Posting does so by itself when it must. */
  async reload(): Promise<void> {
    const known = this.#books.length;
    const lines = await this.#stored(known === 0 ? null : this.#key(known));
    // Other hooks may have run while the store was read.
    const missing = lines.slice(this.#books.length - known);
    if (missing.length > 0) this.#books.apply(missing);
  }

  /** Lets go of the memory the books take in wasm. The ledger stays usable; its next call makes them again. */
  close(): void {
    this.#books.close();
  }

  #draftInto(batch: Batch, document: EntryDocument): PostResult {
    if (!this.#shared) {
      throw new TillproofError({
        code: "ledger_without_store",
        message: "a batch needs a ledger in a store: open it with Ledger.open({ store }) and commit the batch to that store",
      });
    }
    fn("options.batch.add", batch?.add);
    const before = this.#drafted.get(batch) ?? [];
    const [answer] = this.#books.draft(before, [document]);
    if (answer === undefined || answer.status !== "created") return result(answer);

    // From here on the entry is part of the batch.
    this.#drafted.set(batch, [...before, document]);
    batch.add(this.#write(answer), {
      committed: () => this.#adopt(answer),
      conflicted: () => this.reload(),
    });
    return result(answer);
  }

  async #commit(documents: readonly EntryDocument[]): Promise<readonly PostResult[]> {
    for (;;) {
      const answers = this.#books.draft([], documents);
      const created = answers.filter((answer) => answer.status === "created");
      const known = this.#books.length;
      if (created.length === 0 || (await this.#store.commit(created.map((answer) => this.#write(answer))))) {
        for (const answer of created) this.#adopt(answer);
        return answers.map(result);
      }
      await this.reload();
      if (this.#books.length === known) {
        throw new TillproofError({
          code: "ledger_store_inconsistent",
          message:
            `the store refuses position ${known + 1} of ${this.#prefix} but has no line there: ` +
            "check that all processes use the same store",
          advice: "reconcile",
          details: { position: String(known + 1) },
        });
      }
    }
  }

  /** Adds a stored line to the books, unless a reload was faster. */
  #adopt(answer: Created): void {
    if (answer.position === this.#books.length + 1) this.#books.apply([answer.line]);
  }

  #write(answer: Created): Write {
    return { key: this.#key(answer.position), expected: 0, value: answer.line };
  }

  #key(position: number): string {
    return this.#prefix + String(position).padStart(POSITION_DIGITS, "0");
  }

  async #stored(after: string | null): Promise<string[]> {
    const lines: string[] = [];
    let last = after;
    for (;;) {
      const page = await this.#store.scan(this.#prefix, last, PAGE_RECORDS);
      for (const record of page) lines.push(record.value);
      if (page.length < PAGE_RECORDS) return lines;
      last = page[page.length - 1]?.key ?? null;
    }
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }
}

type Created = Extract<Answer, { status: "created" }>;

/** Names of fields as callers know them. */
const FIELD_NAMES: Readonly<Record<string, string>> = { occurred_at: "occurredAt" };

function result(answer: Answer | undefined): PostResult {
  if (answer === undefined) {
    throw new TillproofError({ code: "ledger_no_answer", message: "the engine gave no answer", advice: "report_bug" });
  }
  const { status, position } = answer;
  if (status !== "exists_with_different") return { status, position };
  return { status, position, field: FIELD_NAMES[answer.field] ?? answer.field };
}

function bigints(sums: { readonly debits: string; readonly credits: string; readonly balance: string }): Balance {
  return { debits: BigInt(sums.debits), credits: BigInt(sums.credits), balance: BigInt(sums.balance) };
}
