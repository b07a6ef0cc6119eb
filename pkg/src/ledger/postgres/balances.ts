/**
 * Balances as the database tells them.
 *
 * Invariant: each is told by one statement, so that what is folded, what is not, and the position are of one moment.
 */

import type { Queries } from "../../stores/postgres/drivers.js";
import type { KeptBalance } from "./answers.js";

/** Runs a statement. */
type Ask = (statement: string, values: readonly (string | number | null)[]) => ReturnType<Queries["query"]>;

/** Of what. */
interface Place {
  readonly account: string;
  readonly currency: string;
}

/** The roots of accounts that grow on the debit side. */
const DEBIT_ROOTS = ["Assets:", "Expenses:", "Memo:"];

/** A balance, and a floor for the next question. */
export interface Told {
  readonly balance: KeptBalance;
  /** Seconds since the epoch: what was posted before is folded for good, so that older partitions need not even be planned for. */
  readonly floor: string;
}

/** The balance of now. Any floor that was told before will do; it only rises. */
export async function balanceNow(
  ask: Ask,
  prefix: string,
  { account, currency, key, floor }: Place & { readonly key: string | null; readonly floor: string },
): Promise<Told> {
  const { rows } = await ask(
    `SELECT sums.debits::text AS debits, sums.credits::text AS credits, sums.pending_debits::text AS pending_debits,
       sums.pending_credits::text AS pending_credits, s.position::text AS position, extract(epoch FROM f.floor)::text AS floor
     FROM ${prefix}_sums($1, $2, $3, to_timestamp($4::double precision)) AS sums, ${prefix}_folds AS f, ${prefix}_seals AS s
     WHERE f.one = 1 AND s.one = 1`,
    [account, currency, key, floor],
  );
  return { balance: balanceOf(account, rows[0] ?? {}), floor: String(rows[0]?.["floor"]) };
}

/** The balance of the past: every posting of the account is looked at. A hold that was released before it happened counts when it does. */
export async function balancePast(
  ask: Ask,
  prefix: string,
  { account, currency, at, knownAt }: Place & { readonly at: number | null; readonly knownAt: number | null },
): Promise<KeptBalance> {
  const sum = (side: "d" | "c", pending: boolean, name: string): string =>
    `greatest(coalesce(sum(p.amount) FILTER (WHERE p.side = '${side}' AND ${pending ? "" : "NOT "}p.pending), 0), 0)::text AS ${name}`;
  const { rows } = await ask(
    `SELECT ${sum("d", false, "debits")}, ${sum("c", false, "credits")}, ${sum("d", true, "pending_debits")},
       ${sum("c", true, "pending_credits")}, (SELECT s.position::text FROM ${prefix}_seals AS s) AS position
     FROM ${prefix}_postings AS p WHERE p.account = $1 AND p.currency = $2
       AND ($3::bigint IS NULL OR p.occurred_at <= $3::bigint) AND ($4::bigint IS NULL OR p.recorded_at <= $4::bigint)`,
    [account, currency, at, knownAt],
  );
  return balanceOf(account, rows[0] ?? {});
}

function balanceOf(account: string, row: Readonly<Record<string, unknown>>): KeptBalance {
  const sum = (name: string): bigint => BigInt(String(row[name] ?? "0"));
  const [debits, credits] = [sum("debits"), sum("credits")];
  const [pendingDebits, pendingCredits] = [sum("pending_debits"), sum("pending_credits")];
  const onDebit = DEBIT_ROOTS.some((root) => account.startsWith(root));
  const balance = onDebit ? debits - credits : credits - debits;
  const available = balance - (onDebit ? pendingCredits : pendingDebits);
  return { debits, credits, pendingDebits, pendingCredits, balance, available, position: Number(row["position"] ?? 0) };
}
