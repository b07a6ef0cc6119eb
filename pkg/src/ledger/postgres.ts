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

/** How the books use a database: a `Pool` of `pg`. */
export type PgLedgerOptions<Client extends PgClient> = Omit<PostgresLedgerOptions<Client>, "database" | "replica" | "client"> & {
  readonly database: PgPool<Client> | Client;
  readonly replica?: PgPool<Client> | Client;
};

/** The same with postgres.js. */
export type PostgresJsLedgerOptions<Sql> = Omit<PostgresLedgerOptions<Sql>, "database" | "replica" | "client"> & {
  readonly database: PostgresJs<Sql>;
  readonly replica?: PostgresJs<Sql>;
};

/** The statements that make the books, for whoever runs migrations himself. Each may run again. */
export function postgresLedgerMigrations(prefix: string = PREFIX): readonly string[] {
  return migrationsOf(checkedPrefix(prefix));
}

/**
 * The books in a database. Run {@link PostgresLedger.migrate} once, or {@link postgresLedgerMigrations} by your own means, and let one
 * process or more call {@link PostgresLedger.work}.
 */
export function createPostgresLedger<Client extends PgClient>(options: PgLedgerOptions<Client>): PostgresLedger<Client>;
export function createPostgresLedger<Sql>(options: PostgresJsLedgerOptions<Sql>): PostgresLedger<Sql>;
export function createPostgresLedger(options: PostgresLedgerOptions<unknown>): PostgresLedger {
  return new PostgresLedger(options);
}
