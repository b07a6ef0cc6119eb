/**
 * Posting a million transactions, against what a merchant could write himself and what others sell: time, memory, and what a
 * balance costs when the books are long.
 *
 * Invariant: everybody posts transactions of the same make (2 or 3 legs, 1000 accounts, one in 50 a repetition), whose texts
 * nobody has seen before, and has to find as many new ones among them. Those that run in this process take turns, in an
 * order that rotates from round to round; the clock is CPU time, packing included. Native programs measure their own CPU
 * time; databases are measured by the wall, since they work in processes of their own or wait for a disk.
 */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { BulkLedger } from "tillproof/ledger";

import { native } from "./ledger/native.js";
import { plain, plainChained } from "./ledger/plain.js";
import { postgres, sqlite } from "./ledger/stores.js";
import { BATCH, expected, LEGS, TRANSACTIONS, transactions } from "./ledger/transactions.js";
import { median } from "./paired.js";

const ROUNDS = 5;
/** Databases are slower by a factor that no precision is needed for. */
const STORED = 50_000;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");

/** Posts everything in batches; how many are new. */
async function ours(all, options) {
  const books = BulkLedger.open(options);
  let created = 0;
  for (let from = 0; from < all.length; from += BATCH) {
    created += (await books.post(all.slice(from, from + BATCH), { cause: "bench" })).created;
  }
  books.close();
  return created;
}

const kept = { pages: 0, bytes: 0 };

const CONTENDERS = {
  "tillproof, no chain": (all) => ours(all, { chain: "none" }),
  "tillproof, chain of batches": (all) => ours(all, { chain: "batch" }),
  "tillproof, chain of batches, pages handed over": (all) =>
    ours(all, {
      append: (page) => {
        kept.pages += 1;
        kept.bytes += page.length;
      },
    }),
  "tillproof, chain of transactions": (all) => ours(all, { chain: "transaction" }),
  "plain JavaScript, Set and Map, numbers": plain,
  "plain JavaScript, a chain of transactions (crypto.hash)": plainChained,
};

function cpuNs() {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1_000;
}

/** Nanoseconds for one transaction. */
async function pass(post, count) {
  const all = transactions(count);
  collect();
  const started = cpuNs();
  const created = await post(all);
  const took = cpuNs() - started;
  if (created !== expected(count)) throw new Error(`${created} were new, there are ${expected(count)}`);
  return took / count;
}

async function rounds() {
  const names = Object.keys(CONTENDERS);
  // Both wasm and JavaScript are slow at first, and memory has to be asked for.
  for (const name of names) await pass(CONTENDERS[name], TRANSACTIONS);
  const found = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const times = {};
    for (let turn = 0; turn < names.length; turn += 1) {
      const name = names[(turn + round) % names.length];
      times[name] = await pass(CONTENDERS[name], TRANSACTIONS);
    }
    found.push(times);
  }
  return found;
}

/** Bytes for a posting: what the process keeps for a million transactions, and what their pages take in a file. */
async function memory() {
  let pages = 0;
  const used = () => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const books = BulkLedger.open({ append: (page) => void (pages += page.length) });
  const before = used();
  await fill(books, TRANSACTIONS);
  const kept = used() - before;
  const postings = TRANSACTIONS * LEGS;
  const balance = cost(() => books.balance("Income:Sales:999", "EUR"));
  books.close();
  return { kept: kept / postings, pages: pages / postings, balance };
}

/** Posts transactions that are let go of. */
async function fill(books, count) {
  const all = transactions(count);
  for (let from = 0; from < count; from += BATCH) await books.post(all.slice(from, from + BATCH), { cause: "bench" });
}

/** Nanoseconds for one call. */
function cost(call) {
  const slices = Array.from({ length: 15 }, () => {
    const started = cpuNs();
    for (let i = 0; i < 5_000; i += 1) call();
    return (cpuNs() - started) / 5_000;
  });
  return median(slices);
}

/** What a balance costs in books of a thousand transactions. */
async function shortBalance() {
  const books = BulkLedger.open();
  await fill(books, BATCH);
  const balance = cost(() => books.balance("Income:Sales:999", "EUR"));
  books.close();
  return balance;
}

/** Nanoseconds of the wall for one transaction. */
async function walled(post) {
  const all = transactions(STORED);
  const started = process.hrtime.bigint();
  const created = await post(all);
  const took = Number(process.hrtime.bigint() - started);
  if (created !== expected(STORED)) throw new Error(`${created} were new, there are ${expected(STORED)}`);
  return took / STORED;
}

/** Of one contender, or why there is nothing to tell. */
async function offered(name, us, missing, measure) {
  try {
    const ns = await measure();
    if (ns === undefined) missing.push(name);
    else us[name] = ns / 1_000;
  } catch (error) {
    missing.push(`${name} (${String(error.message).split("\n")[0]})`);
  }
}

/** Runs everything; `rows` are for the screen and the file, `goals` are those of performance.md and of the ledger. */
export async function run() {
  const bytes = await memory();
  const short = await shortBalance();
  const found = await rounds();
  const us = {};
  for (const name of Object.keys(CONTENDERS)) us[name] = median(found.map((times) => times[name])) / 1_000;
  const faster = (ours, theirs) => median(found.map((times) => times[theirs] / times[ours]));

  const others = {};
  const missing = [];
  const chained = "tillproof, chain of transactions";
  await offered("native programs", {}, missing, async () => {
    for (const [name, ns] of Object.entries(await native())) others[name] = ns / 1_000;
    return 0;
  });
  await offered("SQLite, prepared statements, 1000 in a transaction (wall)", others, missing, () => sqlite() && walled(sqlite()));
  await offered("PostgreSQL, multi-row inserts, 1000 in a transaction (wall)", others, missing, async () => {
    const server = await postgres();
    if (server === undefined) return undefined;
    try {
      return await walled(server.post);
    } finally {
      await server.stop();
    }
  });

  const [none, batch] = ["tillproof, no chain", "tillproof, chain of batches"];
  const [numbers, hashed] = ["plain JavaScript, Set and Map, numbers", "plain JavaScript, a chain of transactions (crypto.hash)"];
  const rows = [
    { name: `posting one of ${TRANSACTIONS} transactions`, us },
    { name: "the same elsewhere, without turns", us: others },
    ...(missing.length === 0 ? [] : [{ name: `not measured: ${missing.join("; ")}`, us: {} }]),
    { name: "bytes for a posting", figures: { "in memory": bytes.kept.toFixed(1), "in its page": bytes.pages.toFixed(1) } },
    { name: "a balance", us: { "in books of a thousand transactions": short / 1_000, "in books of a million": bytes.balance / 1_000 } },
  ];
  const peer = others["doubleentry, every entry a leaf of its log"];
  const goals = [
    { number: 17, name: "ledger batch against plain JS numbers, packing included", gate: 1.4, stretch: 1.8, measured: faster(none, numbers) },
    { number: 18, name: "chain of transactions against the same in plain JS", gate: 1.8, stretch: 2.5, measured: faster(chained, hashed) },
    { number: 19, name: "chain of batches against plain JS without any", gate: 1, stretch: 1.3, measured: faster(batch, numbers) },
    ...(peer === undefined ? [] : [{ number: "ledger", name: "chain of transactions against doubleentry", gate: 5, measured: peer / us[chained] }]),
    { number: "ledger", name: "bytes for a posting, in memory and in its page", gate: 300, measured: bytes.kept + bytes.pages, atMost: true },
    { number: "ledger", name: "a balance at a million, times one at a thousand", gate: 1.5, measured: bytes.balance / short, atMost: true },
  ];
  return { rows, goals };
}
