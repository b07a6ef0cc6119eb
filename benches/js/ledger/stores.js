/** The same in databases, as a careful merchant has it: ids that cannot come twice, balances in the same transaction. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const BATCH = 1_000;

/** What a batch adds, in lists: for one statement each. */
function rowsOf(batch) {
  const rows = { ids: [], of: [], accounts: [], amounts: [] };
  for (const { id, postings } of batch) {
    rows.ids.push(id);
    for (const { account, side, amount } of postings) {
      rows.of.push(id);
      rows.accounts.push(account);
      rows.amounts.push(side === "debit" ? amount : -amount);
    }
  }
  return rows;
}

/** Node's own SQLite on a file; `undefined` where this Node has none. */
export function sqlite() {
  const { DatabaseSync } = process.getBuiltinModule?.("node:sqlite") ?? {};
  if (DatabaseSync === undefined) return undefined;
  return (transactions) => {
    const folder = mkdtempSync(join(tmpdir(), "tillproof-bench-"));
    const database = new DatabaseSync(join(folder, "books.db"));
    try {
      database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
        CREATE TABLE entries (id TEXT PRIMARY KEY, occurred_at INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE postings (entry TEXT NOT NULL, account TEXT NOT NULL, amount INTEGER NOT NULL);
        CREATE TABLE balances (account TEXT PRIMARY KEY, amount INTEGER NOT NULL) WITHOUT ROWID;`);
      const entry = database.prepare("INSERT INTO entries VALUES (?, ?) ON CONFLICT DO NOTHING");
      const posting = database.prepare("INSERT INTO postings VALUES (?, ?, ?)");
      const balance = database.prepare("INSERT INTO balances VALUES (?, ?) ON CONFLICT (account) DO UPDATE SET amount = amount + excluded.amount");
      let created = 0;
      for (let from = 0; from < transactions.length; from += BATCH) {
        database.exec("BEGIN IMMEDIATE");
        for (const { id, occurredAt, postings } of transactions.slice(from, from + BATCH)) {
          if (entry.run(id, occurredAt).changes === 0) continue;
          created += 1;
          for (const { account, side, amount } of postings) {
            const signed = side === "debit" ? amount : -amount;
            posting.run(id, account, signed);
            balance.run(account, signed);
          }
        }
        database.exec("COMMIT");
      }
      return created;
    } finally {
      database.close();
      rmSync(folder, { recursive: true });
    }
  };
}

/** A PostgreSQL of this run; `undefined` where there is none. */
export async function postgres() {
  const services = await import(new URL("../../../scripts/services.mjs", import.meta.url));
  const { default: pg } = await import("pg");
  const url = await services.ensurePostgres();
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`CREATE TABLE entries (id text PRIMARY KEY);
    CREATE TABLE postings (entry text NOT NULL, account text NOT NULL, amount bigint NOT NULL);
    CREATE TABLE balances (account text PRIMARY KEY, amount bigint NOT NULL);`);
  // Of two of one id in a batch the first counts: the second finds it, as one of an earlier batch would be found.
  const statement = `WITH fresh AS (INSERT INTO entries SELECT DISTINCT unnest($1::text[]) ON CONFLICT DO NOTHING RETURNING id),
    rows AS (SELECT DISTINCT ON (entry, leg) * FROM unnest($2::text[], $3::text[], $4::bigint[], $5::int[]) AS given(entry, account, amount, leg)
      WHERE entry IN (SELECT id FROM fresh)),
    kept AS (INSERT INTO postings SELECT entry, account, amount FROM rows),
    summed AS (INSERT INTO balances SELECT account, sum(amount) FROM rows GROUP BY account
      ON CONFLICT (account) DO UPDATE SET amount = balances.amount + excluded.amount)
    SELECT count(*) AS created FROM fresh`;
  const post = async (transactions) => {
    let created = 0;
    for (let from = 0; from < transactions.length; from += BATCH) {
      const batch = transactions.slice(from, from + BATCH);
      const { ids, of, accounts, amounts } = rowsOf(batch);
      const legs = batch.flatMap(({ postings }) => postings.map((_, leg) => leg));
      const { rows } = await client.query({ name: "post", text: statement, values: [ids, of, accounts, amounts, legs] });
      created += Number(rows[0].created);
    }
    return created;
  };
  const stop = async () => {
    await client.end();
    await services.stopServices();
  };
  return { post, stop };
}
