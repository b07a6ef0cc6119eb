/**
 * A thousand buyers pay one seller at once: the books in PostgreSQL beside the two designs that come to mind first.
 *
 * `UPDATE balance` writes the payment and adds to the balances of seller and gateway, in one statement: by itself, and as one of
 * a transaction that writes an order too. `SUM` writes the payment
 * and its two postings, and adds up when it is asked. Both are the least a hand would write: no chain, no template, no rule. All
 * contenders take turns, with the same connections, the same durability (`fsync`, `synchronous_commit`), and a worker that folds
 * and seals the books meanwhile. Skipped where `POSTGRES_URL` names no server.
 */

import { setTimeout as sleep } from "node:timers/promises";

import { createPostgresLedger } from "tillproof/ledger/postgres";

const PAYERS = 1_000;
const CONNECTIONS = Number(process.env.LEDGER_CONNECTIONS ?? 32);
/** Of each payer, in each round. */
const PAYMENTS = Number(process.env.LEDGER_PAYMENTS ?? 5);
const ROUNDS = 3;
/** Entries there are when a balance is read the second time. */
const HISTORY = Number(process.env.LEDGER_HISTORY ?? 60_000);
const ALONE = 400;
const SELLER = "Liabilities:Provider:seller:EUR";
let sent = 0;

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
const ms = (number) => Number(number.toFixed(2));
const median = (numbers) => at(numbers.toSorted((a, b) => a - b), 0.5);

/** A sale through the platform: the gateway holds the money, the seller and the platform have it. */
function sale() {
  const number = (sent += 1);
  const posting = (account, side, amount) => ({ account, side, amount, currency: "EUR" });
  const postings = [posting("Assets:Gateway:native:Pending:EUR", "debit", 1_000), posting(SELLER, "credit", 1_000)];
  const now = Date.now();
  return { id: `sale:${process.pid}:${number}`, occurredAt: now, recordedAt: now, cause: `evt_${number}`, postings };
}

async function schema(pool, prefix) {
  await pool.query(`
    CREATE TABLE ${prefix}_payments (id text PRIMARY KEY, amount bigint NOT NULL, cause text NOT NULL);
    CREATE TABLE ${prefix}_accounts (name text PRIMARY KEY, balance bigint NOT NULL);
    INSERT INTO ${prefix}_accounts VALUES ('seller', 0), ('gateway', 0);
    CREATE TABLE ${prefix}_entries (id text PRIMARY KEY, cause text NOT NULL);
    CREATE TABLE ${prefix}_postings (entry text NOT NULL, account text NOT NULL, amount bigint NOT NULL);
    CREATE TABLE ${prefix}_orders (id text PRIMARY KEY, state text NOT NULL);
    CREATE INDEX ${prefix}_by_account ON ${prefix}_postings (account) INCLUDE (amount)`);
}

function contenders(ledger, prefix) {
  const update = `
    WITH payment AS (INSERT INTO ${prefix}_payments VALUES ($1, $2, $3)), held AS (
      UPDATE ${prefix}_accounts SET balance = balance + $2 WHERE name = 'gateway'
    ) UPDATE ${prefix}_accounts SET balance = balance + $2 WHERE name = 'seller'`;
  const sum = `
    WITH entry AS (INSERT INTO ${prefix}_entries VALUES ($1, $3))
    INSERT INTO ${prefix}_postings VALUES ($1, 'gateway', -$2::bigint), ($1, 'seller', $2::bigint)`;
  return {
    tillproof: async (client, entry) => {
      if ((await ledger.post(entry, { client })).status !== "created") throw new Error("a sale was not created");
    },
    "UPDATE balance": (client, entry) => client.query(update, [entry.id, 1_000, entry.cause]),
    SUM: (client, entry) => client.query(sum, [entry.id, 1_000, entry.cause]),
  };
}

/** What a shop does: the payment is one of several statements of a transaction. */
const inOrder = (prefix, pay) => async (client, entry) => {
  await client.query("BEGIN");
  await pay(client, entry);
  await client.query(`INSERT INTO ${prefix}_orders VALUES ($1, 'paid')`, [entry.id]);
  await client.query("COMMIT");
};

/** All payers pay: how long it takes, and how long each takes once it has a connection, and with the wait for one. */
async function crowd(pool, pay) {
  const statements = [];
  const waits = [];
  const started = performance.now();
  const payer = async () => {
    for (let payment = 0; payment < PAYMENTS; payment += 1) {
      const entry = sale();
      const asked = performance.now();
      const client = await pool.connect();
      const began = performance.now();
      try {
        await pay(client, entry);
      } finally {
        client.release();
      }
      const ended = performance.now();
      statements.push(ended - began);
      waits.push(ended - asked);
    }
  };
  await Promise.all(Array.from({ length: PAYERS }, payer));
  return { seconds: (performance.now() - started) / 1_000, statements, waits };
}

/** One after the other on one connection: what an append costs with nobody else there. */
async function alone(pool, pay) {
  const client = await pool.connect();
  const took = [];
  try {
    for (let count = 0; count < ALONE; count += 1) {
      const entry = sale();
      const began = performance.now();
      await pay(client, entry);
      took.push(performance.now() - began);
    }
  } finally {
    client.release();
  }
  return took.sort((a, b) => a - b);
}

/** What the server says each statement took it, without the way there and the wait for the disk. */
async function atDatabase(pool, pay) {
  const client = await pool.connect();
  const took = [];
  const explaining = {
    query: async (text, values) => {
      const { rows } = await client.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, values);
      took.push(rows[0]["QUERY PLAN"][0]["Execution Time"]);
      return { rows: [{ answer: '[{"status":"created","number":1}]' }] };
    },
  };
  try {
    for (let count = 0; count < ALONE; count += 1) await pay(explaining, sale());
  } finally {
    client.release();
  }
  return took.sort((a, b) => a - b);
}

/** The same inside a transaction: the statement without the wait for the disk. */
async function inside(pool, pay) {
  const client = await pool.connect();
  const took = [];
  try {
    await client.query("BEGIN");
    for (let count = 0; count < ALONE; count += 1) {
      const entry = sale();
      const began = performance.now();
      await pay(client, entry);
      took.push(performance.now() - began);
    }
    await client.query("ROLLBACK");
  } finally {
    client.release();
  }
  return took.sort((a, b) => a - b);
}

async function reading(read) {
  const took = [];
  for (let count = 0; count < 51; count += 1) {
    const began = performance.now();
    await read();
    took.push(performance.now() - began);
  }
  return median(took);
}

async function payments(pool, ways, how) {
  const found = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  const names = Object.keys(ways);
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (let turn = 0; turn < names.length; turn += 1) {
      const name = names[(turn + round) % names.length];
      const result = await crowd(pool, ways[name]);
      // The first is for the caches.
      if (round > 0) found[name].push(result);
    }
  }
  return Object.entries(found).map(([name, rounds]) => {
    const statements = rounds.flatMap((round) => round.statements).sort((a, b) => a - b);
    const waits = rounds.flatMap((round) => round.waits).sort((a, b) => a - b);
    const figures = {
      "appends a second": Math.round(median(rounds.map(({ seconds }) => (PAYERS * PAYMENTS) / seconds))),
      "p50 ms": ms(at(statements, 0.5)),
      "p99 ms": ms(at(statements, 0.99)),
      "payer p99 ms": ms(at(waits, 0.99)),
    };
    return { name: `${PAYERS} payers, one seller, ${CONNECTIONS} connections, ${how}: ${name}`, figures };
  });
}

async function onPostgres(pg) {
  const pool = new pg.default.Pool({ connectionString: process.env.POSTGRES_URL, max: CONNECTIONS });
  const keeper = new pg.default.Pool({ connectionString: process.env.POSTGRES_URL, max: 2 });
  const prefix = `bench_${process.pid}`;
  const ledger = createPostgresLedger({ database: keeper, prefix: `${prefix}_books` });
  const stop = new AbortController();
  try {
    await schema(pool, prefix);
    await ledger.migrate();
    const ways = contenders(ledger, prefix);
    const worker = ledger.work({ signal: stop.signal, everyMs: 250 });
    const rows = await payments(pool, ways, "one statement");
    const inOrders = Object.fromEntries(Object.entries(ways).map(([name, pay]) => [name, inOrder(prefix, pay)]));
    const shop = await payments(pool, inOrders, "in the transaction of an order");
    rows.push(...shop);
    const [lone, bare, server] = [await alone(pool, ways.tillproof), await inside(pool, ways.tillproof), await atDatabase(pool, ways.tillproof)];
    rows.push({
      name: "one append of tillproof, alone",
      figures: { "p50 ms": ms(at(lone, 0.5)), "p99 ms": ms(at(lone, 0.99)), "without commit p50 ms": ms(at(bare, 0.5)), "without commit p99 ms": ms(at(bare, 0.99)), "at the database p50 ms": ms(at(server, 0.5)), "at the database p99 ms": ms(at(server, 0.99)) },
    });
    const balances = {
      tillproof: () => ledger.balance(SELLER, "EUR"),
      SUM: () => pool.query(`SELECT sum(amount) FROM ${prefix}_postings WHERE account = 'seller'`),
    };
    const read = async () => {
      await sleep(600);
      const { rows: counted } = await pool.query(`SELECT count(*)::int AS n FROM ${prefix}_entries`);
      return { entries: counted[0].n, tillproof: await reading(balances.tillproof), SUM: await reading(balances.SUM) };
    };
    await pool.query(`VACUUM ANALYZE ${prefix}_postings`);
    const before = await read();
    for (let left = HISTORY - before.entries; left > 0; left -= 500) {
      const entries = Array.from({ length: Math.min(500, left) }, sale);
      await ledger.postAll(entries);
      const [ids, causes] = [entries.map(({ id }) => id), entries.map(({ cause }) => cause)];
      await pool.query(
        `WITH entry AS (INSERT INTO ${prefix}_entries SELECT * FROM unnest($1::text[], $2::text[]))
         INSERT INTO ${prefix}_postings SELECT id, account, amount FROM unnest($1::text[]) AS id, (VALUES ('gateway', -1000), ('seller', 1000)) AS legs (account, amount)`,
        [ids, causes],
      );
    }
    await pool.query(`VACUUM ANALYZE ${prefix}_postings`);
    stop.abort();
    await worker;
    await ledger.maintain();
    const after = await read();
    for (const [name, found] of [["before", before], ["after", after]]) {
      rows.push({ name: `balance of the seller, ${name}`, figures: { entries: found.entries, "tillproof ms": ms(found.tillproof), "SUM ms": ms(found.SUM) } });
    }
    const { valid } = await ledger.verify();
    if (!valid) throw new Error("the books do not hold");
    const rate = (of) => of[0].figures["appends a second"] / of[1].figures["appends a second"];
    return {
      rows,
      goals: [
        { number: "hot", name: "append at the database, p99 ms", gate: 5, stretch: 5, measured: at(server, 0.99), atMost: true },
        { number: "hot", name: "appends a second against UPDATE balance, one statement", gate: 1, measured: rate(rows) },
        { number: "hot", name: "the same in the transaction of an order", gate: 1, measured: rate(shop) },
        { number: "hot", name: `balance read after ${after.entries} entries against ${before.entries}`, gate: 2, measured: after.tillproof / before.tillproof, atMost: true },
      ],
    };
  } finally {
    stop.abort();
    await Promise.all([pool.end(), keeper.end()]);
  }
}

/** The rows of this file. */
export async function run() {
  const pg = process.env.POSTGRES_URL === undefined ? undefined : await import("pg").catch(() => undefined);
  return pg === undefined ? { rows: [], goals: [] } : onPostgres(pg);
}
