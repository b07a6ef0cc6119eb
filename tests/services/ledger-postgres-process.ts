/**
 * A merchant's process of the tests of the books in PostgreSQL.
 *
 * `node ledger-postgres-process.mjs hold <prefix>` posts in a transaction, says so, and never ends it.
 *
 * `node ledger-postgres-process.mjs post <prefix> <file> <from> <to> <lane>` posts every second entry of a range, sixteen at once, and
 * writes the ids of those that were acknowledged into the file, so that whoever killed it knows what it had been promised. It
 * folds and seals meanwhile.
 */

import { appendFileSync } from "node:fs";

import pg from "pg";

import { templates, type EntryInput } from "../../pkg/src/ledger/index.js";
import { createPostgresLedger } from "../../pkg/src/ledger/postgres.js";
import { server } from "./servers.js";

/** Entries under way at once. */
const AT_ONCE = 16;

/** Wallets that are spent from. */
const PAYERS = 8;

const AT = Date.parse("2026-03-01T12:00:00Z");

/** The entry of a number: the same in every process. One in four pays a seller, the others spend from a wallet. */
export function entryOf(number: number): EntryInput {
  const event = { id: `entry:${number}`, currency: "EUR", occurredAt: AT + number, recordedAt: AT, cause: `evt_${number}` };
  return number % 4 === 0
    ? templates.walletToppedUp({ ...event, gateway: "native", wallet: "seller", amount: 1_000 })
    : templates.walletTransfer({ ...event, from: `payer${number % PAYERS}`, to: "ben", amount: 3 });
}

/** What the wallets have before anybody spends. */
export function beginning(amount: number): EntryInput[] {
  const event = { currency: "EUR", occurredAt: AT, recordedAt: AT, cause: "beginning" };
  return Array.from({ length: PAYERS }, (_, payer) =>
    templates.walletToppedUp({ ...event, id: `beginning:${payer}`, gateway: "native", wallet: `payer${payer}`, amount }),
  );
}

const [work = "", prefix = "", file = "", from = "0", to = "0", lane = "0"] = process.argv.slice(2);

if (work === "hold") {
  const pool = new pg.Pool({ connectionString: server("POSTGRES_URL"), max: 2 });
  const ledger = createPostgresLedger({ database: pool, prefix });
  const client = await pool.connect();
  await client.query("BEGIN");
  const event = { id: "w", currency: "EUR", occurredAt: AT, recordedAt: AT, cause: "c" };
  await ledger.post(templates.walletTransfer({ ...event, from: "anna", to: "ben", amount: 100 }), { client });
  console.log("posted");
  setInterval(() => undefined, 1_000);
}

if (work === "post") {
  const pool = new pg.Pool({ connectionString: server("POSTGRES_URL"), max: AT_ONCE + 2 });
  const ledger = createPostgresLedger({ database: pool, prefix });
  const stop = new AbortController();
  const worker = ledger.work({ signal: stop.signal, everyMs: 20 });
  let next = Number(from) + ((Number(from) + Number(lane)) % 2);
  const payer = async (): Promise<void> => {
    for (;;) {
      const number = next;
      next += 2;
      if (number >= Number(to)) return;
      const entry = entryOf(number);
      await ledger.post(entry);
      appendFileSync(file, `${entry.id}\n`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, payer));
  stop.abort();
  await worker;
  await pool.end();
}
