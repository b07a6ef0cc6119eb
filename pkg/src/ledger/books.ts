/**
 * The books in wasm, and the lines they are made of.
 *
 * Invariant: the lines held here are exactly those the handle has applied. After a trap the handle is made again from
 * them, so that no answer ever comes from an instance that has died.
 */

import { ledger } from "../shell/ledger.js";
import { encode, utf8 } from "../shell/wire.js";
import type { EntryDocument, Layer, LineDocument, RecordDocument, Side } from "./entry.js";

/** Lines that cross at once: some megabytes, whatever the length of the journal. */
const PAGE_LINES = 5_000;

/** What the engine says to an entry. */
export type Answer =
  | { readonly status: "created"; readonly position: number; readonly line: string }
  | { readonly status: "exists"; readonly position: number }
  | { readonly status: "exists_with_different"; readonly position: number; readonly field: string };

/** Gross sums of an account, as digits; `balance` and `available` on its normal side. */
export interface Sums {
  readonly debits: string;
  readonly credits: string;
  readonly pending_debits: string;
  readonly pending_credits: string;
  readonly balance: string;
  readonly available: string;
}

/** What is asked for a balance. */
export interface BalanceQuery {
  readonly account: string;
  readonly currency: string;
  readonly key?: string;
  readonly at?: number;
  readonly known_at?: number;
}

/** An account or one of its keys, as the audit names it. */
export interface AuditRow extends Sums {
  readonly account: string;
  readonly kind: string;
  readonly key?: string;
  readonly currency: string;
}

/** What the engine finds when it looks at the whole of the books. */
export interface AuditDocument {
  readonly balanced: boolean;
  readonly index_holds: boolean;
  readonly overdrawn: readonly AuditRow[];
  readonly open_keys: readonly AuditRow[];
}

/** The lines of a day and their root. `day` in days since 1970. */
export interface DayDocument {
  readonly day: number;
  readonly from: number;
  readonly to: number;
  readonly root: string;
}

/** What shows that a line stands in its day. */
export interface InclusionDocument extends DayDocument {
  readonly index: number;
  readonly size: number;
  readonly path: readonly string[];
}

/** One currency of a trial balance. */
export interface TrialRow {
  readonly currency: string;
  /** Decimals of the major unit. */
  readonly exponent: number;
  readonly debits: string;
  readonly credits: string;
  readonly accounts: readonly (Sums & { readonly account: string; readonly kind: string })[];
}

/** One posting of a statement. */
export interface StatementRow {
  readonly position: number;
  readonly entry: string;
  readonly occurred_at: number;
  readonly description: string;
  readonly key?: string;
  readonly side: Side;
  readonly layer?: Layer;
  readonly amount: string;
  readonly currency: string;
  readonly balance: string;
}

/** Where the journal stands. */
interface Position {
  readonly length: number;
  readonly head: string;
}

/** What checking a journal found. */
export type Checked =
  | ({ readonly valid: true } & Position)
  | { readonly valid: false; readonly position: number; readonly reason: string; readonly byte?: number };

/** What a watch found in lines that follow those it had checked. */
export interface WatchedLines {
  readonly valid: true;
  readonly position: number;
  readonly balanced: boolean;
  /** Whether running balances were compared: only where the books are as long as what was checked. */
  readonly compared: boolean;
  readonly differing: readonly string[];
}

/** What a watch found, or the first line it refused. */
export type Watched = WatchedLines | { readonly valid: false; readonly position: number; readonly reason: string };

/** The books of one ledger. */
export class Books {
  readonly #lines: string[] = [];
  /** Place of each id among the lines that were looked at so far. */
  readonly #places = new Map<string, number>();
  #lookedAt = 0;
  #handle: number | null = null;
  #generation = 0;
  /** Stored lines the living handle has checked. */
  #watched = 0;

  /** Number of lines. */
  get length(): number {
    return this.#lines.length;
  }

  /** The lines, as they are stored. */
  lines(): string[] {
    return [...this.#lines];
  }

  /** The lines after a position. */
  linesAfter(position: number): readonly string[] {
    return this.#lines.slice(position);
  }

  /** The line with this id. The first question reads all lines, the next ones only those that came since. */
  find(id: string): { readonly position: number; readonly line: string } | null {
    for (; this.#lookedAt < this.#lines.length; this.#lookedAt += 1) {
      const { entry, account } = JSON.parse(this.#lines[this.#lookedAt] ?? "{}") as LineDocument;
      this.#places.set(entry?.id ?? account?.id ?? "", this.#lookedAt);
    }
    const place = this.#places.get(id);
    const line = place === undefined ? undefined : this.#lines[place];
    return place === undefined || line === undefined ? null : { position: place + 1, line };
  }

  /** Adds stored lines that come next. Throws `journal_broken` at the first that does not belong. */
  apply(lines: readonly string[]): void {
    const handle = this.#live();
    for (let from = 0; from < lines.length; from += PAGE_LINES) {
      const page = lines.slice(from, from + PAGE_LINES);
      const document = joined(page);
      try {
        ledger.invoke<Position>((exports) => exports.ledger_apply(handle, document));
      } catch (error) {
        // The engine may have applied the lines before the bad one; the next call begins with what is known here.
        this.close();
        throw error;
      }
      this.#lines.push(...page);
    }
  }

  /**
   * Holds the stored lines after `from` against the books. `null` where the handle has not checked those before: it was made
   * again, and a watch begins at 0.
   */
  watch(from: number, lines: readonly string[]): Watched | null {
    const handle = this.#live();
    if (from === 0 && this.#watched > 0) {
      this.close();
      return this.watch(0, lines);
    }
    if (from !== this.#watched) return null;
    for (let first = 0; ; first += PAGE_LINES) {
      const page = joined(lines.slice(first, first + PAGE_LINES));
      const watched = ledger.invoke<Watched>((exports) => exports.ledger_watch(handle, page));
      this.#watched = watched.valid ? watched.position : watched.position - 1;
      if (!watched.valid || first + PAGE_LINES >= lines.length) return watched;
    }
  }

  /** What becomes of entries; `before` were drafted earlier for the same commit. Changes nothing. */
  draft(before: readonly RecordDocument[], entries: readonly RecordDocument[]): readonly Answer[] {
    const handle = this.#live();
    const document = encode({ before, entries });
    return ledger.invoke<readonly Answer[]>((exports) => exports.ledger_draft(handle, document));
  }

  balance(query: BalanceQuery): Sums {
    const handle = this.#live();
    const document = encode(query);
    return ledger.invoke<Sums>((exports) => exports.ledger_balance(handle, document));
  }

  /** Decimals of a currency. Throws `currency_unknown`. */
  exponent(currency: string): number {
    const handle = this.#live();
    const document = encode({ account: "Assets:Any", currency });
    return ledger.invoke<{ readonly exponent: number }>((exports) => exports.ledger_balance(handle, document)).exponent;
  }

  trialBalance(query: Pick<BalanceQuery, "at" | "known_at"> = {}): readonly TrialRow[] {
    const handle = this.#live();
    const document = encode(query);
    return ledger.invoke<readonly TrialRow[]>((exports) => exports.ledger_trial_balance(handle, document));
  }

  statement(account: string): readonly StatementRow[] {
    const handle = this.#live();
    const document = encode({ account });
    return ledger.invoke<readonly StatementRow[]>((exports) => exports.ledger_statement(handle, document));
  }

  /** The entries that let go of holds whose time is over. */
  expiries(now: number): readonly EntryDocument[] {
    const handle = this.#live();
    const document = encode({ now });
    return ledger.invoke<readonly EntryDocument[]>((exports) => exports.ledger_expiries(handle, document));
  }

  audit(): AuditDocument {
    const handle = this.#live();
    return ledger.invoke<AuditDocument>((exports) => exports.ledger_audit(handle));
  }

  days(): readonly DayDocument[] {
    const handle = this.#live();
    return ledger.invoke<readonly DayDocument[]>((exports) => exports.ledger_days(handle));
  }

  inclusion(position: number): InclusionDocument | null {
    const handle = this.#live();
    const document = encode({ position });
    return ledger.invoke<InclusionDocument | null>((exports) => exports.ledger_inclusion(handle, document));
  }

  /** Lets go of the memory in wasm; the next call makes the books again. */
  close(): void {
    const handle = this.#handle;
    this.#handle = null;
    if (handle === null || this.#generation !== ledger.generation) return;
    ledger.invoke<null>((exports) => exports.ledger_release(handle));
  }

  /** A handle of the living instance, with all lines applied. */
  #live(): number {
    if (this.#handle !== null && this.#generation === ledger.generation) return this.#handle;
    const first = joined(this.#lines.slice(0, PAGE_LINES));
    const { handle } = ledger.invoke<{ handle: number }>((exports) => exports.ledger_open(first));
    for (let from = PAGE_LINES; from < this.#lines.length; from += PAGE_LINES) {
      const page = joined(this.#lines.slice(from, from + PAGE_LINES));
      ledger.invoke<Position>((exports) => exports.ledger_apply(handle, page));
    }
    this.#handle = handle;
    this.#generation = ledger.generation;
    this.#watched = 0;
    return handle;
  }
}

/** Checks a whole journal from its first line. */
export function check(lines: readonly string[]): Checked {
  const journal = joined(lines);
  return ledger.invoke<Checked>((exports) => exports.ledger_verify(journal));
}

function joined(lines: readonly string[]): Uint8Array {
  return utf8(lines.map((line) => `${line}\n`).join(""));
}
