/**
 * Does a store keep its promise? Run these checks against your own before you trust it with payments.
 *
 * Each check gets a fresh, empty store and throws with a sentence when the contract of `store.ts` is broken. Register
 * them with any test runner: `for (const { name, run } of storeConformance(open)) test(name, run)`.
 *
 * What no check of a running database can show is what survives a power cut: docs/stores.md has the settings.
 */

import { fn, onlyKnown } from "../shell/guard.js";
import type { Promises } from "./conformance/check.js";
import { OF_CLIENTS } from "./conformance/clients.js";
import { OF_RECORDS } from "./conformance/records.js";
import { OF_SEARCHES } from "./conformance/searches.js";
import { OF_TRANSACTIONS } from "./conformance/transactions.js";
import type { Store, TransactionalStore } from "./store.js";

/** Longest time of one check, in milliseconds: a slow disk under load takes a tenth of it. */
const CHECK_MS_MAX = 300_000;

/** One promise of the contract. */
export interface ConformanceCheck {
  /** The promise, as a sentence. */
  readonly name: string;
  /** Resolves when it is kept; rejects with what was found and expected. */
  readonly run: () => Promise<void>;
}

/** What else is to be checked. */
export interface ConformanceOptions {
  /**
   * Two clients or more of one empty database, each with a connection of its own, as two processes would have them. With
   * them, races between processes are checked too; a store of one process alone goes without.
   */
  readonly clients?: () => readonly Store[] | Promise<readonly Store[]>;
}

/** The checks, for stores that `open` makes: each call must give a store over an empty database. */
export function storeConformance(open: () => Store | Promise<Store>, options: ConformanceOptions = {}): ConformanceCheck[] {
  fn("open", open);
  const { clients } = onlyKnown("options", options, ["clients"]);
  const alone = checks({ ...OF_RECORDS, ...OF_SEARCHES }, open);
  return clients === undefined ? alone : [...alone, ...checks(OF_CLIENTS, severalOf(fn("options.clients", clients)))];
}

/** Further checks, for stores that share transactions with the caller's own tables. */
export function transactionConformance(
  open: () => TransactionalStore<unknown> | Promise<TransactionalStore<unknown>>,
): ConformanceCheck[] {
  fn("open", open);
  return checks(OF_TRANSACTIONS, open);
}

function checks<S>(promises: Promises<S>, open: () => S | Promise<S>): ConformanceCheck[] {
  return Object.entries(promises).map(([name, promise]) => ({ name, run: () => inTime(async () => promise(await open())) }));
}

/** A store that never answers breaks its promise too, and should not take the test runner with it. */
async function inTime(check: () => Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${CHECK_MS_MAX} ms`)), CHECK_MS_MAX);
  });
  try {
    await Promise.race([check(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** One client races with nobody, and would pass. */
function severalOf(clients: () => readonly Store[] | Promise<readonly Store[]>) {
  return async (): Promise<readonly Store[]> => {
    const made = await clients();
    if (made.length < 2) throw new Error(`clients: found ${made.length}, expected two or more over one database`);
    return made;
  };
}
