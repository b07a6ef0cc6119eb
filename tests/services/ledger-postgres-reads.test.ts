/**
 * What it costs to ask the books in PostgreSQL, in pages that the server looks at: a number that no load of the machine changes.
 */

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout } from "node:timers/promises";

import pg from "pg";

import { createPostgresLedger } from "../../pkg/src/ledger/postgres.js";
import { templates, type EntryInput } from "../../pkg/src/ledger/index.js";
import { server } from "./servers.js";

const pool = new pg.Pool({ connectionString: server("POSTGRES_URL"), max: 4 });
const AT = Date.parse("2026-03-01T12:00:00Z");
const WALLET = "Liabilities:Wallet:anna:EUR";
/** Ten times and a hundred times the history of the first question. */
const HISTORIES = [300, 3_000, 30_000];

after(() => pool.end());

const topUp = (number: number): EntryInput =>
  templates.walletToppedUp({
    id: `top-up:${number}`, currency: "EUR", occurredAt: AT, recordedAt: AT, cause: `evt:${number}`,
    gateway: "native", wallet: "anna", amount: 5,
  });

/** Pages looked at by the statements that `ask` sends, each planned and run as the server would. */
async function pagesOf(heard: { statement: string; values: readonly unknown[] }[], ask: () => Promise<unknown>): Promise<number> {
  heard.length = 0;
  await ask();
  let pages = 0;
  for (const { statement, values } of [...heard]) {
    const { rows } = await pool.query<{ "QUERY PLAN": [{ Plan: Record<string, number> }] }>(
      `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${statement}`,
      [...values],
    );
    const plan = rows[0]?.["QUERY PLAN"][0].Plan ?? {};
    pages += (plan["Shared Hit Blocks"] ?? 0) + (plan["Shared Read Blocks"] ?? 0);
  }
  return pages;
}

/** Waits until nobody is at work who began before now: what may still be written next to such a one is looked at apart. */
async function quiet(): Promise<void> {
  const { rows } = await pool.query<{ now: string }>("SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS now");
  const older = "SELECT pg_snapshot_xmin(pg_current_snapshot()) < $1::text::xid8 AS older";
  while ((await pool.query<{ older: boolean }>(older, [rows[0]?.now])).rows[0]?.older === true) await setTimeout(20);
}

test("a balance looks at no more pages after a hundred times the history", async () => {
  const prefix = `reads_${process.pid}`;
  const heard: { statement: string; values: readonly unknown[] }[] = [];
  const listening = {
    query: (statement: string, values: readonly unknown[] = []) => {
      heard.push({ statement, values });
      return pool.query(statement, [...values]);
    },
    connect: () => pool.connect(),
  };
  const ledger = createPostgresLedger({ database: listening as unknown as pg.Pool, prefix });
  await ledger.migrate();
  const seen: { entries: number; pages: number; sum: number }[] = [];
  let posted = 0;
  for (const entries of HISTORIES) {
    while (posted < entries) {
      const batch = Array.from({ length: Math.min(300, entries - posted) }, (_, index) => topUp(posted + index));
      await ledger.postAll(batch);
      posted += batch.length;
    }
    await quiet();
    await ledger.maintain();
    await pool.query(`ANALYZE ${prefix}_postings`);
    assert.equal((await ledger.balance(WALLET, "EUR")).balance, BigInt(posted * 5));
    const pages = await pagesOf(heard, () => ledger.balance(WALLET, "EUR"));
    const sum = await pagesOf(heard, () =>
      listening.query(`SELECT sum(amount) FROM ${prefix}_postings WHERE account = $1`, [WALLET]));
    seen.push({ entries: posted, pages, sum });
  }
  const [first, , last] = seen;
  assert.ok(first !== undefined && last !== undefined);
  // An index of a hundred times the size may be one level deeper, wherever it is looked into.
  for (const { pages } of seen) assert.ok(pages > 0 && pages <= first.pages + 6, `pages for each history: ${JSON.stringify(seen)}`);
  assert.ok(last.sum > 20 * first.sum, "the naive sum shows that this measure would see growth");
});
