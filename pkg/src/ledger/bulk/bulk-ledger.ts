/**
 * Books for many transactions at once: backfills, imports, a till that never rests.
 *
 * Invariant: a batch is posted whole or not at all, and one whose page could not be stored was never posted.
 */

import { TillproofError } from "../../shell/errors.js";
import { bytes, count, fn, list, onlyKnown, refusal, text, timeMs } from "../../shell/guard.js";
import { balanceOf, currencyBalance, fieldName, type Balance, type CurrencyBalance, type PostResult } from "../answers.js";
import { toStanding, type StandingInput } from "../entry.js";
import type { BulkTransaction } from "./columns.js";
import { Engine, type Chain, type Told } from "./engine.js";
import { verifyPages, type PagesVerification } from "./pages.js";

/** How bulk books are opened. */
export interface BulkOptions {
  /**
   * What ties the journal together: `batch` (SHA-256 of each page, when left out), `transaction` (a link for each
   * transaction), or `none` for books that can be made again from something that is chained.
   */
  readonly chain?: Chain | undefined;
  /** The pages of the journal so far, in their order. */
  readonly pages?: Iterable<Uint8Array> | undefined;
  /**
   * Stores a page behind the others, before its batch counts as posted. When it throws, or rejects, the batch was never
   * posted. When left out, storing `result.page` is the caller's.
   */
  readonly append?: ((page: Uint8Array) => void | Promise<void>) | undefined;
  /** How many transactions there will be, about: so much room is made at once, 45 bytes for each. */
  readonly capacity?: number | undefined;
  /** The clock for batches that do not say when they were recorded. */
  readonly now?: (() => number) | undefined;
}

/** How a batch is posted. */
export interface BatchOptions {
  /** What brought the news: the name of a file, the key of a request. */
  readonly cause: string;
  /** When the merchant's system learnt of it, in milliseconds; the `now` of the books when left out. */
  readonly recordedAt?: number | undefined;
}

/** What became of a batch. */
export interface BatchResult extends Iterable<PostResult> {
  /** How many transactions it had. */
  readonly length: number;
  /** How many of them are new. */
  readonly created: number;
  /** How many were there already. */
  readonly existing: number;
  /** Those whose id is there and says something else: nothing was posted for them. */
  readonly different: readonly { readonly index: number; readonly position: number; readonly field: string }[];
  /**
   * The page of the journal, empty when nothing was new. Copied when it is first asked for, and gone when the next batch is
   * posted: throws `bulk_page_gone` then. Whoever has opened the books with `append` needs none of this.
   */
  readonly page: Uint8Array;
  /** What became of one transaction, counted from 0. */
  at(index: number): PostResult;
}

/** As in src/wasm/bulk.rs. */
const FIELDS = ["", "postings", "occurredAt", "kind"] as const;
const EXCEPTION_WORDS = 4;
const WORD = 2 ** 32;

/** The merchant's books, for many transactions at once. */
export class BulkLedger {
  readonly #engine: Engine;
  readonly #append: ((page: Uint8Array) => void | Promise<void>) | undefined;
  readonly #now: () => number;
  /** Batches go one after the other: the last one may have to be taken back. */
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(engine: Engine, options: BulkOptions) {
    this.#engine = engine;
    this.#append = options.append;
    this.#now = options.now ?? Date.now;
  }

  /** Opens books and replays their pages. Throws `bulk_page_broken` with the first page, and byte, that is bad. */
  static open(options: BulkOptions = {}): BulkLedger {
    onlyKnown("options", options, ["chain", "pages", "append", "capacity", "now"]);
    const chain = chainOf("options.chain", options.chain);
    if (options.append !== undefined) fn("options.append", options.append);
    if (options.now !== undefined) fn("options.now", options.now);
    const engine = new Engine(chain, count("options.capacity", options.capacity ?? 0));
    try {
      for (const page of options.pages ?? []) engine.replay(bytes("options.pages", page));
    } catch (error) {
      engine.close();
      throw error;
    }
    return new BulkLedger(engine, options);
  }

  /** Reads a journal from its first page and names the first page, and byte, that is not as it was written. */
  static verify(pages: Iterable<Uint8Array>, chain?: Chain): PagesVerification {
    return verifyPages(pages, chainOf("chain", chain));
  }

  /** How many transactions, and changes of accounts, there are. */
  get length(): number {
    return this.#engine.view().length;
  }

  /** How many pages there are. */
  get pages(): number {
    return this.#engine.view().pages;
  }

  /** What stands for the whole journal: whoever knows these 64 digits knows every byte of it. Zeros without a chain. */
  get head(): string {
    return this.#engine.view().head;
  }

  /**
   * Posts a batch. Every transaction is answered as `Ledger.post` would have answered it after those before it; when it would
   * have refused one, this throws the same error with its number as `details.transaction`, and nothing has changed.
   *
   * With `append` the page is stored when this resolves. Until then balances count the batch that is under way.
   */
  async post(transactions: readonly BulkTransaction[], options: BatchOptions): Promise<BatchResult> {
    list("transactions", transactions);
    const { cause, recordedAt } = onlyKnown("options", options, ["cause", "recordedAt"]);
    const batchCause = text("options.cause", cause);
    const at = timeMs("options.recordedAt", recordedAt ?? this.#now());
    return this.#inTurn(async () => {
      const told = this.#engine.post(transactions, batchCause, at);
      await this.#store(told);
      return new Result(told, transactions.length);
    });
  }

  /** Opens, blocks or closes an account and all beneath it, or sets their limit, as `Ledger.setAccount` does. */
  async setAccount(standing: StandingInput): Promise<PostResult & { readonly page: Uint8Array }> {
    const document = toStanding(standing, this.#now);
    return this.#inTurn(async () => {
      const { known, told } = this.#engine.standing(document);
      const page = told.page();
      if (known !== null) {
        const { position, field } = known;
        return field === undefined ? { status: "exists", position, page } : { status: "exists_with_different", position, field: fieldName(field), page };
      }
      await this.#store(told);
      return { status: "created", position: this.length, page };
    });
  }

  /** The position of an id; null when it was never posted. */
  position(id: string): number | null {
    return this.#engine.position(text("id", id));
  }

  /** The sums of an account; zero where nothing was ever posted. Takes the same time however long the journal is. */
  balance(account: string, currency: string): Balance {
    return balanceOf(this.#engine.balance(text("account", account), text("currency", currency)));
  }

  /** All accounts, one object for each currency. */
  trialBalance(): readonly CurrencyBalance[] {
    return this.#engine.trialBalance().map(currencyBalance);
  }

  /** Gives the memory back. Whatever is called afterwards throws `bulk_closed`. */
  close(): void {
    this.#engine.close();
  }

  async #store(told: Told): Promise<void> {
    if (this.#append === undefined || told.pageBytes === 0) return;
    try {
      await this.#append(told.page());
    } catch (error) {
      this.#engine.takeBack();
      throw error;
    }
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work, work);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }
}

function chainOf(name: string, chain: unknown): Chain {
  if (chain === undefined) return "batch";
  if (chain === "none" || chain === "batch" || chain === "transaction") return chain;
  throw refusal("option_invalid", name, chain, "is no chain: expected none, batch or transaction");
}

/** Most transactions of a batch are new, so that only the others are written down. */
class Result implements BatchResult {
  readonly length: number;
  readonly created: number;
  readonly #told: Told;
  #page: Uint8Array | undefined;

  constructor(told: Told, length: number) {
    this.length = length;
    this.created = told.created;
    this.#told = told;
  }

  get page(): Uint8Array {
    this.#page ??= this.#told.page();
    return this.#page;
  }

  get existing(): number {
    return this.length - this.created - this.different.length;
  }

  get different(): { readonly index: number; readonly position: number; readonly field: string }[] {
    const found = [];
    for (let at = 0; at < this.#told.exceptions.length; at += EXCEPTION_WORDS) {
      const field = FIELDS[this.#told.exceptions[at + 1] as number] as string;
      if (field !== "") found.push({ index: this.#told.exceptions[at] as number, position: this.#position(at), field });
    }
    return found;
  }

  at(index: number): PostResult {
    if (!Number.isSafeInteger(index) || index < 0 || index >= this.length) {
      throw new TillproofError({
        code: "option_invalid",
        message: `index: the batch had ${this.length} transactions: expected a whole number below`,
        details: { argument: "index" },
      });
    }
    const before = this.#before(index);
    const at = before * EXCEPTION_WORDS;
    if (this.#told.exceptions[at] !== index) return { status: "created", position: this.#told.first + index - before };
    const [position, field] = [this.#position(at), FIELDS[this.#told.exceptions[at + 1] as number] as string];
    return field === "" ? { status: "exists", position } : { status: "exists_with_different", position, field };
  }

  *[Symbol.iterator](): Iterator<PostResult> {
    for (let index = 0; index < this.length; index += 1) yield this.at(index);
  }

  /** How many exceptions there are before a transaction. */
  #before(index: number): number {
    let [low, high] = [0, this.#told.exceptions.length / EXCEPTION_WORDS];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#told.exceptions[middle * EXCEPTION_WORDS] as number) < index) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #position(at: number): number {
    return (this.#told.exceptions[at + 3] as number) * WORD + (this.#told.exceptions[at + 2] as number);
  }
}
