import assert from "node:assert/strict";
import { after, test } from "node:test";

import pg from "pg";

import { createPostgresLedger, type PostgresLedger } from "../../pkg/src/ledger/postgres.js";
import { templates, type EntryInput } from "../../pkg/src/ledger/index.js";
import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { server } from "./servers.js";

const url = server("POSTGRES_URL");
const pool = new pg.Pool({ connectionString: url, max: 4 });
let count = 0;

after(() => pool.end());

async function books(): Promise<{ readonly ledger: PostgresLedger<pg.PoolClient>; readonly prefix: string }> {
  const prefix = `evidence_${process.pid}_${(count += 1)}`;
  const ledger = createPostgresLedger({ database: pool, prefix });
  await ledger.migrate();
  return { ledger, prefix };
}

const AT = Date.parse("2026-03-01T12:00:00Z");
const event = (id: string) => ({ id, currency: "EUR", occurredAt: AT, recordedAt: AT, cause: `evt:${id}` });
const topUp = (id: string, wallet: string, amount: number): EntryInput => templates.walletToppedUp({ ...event(id), gateway: "native", wallet, amount });
const wallet = (name: string): string => `Liabilities:Wallet:${name}:EUR`;
const code = (expected: string) => (error: unknown) => isTillproofError(error) && error.code === expected;

/** As somebody does who has the keys to the database. */


async function past(statement: string): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN; SET LOCAL session_replication_role = replica");
    const { rowCount } = await client.query(statement);
    await client.query("COMMIT");
    assert.equal(rowCount, 1);
  } finally {
    client.release();
  }
}

test("whatever is changed behind the back of the books is found, and where", async () => {
  const tampering: [name: string, statement: (prefix: string) => string, problem: string, place: number | string][] = [
    ["a digit of an amount in a record", (p) => `UPDATE ${p}_entries SET record = replace(record, '"200"', '"201"') WHERE number = 2`, "chain", 2],
    ["a hash", (p) => `UPDATE ${p}_chain SET hash = sha256('x') WHERE position = 3`, "chain", 3],
    ["an entry that is gone", (p) => `DELETE FROM ${p}_entries WHERE number = 2`, "chain", 2],
    ["a line that is gone", (p) => `DELETE FROM ${p}_chain WHERE position = 3`, "entry_without_line", "t3"],
    ["a posting of another amount", (p) => `UPDATE ${p}_postings SET amount = 299 WHERE entry = 3 AND leg = 1`, "posting_differs", "Assets:Gateway:native:Pending:EUR"],
    ["a posting of another account", (p) => `UPDATE ${p}_postings SET account = '${wallet("eve")}' WHERE entry = 3 AND leg = 2`, "posting_differs", wallet("anna")],
    ["a posting that is gone", (p) => `DELETE FROM ${p}_postings WHERE entry = 1 AND leg = 2`, "posting_differs", wallet("anna")],
    ["a balance", (p) => `UPDATE ${p}_balances SET credits = credits + 1 WHERE account = '${wallet("anna")}'`, "index_differs", `${wallet("anna")} EUR`],
    ["an id that is gone", (p) => `DELETE FROM ${p}_ids WHERE id = 't2'`, "id_differs", "t2"],
  ];
  const { ledger, prefix } = await books();
  for (const [index, amount] of [100, 200, 300].entries()) await ledger.post(topUp(`t${index + 1}`, "anna", amount));
  await ledger.maintain();
  const tables = ["entries", "postings", "chain", "balances", "ids"];
  for (const table of tables) await pool.query(`CREATE TABLE ${prefix}_copy_${table} AS TABLE ${prefix}_${table}`);
  for (const [name, statement, problem, place] of tampering) {
    assert.equal((await ledger.verify()).valid, true, `before ${name}`);
    await past(statement(prefix));
    const { valid, chain, findings } = await ledger.verify();
    const found = problem === "chain" ? !chain.valid && chain.position === place : findings.some((finding) => finding.problem === problem && finding.place.trim() === place);
    assert.ok(!valid && found, `${name}: ${JSON.stringify({ chain, findings })}`);
    const client = await pool.connect();
    await client.query("SET session_replication_role = replica");
    for (const table of tables) await client.query(`DELETE FROM ${prefix}_${table}; INSERT INTO ${prefix}_${table} SELECT * FROM ${prefix}_copy_${table}`);
    await client.query("RESET session_replication_role");
    client.release();
  }
});

test("the database itself refuses what does not balance, what changes, and a row in the wrong month", async () => {
  const { ledger, prefix } = await books();
  await ledger.post(topUp("t1", "anna", 100));
  const { rows } = await pool.query(`SELECT tableoid::regclass::text AS part FROM ${prefix}_postings LIMIT 1`);
  const { part } = rows[0] as { part: string };
  const insert = (table: string, amount: number) =>
    `INSERT INTO ${table} SELECT entry + 100, leg, posted_at, xid, account, currency, key, side, pending, CASE leg WHEN 1 THEN amount ELSE ${amount} END, occurred_at, recorded_at FROM ${prefix}_postings WHERE entry = 1`;
  for (const table of [`${prefix}_postings`, part]) await assert.rejects(pool.query(insert(table, 99)), /does not balance/);
  await assert.rejects(pool.query(insert(`${prefix}_postings`, 0)), /check constraint/);
  for (const table of ["entries", "postings"]) {
    await assert.rejects(pool.query(`DELETE FROM ${prefix}_${table}`), /only added to/);
    await assert.rejects(pool.query(`UPDATE ${prefix}_${table} SET xid = '5'`), /only added to/);
  }
  assert.equal((await ledger.verify()).valid, true);
});

test("months follow each other: a new partition is there in time, and one that is over takes nothing more", async () => {
  const { ledger, prefix } = await books();
  await ledger.post(topUp("t1", "anna", 100));
  await ledger.maintain();
  const now = (await pool.query("SELECT now() AS now")).rows[0] as { now: Date };
  const in40Days = new Date(now.now.getTime() + 40 * 86_400_000);
  const { rows } = await pool.query(`SELECT ${prefix}_partitions(3, $1) AS made`, [in40Days]);
  assert.ok((rows[0] as { made: number }).made >= 1);
  // This month is over by that clock, so what comes now has no place: the clock of the server was wrong, and nobody is misled.
  await assert.rejects(ledger.post(topUp("t2", "anna", 1)), /tillproof_ledger_closed|closed/);
  await ledger.fold();
  const floor = (await pool.query(`SELECT floor > now() AS later FROM ${prefix}_folds`)).rows[0] as { later: boolean };
  // Nothing was posted since, so the floor moves by itself; from then on entries stand in the month that comes next.
  assert.equal(floor.later, true);
  assert.equal((await ledger.post(topUp("t2", "anna", 1))).status, "created");
  assert.equal((await ledger.balance(wallet("anna"), "EUR")).balance, 101n);
  const parts = await pool.query(`SELECT DISTINCT tableoid::regclass::text AS part FROM ${prefix}_entries ORDER BY 1`);
  assert.equal(parts.rows.length, 2);
  await ledger.maintain();
  assert.equal((await ledger.balance(wallet("anna"), "EUR")).balance, 101n);
  assert.equal((await ledger.verify()).valid, true);
  await pool.query(`ALTER TABLE ${prefix}_entries DETACH PARTITION ${(parts.rows[1] as { part: string }).part}`);
  await assert.rejects(ledger.post(topUp("t3", "anna", 1)), code("postgres_ledger_partition_missing"));
});

test("books that were restored into another server say so, and are adopted", async () => {
  const { ledger, prefix } = await books();
  for (let number = 1; number <= 4; number += 1) {
    await ledger.post(topUp(`t${number}`, "anna", 10));
    if (number === 2) await ledger.maintain();
  }
  // As a dump of a server that has done a million transactions more.
  const ahead = (column: string) => `(${column}::text::bigint + 1000000)::text::xid8`;
  const client = await pool.connect();
  await client.query("SET session_replication_role = replica");
  for (const table of ["entries", "postings"]) await client.query(`UPDATE ${prefix}_${table} SET xid = ${ahead("xid")}`);
  for (const table of ["folds", "seals"]) {
    await client.query(
      `UPDATE ${prefix}_${table} SET snapshot = format('%1$s:%1$s:', pg_snapshot_xmax(snapshot)::text::bigint + 1000000)::pg_snapshot`,
    );
  }
  await client.query("RESET session_replication_role");
  client.release();
  await assert.rejects(ledger.post(topUp("t5", "anna", 10)), code("postgres_ledger_restored"));
  assert.equal((await ledger.balance(wallet("anna"), "EUR")).balance, 40n);
  await ledger.adopt();
  assert.equal((await ledger.post(topUp("t5", "anna", 10))).status, "created");
  assert.equal((await ledger.balance(wallet("anna"), "EUR")).balance, 50n);
  await ledger.maintain();
  const { valid, chain } = await ledger.verify();
  assert.deepEqual([valid, chain.valid && chain.length], [true, 5]);
  assert.equal((await ledger.balance(wallet("anna"), "EUR")).balance, 50n);
});

test("a replica is only read from, and says how far it had come", async () => {
  const { ledger, prefix } = await books();
  const replica = new pg.Pool({ connectionString: url, max: 2, options: "-c default_transaction_read_only=on" });
  try {
    const reading = createPostgresLedger({ database: pool, replica, prefix });
    await ledger.post(topUp("t1", "anna", 10));
    await ledger.maintain();
    await ledger.post(topUp("t2", "anna", 5));
    const { balance, position } = await reading.balance(wallet("anna"), "EUR", { replica: true });
    assert.deepEqual([balance, position], [15n, 1]);
    assert.equal((await reading.balance(wallet("anna"), "EUR", { replica: true, at: AT })).balance, 15n);
    assert.equal((await reading.balance(wallet("anna"), "EUR", { replica: true, knownAt: AT - 1 })).balance, 0n);
    const elsewhere = createPostgresLedger({ database: replica, prefix });
    await assert.rejects(elsewhere.post(topUp("t3", "anna", 5)), /read-only/);
  } finally {
    await replica.end();
  }
});

test("what is missing is said with what is to be done", async () => {
  const ledger = createPostgresLedger({ database: pool, prefix: `nowhere_${process.pid}` });
  await assert.rejects(ledger.post(topUp("t", "anna", 1)), code("postgres_ledger_missing"));
  await assert.rejects(ledger.balance(wallet("anna"), "EUR"), code("postgres_ledger_missing"));
  await assert.rejects(ledger.fold(), code("postgres_ledger_missing"));
  assert.throws(() => createPostgresLedger({ database: pool, prefix: "Books" }), code("postgres_prefix_invalid"));
  assert.throws(() => createPostgresLedger({ database: pool, table: "x" } as never), code("unknown_option"));
  assert.throws(() => createPostgresLedger({ database: {} as never }), code("postgres_client_unknown"));
});
