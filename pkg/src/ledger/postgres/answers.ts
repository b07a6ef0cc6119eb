/** What the books in PostgreSQL are asked, and what they say. */

import type { Balance, BalanceOptions } from "../answers.js";
import type { PostgresDatabase } from "../../stores/postgres/drivers.js";
import type { Checked } from "../books.js";

/** Where the books are. */
export interface PostgresLedgerOptions {
  /** A `Pool` of `pg`, or the function of postgres.js; a single `Client` serves one call after the other. */
  readonly database: PostgresDatabase;
  /** A replica of that database, which balances can be asked of. */
  readonly replica?: PostgresDatabase | undefined;
  /** What tables and functions begin with, looked for on the search path; `tillproof_ledger` when left out. */
  readonly prefix?: string | undefined;
  /** The clock for entries that do not say when they were recorded. */
  readonly now?: (() => number) | undefined;
}

/** In whose transaction. */
export interface PostInOptions<Client> {
  /**
   * The caller's transaction: the client of `pg` that ran `BEGIN`, or the `sql` that `begin` of postgres.js hands out. What is posted
   * becomes true when it commits. In one of its own when left out.
   */
  readonly client?: Client | undefined;
}

/** What the books said to an entry. `number` rises with time; the position in the journal follows when it is sealed. */
export type KeptPostResult =
  | { readonly status: "created"; readonly number: number }
  /** The same entry is there already; `recordedAt` and `cause` of the first stay. */
  | { readonly status: "exists"; readonly number: number }
  /** An entry with this id says something else; nothing was posted. */
  | { readonly status: "exists_with_different"; readonly number: number; readonly field: string };

/** Which balance is asked for, and of whom. */
export interface KeptBalanceOptions<Client> extends BalanceOptions, PostInOptions<Client> {
  /** Ask the replica. */
  readonly replica?: boolean | undefined;
}

/** A balance, and how far the database that was asked had come. */
export interface KeptBalance extends Balance {
  /** The sums hold every line of the journal up to this position; and what was posted since as far as that database knew of it. */
  readonly position: number;
}

/** What a round of maintenance did; null where another process was about it. */
export interface Maintenance {
  /** Months for which partitions were made. */
  readonly partitions: number;
  /** Postings that were added to the balances. */
  readonly folded: number | null;
  /** Lines that were added to the journal. */
  readonly sealed: number | null;
}

/** How a worker maintains the books. */
export interface WorkOptions {
  /** Ends it, after the round that is under way. */
  readonly signal: AbortSignal;
  /** Milliseconds between two rounds; 1,000. */
  readonly everyMs?: number | undefined;
}

/** Something in the database that is not as the entries say. */
export interface AuditFinding {
  /**
   * `posting_differs`: a row of the postings is not what its entry says. `unbalanced`: debits are not credits. `index_differs`: a balance
   * is not the sum of its postings. `id_differs`: an entry is not found by its id. `line_without_entry`, `entry_without_line`: the
   * journal and the entries are not the same.
   */
  readonly problem:
    | "posting_differs"
    | "unbalanced"
    | "index_differs"
    | "id_differs"
    | "line_without_entry"
    | "entry_without_line";
  /** The number of the entry, where it is one. */
  readonly number: number | null;
  /** The account, id, currency or position. */
  readonly place: string;
  readonly expected: string;
  readonly found: string;
}

/** What looking at the whole found. */
export interface KeptVerification {
  /** Whether nothing is wrong. */
  readonly valid: boolean;
  /** The sealed journal; of a broken one the first bad line, and the byte in it where that can be told. */
  readonly chain: Checked;
  /** At most a hundred. */
  readonly findings: readonly AuditFinding[];
}
