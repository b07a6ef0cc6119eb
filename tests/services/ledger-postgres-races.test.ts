import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import pg from "pg";

import { createPostgresLedger, type PostgresLedger } from "../../pkg/src/ledger/postgres.js";
import { templates, type EntryInput } from "../../pkg/src/ledger/index.js";
import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { server } from "./servers.js";

const url = server("POSTGRES_URL");
/** Who waits for ever says so after a while, which is longer than any machine takes. */
const pool = new pg.Pool({ connectionString: url, max: 40, lock_timeout: 300_000 });
const PROGRAM = fileURLToPath(new URL("ledger-postgres-process.mjs", import.meta.url));
let count = 0;

after(() => pool.end());

type Books = { readonly ledger: PostgresLedger<pg.PoolClient>; readonly prefix: string };

async function books(): Promise<Books> {
  const prefix = `races_${process.pid}_${(count += 1)}`;
  const ledger = createPostgresLedger({ database: pool, prefix });
  await ledger.migrate();
  return { ledger, prefix };
}

const AT = Date.parse("2026-03-01T12:00:00Z");
const event = (id: string) => ({ id, currency: "EUR", occurredAt: AT, recordedAt: AT, cause: `evt:${id}` });
const topUp = (id: string, wallet: string, amount: number): EntryInput => templates.walletToppedUp({ ...event(id), gateway: "native", wallet, amount });
const transfer = (id: string, from: string, to: string, amount: number): EntryInput => templates.walletTransfer({ ...event(id), from, to, amount });
const wallet = (name: string): string => `Liabilities:Wallet:${name}:EUR`;
const codeOf = (reason: unknown): string => (isTillproofError(reason) ? reason.code : String(reason));

async function tally(calls: readonly Promise<{ readonly status: string }>[]): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const outcome of await Promise.allSettled(calls)) {
    const word = outcome.status === "fulfilled" ? outcome.value.status : codeOf(outcome.reason);
    found[word] = (found[word] ?? 0) + 1;
  }
  return found;
}

async function sound({ ledger }: Books): Promise<void> {
  await ledger.maintain();
  const { valid, findings } = await ledger.verify();
  assert.deepEqual({ valid, findings }, { valid: true, findings: [] });
}

/** A transaction that stays open until it is told how to end. */
async function open(): Promise<{ readonly client: pg.PoolClient; end(how: "COMMIT" | "ROLLBACK"): Promise<void> }> {
  const client = await pool.connect();
  await client.query("BEGIN");
  return {
    client,
    end: async (how) => {
      await client.query(how);
      client.release();
    },
  };
}

/** Resolves when a statement on the tables of these books waits for a transaction: the server says so, not a clock. */
async function somebodyWaits({ prefix }: Books): Promise<void> {
  const waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND strpos(query, $1) > 0";
  while ((await pool.query(waiting, [`${prefix}_`])).rows.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Fails when a call ends that was to wait for a transaction. */
async function waits(place: Books, call: Promise<unknown>): Promise<void> {
  const ended = call.then(() => "ended", () => "ended");
  assert.equal(await Promise.race([ended, somebodyWaits(place).then(() => "waits")]), "waits");
}

test("four hundred payers of one seller: every payment is there once, while two processes fold and seal", async () => {
  const place = await books();
  const { ledger } = place;
  const stop = new AbortController();
  const other = createPostgresLedger({ database: pool, prefix: place.prefix });
  const workers = [ledger.work({ signal: stop.signal, everyMs: 1 }), other.work({ signal: stop.signal, everyMs: 1 })];
  // Everybody pays twice with one id: a double click.
  const calls = Array.from({ length: 400 }, (_, index) => [0, 1].map(() => ledger.post(topUp(`pay:${index}`, "seller", 10))));
  assert.deepEqual(await tally(calls.flat()), { created: 400, exists: 400 });
  stop.abort();
  await Promise.all(workers);
  assert.equal((await ledger.balance(wallet("seller"), "EUR")).balance, 4_000n);
  await sound(place);
  assert.equal((await ledger.balance(wallet("seller"), "EUR")).position, 400);
});

test("a wallet that 32 connections spend from at once never goes below zero, whoever folds meanwhile", async () => {
  const place = await books();
  const { ledger } = place;
  await ledger.post(topUp("t", "anna", 1_000));
  const stop = new AbortController();
  const worker = ledger.work({ signal: stop.signal, everyMs: 1 });
  const calls = Array.from({ length: 160 }, (_, index) => ledger.post(transfer(`w:${index}`, "anna", `shop${index % 5}`, 9)));
  assert.deepEqual(await tally(calls), { created: 111, limit_reached: 49 });
  stop.abort();
  await worker;
  assert.equal((await ledger.balance(wallet("anna"), "EUR")).balance, 1n);
  await sound(place);
});

test("an order in escrow never pays out more than it holds, and orders do not wait for each other", async () => {
  const place = await books();
  const { ledger } = place;
  const posting = (account: string, side: "debit" | "credit", amount: number, key?: string) => ({ account, side, amount, currency: "EUR", ...(key === undefined ? {} : { key }) });
  const entry = (id: string, from: ReturnType<typeof posting>, to: ReturnType<typeof posting>): EntryInput => {
    const { currency: _, ...rest } = event(id);
    return { ...rest, postings: [from, to] };
  };
  const escrow = "Liabilities:Escrow:EUR";
  for (const order of ["o1", "o2"]) await ledger.post(entry(`in:${order}`, posting("Assets:Bank:main:EUR", "debit", 100), posting(escrow, "credit", 100, order)));
  const release = (id: string, order: string, amount: number) => entry(id, posting(escrow, "debit", amount, order), posting("Liabilities:Provider:p:EUR", "credit", amount));
  await ledger.post(release("before", "o1", 1));
  const first = await open();
  await ledger.post(release("a", "o1", 59), { client: first.client });
  // The other order does not wait for the open transaction.
  assert.equal((await ledger.post(release("b", "o2", 60))).status, "created");
  const waiting = ledger.post(release("c", "o1", 60));
  await waits(place, waiting);
  await first.end("COMMIT");
  await assert.rejects(waiting, (error) => codeOf(error) === "limit_reached");
  // Taken from no order, it would leave too little for both.
  assert.deepEqual(
    await tally([ledger.post(entry("d", posting(escrow, "debit", 81), posting("Assets:Bank:main:EUR", "credit", 81)))]),
    { limit_reached: 1 },
  );
  assert.equal((await ledger.balance(escrow, "EUR", { key: "o1" })).balance, 40n);
  await sound(place);
});

test("a stricter isolation level fails where it would have read what is over", async () => {
  const place = await books();
  const { ledger } = place;
  await ledger.post(topUp("t", "anna", 10));
  const slow = await pool.connect();
  await slow.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  await slow.query("SELECT 1");
  await ledger.post(transfer("w:1", "anna", "ben", 10));
  await assert.rejects(ledger.post(transfer("w:2", "anna", "ben", 10), { client: slow }), (error) => codeOf(error) === "store_busy");
  await slow.query("ROLLBACK");
  slow.release();
  await sound(place);
});

test("of two entries with one id the first to commit counts, and the other is told what differs", async () => {
  const place = await books();
  const { ledger } = place;
  for (const [end, expected] of [["COMMIT", "exists_with_different"], ["ROLLBACK", "created"]] as const) {
    const first = await open();
    await ledger.post(topUp(`t:${end}`, "anna", 10), { client: first.client });
    const second = ledger.post(topUp(`t:${end}`, "anna", 11));
    await waits(place, second);
    await first.end(end);
    assert.equal((await second).status, expected);
  }
  await sound(place);
});

test("a process that dies between the statement and the commit leaves nothing behind, and nobody waits for it", async () => {
  const place = await books();
  const { ledger, prefix } = place;
  await ledger.post(topUp("t", "anna", 100));
  const child: ChildProcess = spawn(server("MODERN_NODE"), [PROGRAM, "hold", prefix], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise<void>((resolve) => child.stdout?.once("data", () => resolve()));
  // It has posted, and holds the stripe of the wallet and the id.
  const waiting = ledger.post(transfer("w", "anna", "carl", 100));
  await waits(place, waiting);
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
  assert.equal((await waiting).status, "created");
  assert.equal((await ledger.balance(wallet("ben"), "EUR")).balance, 0n);
  await sound(place);
});

test("a transaction that stays open holds up neither fold nor seal, and is overlooked by neither when it ends", async () => {
  const place = await books();
  const { ledger } = place;
  const slow = await open();
  await ledger.post(topUp("slow", "anna", 1), { client: slow.client });
  await ledger.post(topUp("quick", "anna", 10));
  assert.deepEqual(await ledger.maintain(), { partitions: 0, folded: 2, sealed: 1 });
  assert.deepEqual(await ledger.maintain(), { partitions: 0, folded: 0, sealed: 0 });
  await ledger.post(topUp("later", "anna", 100));
  assert.deepEqual(await ledger.maintain(), { partitions: 0, folded: 2, sealed: 1 });
  assert.equal((await ledger.balance(wallet("anna"), "EUR")).balance, 110n);
  await slow.end("COMMIT");
  assert.equal((await ledger.balance(wallet("anna"), "EUR")).balance, 111n);
  assert.deepEqual(await ledger.maintain(), { partitions: 0, folded: 2, sealed: 1 });
  assert.equal((await ledger.balance(wallet("anna"), "EUR")).balance, 111n);
  const ids = (await ledger.books()).journal().map((line) => (JSON.parse(line) as { entry: { id: string } }).entry.id);
  assert.deepEqual(ids, ["quick", "later", "slow"]);
  await sound(place);
});

test("what takes from an entry stands after it, also when its transaction began before", async () => {
  const place = await books();
  const { ledger, prefix } = place;
  const old = await open();
  await ledger.post(topUp("first of the old", "anna", 1), { client: old.client });
  const hold = await open();
  await hold.client.query(`SELECT pg_current_xact_id()`);
  await ledger.post(topUp("original", "anna", 10));
  const original = await ledger.entry("original");
  const { currency: _, ...rest } = event("back");
  await ledger.post(templates.reversal(original as EntryInput, rest), { client: old.client });
  await old.end("COMMIT");
  await ledger.maintain();
  await hold.end("COMMIT");
  await sound(place);
  const { rows } = await pool.query(`SELECT count(*)::int AS lines FROM ${prefix}_chain`);
  assert.equal((rows[0] as { lines: number }).lines, 3);
});

test("one folder and one sealer at a time: the others are told", async () => {
  const place = await books();
  const { ledger } = place;
  await ledger.postAll(Array.from({ length: 200 }, (_, index) => topUp(`t:${index}`, "anna", 1)));
  const folded = await Promise.all(Array.from({ length: 8 }, () => ledger.fold()));
  const sealed = await Promise.all(Array.from({ length: 8 }, () => ledger.seal()));
  const total = (numbers: readonly (number | null)[]) => numbers.reduce<number>((sum, number) => sum + (number ?? 0), 0);
  assert.deepEqual([total(folded), total(sealed)], [400, 200]);
  const inside = await open();
  await inside.client.query(`SELECT pg_current_xact_id()`);
  await assert.rejects(inside.client.query(`SELECT ${place.prefix}_fold()`), /outside of a transaction/);
  await inside.end("ROLLBACK");
  await sound(place);
});

test("an account that is closed while others post to it holds nothing, and nothing is posted to it any more", async () => {
  const place = await books();
  const { ledger } = place;
  const standing = (id: string, state: "closed" | "blocked" | "open", account = "Liabilities:Wallet:anna") => ({ id, account, state, occurredAt: AT, cause: "c" });
  const posting = await open();
  await ledger.post(topUp("t", "anna", 10), { client: posting.client });
  const closing = ledger.setAccount(standing("close", "closed"));
  await waits(place, closing);
  await posting.end("COMMIT");
  await assert.rejects(closing, (error) => codeOf(error) === "account_not_empty");
  await ledger.post(transfer("w", "anna", "ben", 10));
  assert.equal((await ledger.setAccount(standing("close", "closed"))).status, "created");
  const other = createPostgresLedger({ database: pool, prefix: place.prefix });
  assert.equal((await other.post(topUp("t:ben", "ben", 1))).status, "created");
  await ledger.setAccount(standing("block", "blocked", "Liabilities:Wallet:ben"));
  assert.deepEqual(await tally([other.post(topUp("t2", "anna", 1)), other.post(topUp("t3", "ben", 1))]), { account_closed: 1, account_blocked: 1 });
  await ledger.setAccount({ ...standing("limit", "open", "Assets:Gateway"), limit: "no_credit_balance" });
  const { currency: _, ...rest } = event("back");
  const back = templates.reversal((await ledger.entry("t:ben")) as EntryInput, rest);
  assert.deepEqual(await tally([other.post(back)]), { account_blocked: 1 });
  await sound(place);
});
