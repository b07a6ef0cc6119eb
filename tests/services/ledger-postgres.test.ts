import assert from "node:assert/strict";
import { after, test } from "node:test";

import pg from "pg";
import postgres from "postgres";

import { createPostgresLedger, type PostgresLedger } from "../../pkg/src/ledger/postgres.js";
import { Ledger, templates, type EntryInput } from "../../pkg/src/ledger/index.js";
import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { server } from "./servers.js";

const url = server("POSTGRES_URL");
const pool = new pg.Pool({ connectionString: url, max: 40 });
const prefixes: string[] = [];

after(async () => {
  await pool.end();
});

/** Empty books of their own. */
async function books(now?: () => number): Promise<{ ledger: PostgresLedger<pg.PoolClient>; prefix: string }> {
  const prefix = `books_${process.pid}_${prefixes.length}`;
  prefixes.push(prefix);
  const ledger = createPostgresLedger({ database: pool, prefix, ...(now === undefined ? {} : { now }) });
  await ledger.migrate();
  return { ledger, prefix };
}

const AT = Date.parse("2026-03-01T12:00:00Z");
const event = (id: string) => ({ id, currency: "EUR", occurredAt: AT, recordedAt: AT + 1_000, cause: `evt:${id}` });
const told = ({ currency: _, ...rest }: ReturnType<typeof event>) => rest;
const topUp = (id: string, wallet: string, amount: number): EntryInput => templates.walletToppedUp({ ...event(id), gateway: "native", wallet, amount });
const transfer = (id: string, from: string, to: string, amount: number): EntryInput => templates.walletTransfer({ ...event(id), from, to, amount });
const code = (expected: string) => (error: unknown) => isTillproofError(error) && error.code === expected;
const wallet = (name: string) => `Liabilities:Wallet:${name}:EUR`;

/** All that can be said of the whole. */
async function sound(ledger: PostgresLedger<pg.PoolClient>): Promise<void> {
  await ledger.maintain();
  const { valid, chain, findings } = await ledger.verify();
  assert.deepEqual({ valid, findings }, { valid: true, findings: [] }, JSON.stringify(chain));
}

test("an entry is created once, is there the second time, and differs the third", async () => {
  const { ledger } = await books();
  assert.deepEqual(await ledger.post(topUp("t1", "anna", 500)), { status: "created", number: 1 });
  assert.deepEqual(await ledger.post({ ...topUp("t1", "anna", 500), cause: "another", recordedAt: AT + 9 }), { status: "exists", number: 1 });
  assert.deepEqual(await ledger.post(topUp("t1", "anna", 501)), { status: "exists_with_different", number: 1, field: "postings" });
  assert.deepEqual(await ledger.post({ ...topUp("t1", "anna", 500), occurredAt: AT + 1 }), { status: "exists_with_different", number: 1, field: "occurredAt" });
  await assert.rejects(ledger.postAll([topUp("t2", "anna", 1), topUp("t1", "anna", 7)]), code("entry_differs"));
  assert.equal(await ledger.entry("t2"), null);
  assert.deepEqual((await ledger.postAll([topUp("t1", "anna", 500), topUp("t3", "anna", 1)])).map(({ status }) => status), ["exists", "created"]);
  assert.deepEqual(await ledger.entry("t3"), { ...topUp("t3", "anna", 1), recordedAt: AT + 1_000, postings: (await ledger.entry("t3"))?.postings });
  assert.equal((await ledger.balance(wallet("anna"), "EUR")).balance, 501n);
  await sound(ledger);
});

test("the sealed journal is the one the ledger in memory writes, and comes back into an empty database as it was", async () => {
  const { ledger } = await books();
  const memory = await Ledger.open();
  const hold = { ...event("hold"), authorization: "pi_1", amount: 10_000 };
  const entries = [
    topUp("t1", "anna", 5_000),
    transfer("w1", "anna", "ben", 700),
    templates.authorization({ ...hold, expiresAt: AT + 1_000 }),
    templates.capture({ ...event("capture"), authorization: "pi_1", of: "hold", gateway: "native", reference: "o1", amount: 6_000, fee: 100 }),
    templates.escrowHeld({ ...event("escrow"), gateway: "native", reference: "o2", order: "o2", amount: 10_000, fee: 300 } as never),
  ].map((entry) => ({ ...entry, recordedAt: AT + 1_000 }));
  const reversal = templates.reversal(entries[1] as EntryInput, told(event("back")));
  for (const entry of [...entries, reversal]) {
    assert.equal((await memory.post(entry)).status, "created", entry.id);
    assert.equal((await ledger.post(entry)).status, "created", entry.id);
  }
  const blocked = { id: "block", account: "Liabilities:Wallet:carl", state: "blocked", occurredAt: AT, recordedAt: AT, cause: "fraud" } as const;
  await memory.setAccount(blocked);
  await ledger.setAccount(blocked);
  assert.equal(await memory.expireHolds({ now: AT + 2_000 }), 1);
  assert.equal(await ledger.expireHolds({ now: AT + 2_000 }), 1);
  assert.equal(await ledger.expireHolds({ now: AT + 2_000 }), 0);
  await sound(ledger);
  const copy = await ledger.books();
  assert.deepEqual(copy.journal(), memory.journal());
  assert.deepEqual(copy.trialBalance(), memory.trialBalance());
  await assert.rejects(copy.post(topUp("t9", "anna", 1)), code("postgres_books_read_only"));
  for (const row of memory.trialBalance().flatMap(({ accounts }) => accounts)) {
    const { account, kind: _, ...sums } = row;
    const { position, ...found } = await ledger.balance(account, "EUR");
    assert.deepEqual(found, sums, account);
    assert.equal(position, memory.length);
    assert.deepEqual({ ...(await ledger.balance(account, "EUR", { at: AT })), position }, { ...memory.balance(account, "EUR", { at: AT }), position }, account);
  }
  const { ledger: other } = await books();
  assert.equal(await other.importJournal(memory.toJsonLines()), memory.length);
  assert.equal(await other.importJournal(memory.journal()), 0);
  assert.deepEqual((await other.books()).journal(), memory.journal());
  await sound(other);
});

test("what reverses or releases is measured against what is left, also when two do it at once", async () => {
  const { ledger } = await books();
  const sale = templates.charge({ ...event("sale"), gateway: "native", reference: "o1", paymentId: "p1", amount: 1_000, fee: 0 } as never);
  await ledger.post(sale);
  const reversal = (id: string) => templates.reversal(sale, told(event(id)));
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, (_, index) => ledger.post(reversal(`back:${index}`))));
  const refused = outcomes.filter((outcome) => outcome.status === "rejected").map(({ reason }) => (reason as { code: string }).code);
  assert.deepEqual([outcomes.length - refused.length, [...new Set(refused)]], [1, ["already_reversed"]]);
  const winner = outcomes.findIndex(({ status }) => status === "fulfilled");
  assert.equal((await ledger.post(reversal(`back:${winner}`))).status, "exists");
  assert.equal((await ledger.post({ ...reversal(`back:${winner}`), description: "x" })).status, "exists_with_different");
  await assert.rejects(ledger.post(templates.reversal(topUp("none", "a", 1), told(event("b")))), code("reversal_of_unknown"));
  const pair = [templates.charge({ ...event("sale2"), gateway: "native", reference: "o2", amount: 9, fee: 0 } as never)];
  const both = await ledger.postAll([pair[0] as EntryInput, templates.reversal(pair[0] as EntryInput, told(event("back2")))]);
  assert.deepEqual(both.map(({ status }) => status), ["created", "created"]);
  await sound(ledger);
});

test("both drivers post in the caller's transaction, and a refusal leaves it open", async () => {
  const { ledger, prefix } = await books();
  await pool.query(`CREATE TABLE ${prefix}_shop (id text PRIMARY KEY)`);
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    await client.query(`INSERT INTO ${prefix}_shop VALUES ('a')`);
    await ledger.post(topUp("t1", "anna", 100), { client });
    assert.equal((await ledger.balance(wallet("anna"), "EUR", { client })).balance, 100n);
    assert.equal((await ledger.balance(wallet("anna"), "EUR")).balance, 0n);
    await assert.rejects(ledger.post(transfer("w1", "anna", "ben", 101), { client }), code("limit_reached"));
    await ledger.post(transfer("w2", "anna", "ben", 100), { client });
    await client.query("ROLLBACK");
    assert.equal(await ledger.entry("t1"), null);
    await client.query("BEGIN ISOLATION LEVEL SERIALIZABLE");
    await ledger.post(topUp("t1", "anna", 100), { client });
    await ledger.setAccount({ id: "s1", account: wallet("carl"), state: "blocked", occurredAt: AT, cause: "c" }, { client });
    await client.query("ROLLBACK");
    await assert.rejects(ledger.post(topUp("t1", "anna", 100), { client: pool as never }), code("postgres_client_unknown"));
  } finally {
    client.release();
  }
  const sql = postgres(url, { max: 2 });
  try {
    const second = createPostgresLedger({ database: sql, prefix });
    await sql.begin(async (transaction) => {
      await transaction.unsafe(`INSERT INTO ${prefix}_shop VALUES ('b')`);
      assert.equal((await second.post(topUp("t2", "anna", 100), { client: transaction as never })).status, "created");
    });
    assert.equal((await second.balance(wallet("anna"), "EUR")).balance, 100n);
    assert.equal((await second.post(topUp("t3", "carl", 5))).status, "created");
    await second.maintain();
    assert.equal((await second.verify()).valid, true);
  } finally {
    await sql.end();
  }
  await sound(ledger);
});
