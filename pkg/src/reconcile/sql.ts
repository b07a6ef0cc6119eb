/**
 * Reconciliation where the rows already are: one query for DuckDB and PostgreSQL.
 *
 * Invariant: what it tells of a reference is what {@link reconcile} tells of it, kind and figures; what only the engine can
 * tell is handed on as `undecided`, never guessed. docs/reconcile-large.md says which kinds those are.
 */

import { onlyKnown, optionalText, refusal, timeMs } from "../shell/guard.js";
import { query } from "./sql-query.js";

/** What the query reads, and how it judges what is missing. */
export interface ReconcileSqlOptions {
  /** The relation with the merchant's own books: a table or view, `schema.name` or `name`; `ledger` when left out. */
  readonly ledger?: string | undefined;
  /** The relation with the provider's report, likewise; `settlement` when left out. */
  readonly settlement?: string | undefined;
  /** The moment ages are counted to, in milliseconds; otherwise the latest time of all rows. */
  readonly asOf?: number | undefined;
  /** Days that something may take to appear in the settlement, 0 to 366; 2 when left out. */
  readonly inFlightDays?: number | undefined;
}

/** A kind of break that the query tells. */
export type SqlKind = (typeof SQL_KINDS)[number];

/** The kinds of breaks that the query tells. The other rows it yields are `in_flight` and `undecided`. */
export const SQL_KINDS = [
  "duplicate_record_m", "idempotency_conflict", "duplicate_record_s", "reference_collision", "duplicate_charge", "missing_in_settlement",
  "missing_in_mirror", "currency_mismatch", "scale_suspect", "sign_suspect", "amount_mismatch", "fee_mismatch",
  "fee_unexpected", "fee_missing", "status_stale", "status_mismatch", "illegal_transition", "hold_not_closed", "stuck",
  "late", "early", "period_shift",
] as const;

const DAYS_DEFAULT = 2;
const DAYS_MAX = 366;

/** A name that needs no quotes, with or without a schema (and a database) before it. */
const RELATION = /^(?:[A-Za-z_][A-Za-z0-9_]{0,62}\.){0,2}[A-Za-z_][A-Za-z0-9_]{0,62}$/;

/**
 * The query, for DuckDB and PostgreSQL alike.
 *
 * Throws `option_invalid` for what is no name of a relation, and `reconcile_window_invalid` for what is no number of days.
 */
export function reconcileSql(options: ReconcileSqlOptions = {}): string {
  onlyKnown("options", options, ["ledger", "settlement", "asOf", "inFlightDays"]);
  const { asOf, inFlightDays = DAYS_DEFAULT } = options;
  if (!(Number.isSafeInteger(inFlightDays) && inFlightDays >= 0 && inFlightDays <= DAYS_MAX)) {
    throw refusal("reconcile_window_invalid", "inFlightDays", inFlightDays, "is not a number of days: expected a whole number from 0 to 366");
  }
  return query({
    asOf: asOf === undefined ? "CAST(NULL AS timestamp)" : `TIMESTAMP '${new Date(timeMs("asOf", asOf)).toISOString().slice(0, -1).replace("T", " ")}'`,
    days: String(inFlightDays),
    ledger: relation("ledger", options.ledger),
    settlement: relation("settlement", options.settlement),
  });
}

function relation(name: string, value: unknown): string {
  const found = optionalText(name, value) ?? name;
  if (RELATION.test(found)) return found;
  throw refusal("option_invalid", name, value, "is not the name of a table or view: expected letters, digits and underscores, such as books.ledger; make a view for any other");
}
