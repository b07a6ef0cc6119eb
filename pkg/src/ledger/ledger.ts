/**
 * The driver of the books: stores each line first, adds it to memory second.
 *
 * Invariant: the books in memory are a prefix of the stored journal. Each line is a record of its own that must not exist
 * when it is written, so two processes cannot write the same position: the slower one reloads and drafts again.
 */

import { TillproofError } from "../shell/errors.js";
import { flag, fn, list, onlyKnown, text, timeMs } from "../shell/guard.js";
import { memoryStore } from "../stores/memory.js";
import { storeShape } from "../stores/rules.js";
import type { Batch, Store, Write } from "../stores/store.js";
import {
  auditOf,
  balanceOf,
  currencyBalance,
  dayRoot,
  postResult,
  sheetOf,
  statementLine,
  type AsOfOptions,
  type Audit,
  type Balance,
  type BalanceOptions,
  type BalanceSheet,
  type CurrencyBalance,
  type DayRoot,
  type InclusionProof,
  type PostResult,
  type StatementLine,
  type Verification,
} from "./answers.js";
import { balanceQuery, trialQuery } from "./as-of.js";
import { Books, check, type Answer } from "./books.js";
import { fromDocument, toDocument, toStanding, type EntryInput, type LineDocument, type RecordDocument, type StandingInput } from "./entry.js";
import { continuing } from "./imports/journal.js";
import { mirrorCsv } from "./mirror.js";
import { PaymentIndex, type Payment } from "./payments.js";
import { SelfCheck, type LedgerCheck, type LedgerFigures } from "./self-check.js";
import { statementOf, type StatementOptions } from "./statements.js";

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
  /** Given, the ledger checks itself after every commit, off the way of whoever posts. It is told what each check found. */
  readonly onCheck?: ((check: LedgerCheck) => void) | undefined;
}

/** How much is checked. */
export interface CheckOptions {
  /** From the first line on, and not only what is new. */
  readonly whole?: boolean | undefined;
}

/** How an entry is posted. */
export interface PostOptions {
  /**
   * The entry becomes true together with the other writes of this batch, when the caller commits it to the ledger's own
   * store. When that commit fails, the books have been reloaded: begin again with a new batch.
   */
  readonly batch?: Batch | undefined;
}

/** When holds are looked at. */
export interface ExpireOptions {
  /** The present, in milliseconds; that of the ledger when left out. */
  readonly now?: number | undefined;
}

/** The merchant's books. */
export class Ledger {
  readonly #store: Store;
  /** Whether the store is the caller's, so that a caller's batch can reach it. */
  readonly #shared: boolean;
  readonly #prefix: string;
  readonly #now: () => number;
  readonly #name: string;
  readonly #books = new Books();
  readonly #payments = new PaymentIndex();
  readonly #checksItself: boolean;
  readonly #selfCheck: SelfCheck;
  /** Entries drafted into batches that are not committed yet. */
  readonly #drafted = new WeakMap<Batch, RecordDocument[]>();
  /** Posts without a batch go one after the other: they would only conflict with each other. */
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(options: LedgerOptions) {
    onlyKnown("options", options, ["store", "name", "now", "onCheck"]);
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
    this.#name = name;
    this.#prefix = `ledger/${name}/`;
    this.#now = fn("now", options.now ?? Date.now);
    this.#checksItself = options.onCheck !== undefined;
    const told = fn("onCheck", options.onCheck ?? (() => undefined));
    this.#selfCheck = new SelfCheck(told, {
      length: () => this.#books.length,
      stored: (after) => this.#stored(after === 0 ? null : this.#key(after)),
      reload: () => this.reload(),
      watch: (from, lines) => this.#books.watch(from, lines),
    });
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

  /**
   * Opens, blocks or closes an account and all beneath it, or sets their limit. A line of the journal as any other: with the
   * same id it is there already. Throws `account_not_empty` when something stands on what is to be closed.
   */
  async setAccount(standing: StandingInput): Promise<PostResult> {
    const document = toStanding(standing, this.#now);
    const [result] = await this.#inTurn(() => this.#commit([document]));
    return result as PostResult;
  }

  /** Lets go of every hold whose time is over, and says how many there were. */
  async expireHolds(options: ExpireOptions = {}): Promise<number> {
    const now = timeMs("options.now", onlyKnown("options", options, ["now"]).now ?? this.#now());
    return this.#inTurn(async () => {
      const results = await this.#commit(this.#books.expiries(now));
      return results.filter(({ status }) => status === "created").length;
    });
  }

  /** The entry with this id, as it could be posted again; null when there is none. */
  entry(id: string): EntryInput | null {
    const known = this.#books.find(text("id", id));
    const { entry } = JSON.parse(known?.line ?? "{}") as LineDocument;
    return entry === undefined ? null : { ...fromDocument(entry), recordedAt: entry.recorded_at };
  }

  /**
   * The sums of an account; zero where nothing was ever posted. Of now, it takes the same time however long the journal is;
   * of the past, as long as there are days with postings, and with `knownAt` as long as there are postings.
   */
  balance(account: string, currency: string, options: BalanceOptions = {}): Balance {
    return balanceOf(this.#books.balance(balanceQuery(account, currency, options)));
  }

  /** All accounts, one object for each currency: of now, or of any time as {@link balance} says of each. */
  trialBalance(options: AsOfOptions = {}): readonly CurrencyBalance[] {
    return this.#books.trialBalance(trialQuery(options)).map(currencyBalance);
  }

  /** The sums by type of account, one object for each currency. Memo accounts are not part of it. */
  balanceSheet(options: AsOfOptions = {}): readonly BalanceSheet[] {
    return this.trialBalance(options).map(sheetOf);
  }

  /** Every posting of an account in the order of the journal; of a time, in the order in which it happened. */
  statement(account: string, options: StatementOptions = {}): readonly StatementLine[] {
    return statementOf(this.#books.statement(text("account", account)).map(statementLine), options, account);
  }

  /** Where a payment stands: by the gateway's id of it, or by its reference where no other has it. `null` where nothing is known. */
  payment(idOrReference: string): Payment | null {
    return this.#followed().find(text("idOrReference", idOrReference));
  }

  /** All payments, in the order in which they came into the books. */
  payments(): readonly Payment[] {
    return this.#followed().all();
  }

  /** The ledger looks at the whole of itself: sums, running balances, limits, clearing accounts. */
  audit(): Audit {
    return auditOf(this.#books.audit());
  }

  /**
   * The root of every day with lines. Publish it, or give it to an auditor, when the day is over: no line of that day can be
   * changed from then on without somebody noticing.
   */
  dayRoots(): readonly DayRoot[] {
    return this.#books.days().map(dayRoot);
  }

  /** The proof that an entry stands in its day, for somebody who has only the root of the day; null when there is none. */
  proof(id: string): InclusionProof | null {
    const known = this.#books.find(text("id", id));
    const found = known === null ? null : this.#books.inclusion(known.position);
    if (known === null || found === null) return null;
    return { ...dayRoot(found), line: known.line, index: found.index, size: found.size, path: found.path };
  }

  /** Reads the stored journal again and checks every line of it. */
  async verify(): Promise<Verification> {
    return check(await this.#stored(null));
  }

  /**
   * Holds the stored journal against the books: chain, sums, running balances and causes. Reads only what is new since the last
   * check, so that it can run after every batch; `whole` begins anew. What is wrong is a value, also a store that fails.
   */
  async check(options: CheckOptions = {}): Promise<LedgerCheck> {
    return this.#selfCheck.run(flag("options.whole", onlyKnown("options", options, ["whole"]).whole) ?? false);
  }

  /** How the books stand and what their checks found, for `createTelemetry({ ledgers: [ledger] })`. */
  figures(): LedgerFigures {
    return this.#selfCheck.figures(this.#name);
  }

  /** The lines of the journal as they are stored: JSON texts chained by SHA-256. */
  journal(): readonly string[] {
    return this.#books.lines();
  }

  /** The journal as JSON Lines: the text that `importJournal` takes and `sha256sum` can follow. */
  toJsonLines(): string {
    return this.#books.lines().map((line) => `${line}\n`).join("");
  }

  /** The mirror for `reconcile`: generic CSV with a row for each entry that has facts and was not reversed. */
  toCsv(): string {
    return mirrorCsv(this.#books.lines());
  }

  /**
   * Takes over a journal, or what has been added to one since: the lines of `journal()`, or their text with a line feed after
   * each. Throws `journal_broken` at the first line that does not follow, and then nothing has changed.
   */
  async importJournal(journal: string | readonly string[]): Promise<number> {
    return this.#inTurn(async () => {
      await this.reload();
      const known = this.#books.lines();
      const missing = continuing(known, journal);
      for (let from = 0; from < missing.length; from += PAGE_RECORDS) {
        const page = missing.slice(from, from + PAGE_RECORDS);
        const first = known.length + from + 1;
        const writes = page.map((value, index) => ({ key: this.#key(first + index), expected: 0, value }));
        if (!(await this.#store.commit(writes))) {
          throw new TillproofError({
            code: "journal_moved",
            message: "another process posted while the journal was taken over: reload and compare",
            advice: "reconcile",
          });
        }
        this.#books.apply(page);
      }
      return missing.length;
    });
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

  #draftInto(batch: Batch, document: RecordDocument): PostResult {
    if (!this.#shared) {
      throw new TillproofError({
        code: "ledger_without_store",
        message: "a batch needs a ledger in a store: open it with Ledger.open({ store }) and commit the batch to that store",
      });
    }
    fn("options.batch.add", batch?.add);
    const before = this.#drafted.get(batch) ?? [];
    const [answer] = this.#books.draft(before, [document]);
    if (answer === undefined || answer.status !== "created") return postResult(answer);

    // From here on the entry is part of the batch.
    this.#drafted.set(batch, [...before, document]);
    batch.add(this.#write(answer), {
      committed: () => this.#adopt(answer),
      conflicted: () => this.reload(),
    });
    return postResult(answer);
  }

  async #commit(documents: readonly RecordDocument[]): Promise<readonly PostResult[]> {
    for (;;) {
      const answers = this.#books.draft([], documents);
      const created = answers.filter((answer) => answer.status === "created");
      const known = this.#books.length;
      if (created.length === 0 || (await this.#store.commit(created.map((answer) => this.#write(answer))))) {
        for (const answer of created) this.#adopt(answer);
        return answers.map(postResult);
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
    // Nobody waits for this check, and what it finds is a value.
    if (this.#checksItself) void this.#selfCheck.run(false);
  }

  #followed(): PaymentIndex {
    this.#payments.follow(this.#books.linesAfter(this.#payments.read));
    return this.#payments;
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
