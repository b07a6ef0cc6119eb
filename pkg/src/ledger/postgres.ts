/**
 * The books in PostgreSQL: posting is one statement in the caller's transaction, and a thousand buyers pay one seller at once.
 *
 * Credits never wait for each other: entries and postings are only added. What an account with a limit pays out is serialised by
 * account, or by key where it has keys. A worker folds postings into balances, and seals entries into the journal, which is the
 * journal of `tillproof/ledger` line by line. See docs/ledger-postgres.md.
 */

import type { PgClient, PgPool, PostgresJs } from "../stores/postgres/drivers.js";
import type { PostgresLedgerOptions } from "./postgres/answers.js";
import { PostgresLedger } from "./postgres/ledger.js";
import { checkedPrefix, migrationsOf, PREFIX } from "./postgres/schema.js";

export { PostgresLedger } from "./postgres/ledger.js";
export type {
  AuditFinding,
  KeptBalance,
  KeptBalanceOptions,
  KeptPostResult,
  KeptVerification,
  Maintenance,
  PostgresLedgerOptions,
  PostInOptions,
  WorkOptions,
} from "./postgres/answers.js";
export type { PgClient, PgPool, PostgresJs } from "../stores/postgres/drivers.js";

/** How the books use a database. */
export type LedgerOptionsOn<Database> = Omit<PostgresLedgerOptions, "database" | "replica"> & {
  /** A `Pool` of `pg`, or the function of postgres.js; a single `Client` serves one call after the other. */
  readonly database: Database;
  /** A replica of that database, which balances can be asked of. */
  readonly replica?: Database | undefined;
};

/** The statements that make the books, for whoever runs migrations himself. Each may run again. */
export function postgresLedgerMigrations(prefix: string = PREFIX): readonly string[] {
  return migrationsOf(checkedPrefix(prefix));
}

/**
 * The books in a database. Run {@link PostgresLedger.migrate} once, or {@link postgresLedgerMigrations} by your own means, and let one
 * process or more call {@link PostgresLedger.work}.
 */
export function createPostgresLedger<Client extends PgClient>(options: LedgerOptionsOn<PgPool<Client>>): PostgresLedger<Client>;
export function createPostgresLedger<Sql>(options: LedgerOptionsOn<PostgresJs<Sql>>): PostgresLedger<Sql>;
export function createPostgresLedger<Client extends PgClient>(options: LedgerOptionsOn<Client>): PostgresLedger<Client>;
export function createPostgresLedger(options: PostgresLedgerOptions): PostgresLedger {
  return new PostgresLedger(options);
}
