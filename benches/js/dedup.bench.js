/**
 * Remembering a million event ids, against what merchants use for it: operations per second, and bytes per id.
 *
 * Invariant: every store sees the same number of fresh strings in the same order, as a server does whose ids come out of
 * parsed bodies, and has to find exactly the repetitions among them. Stores take turns, in an order that rotates from
 * round to round; figures are medians, ratios are medians of those within a round. The clock is CPU time of the process,
 * since a store that leaves work to the collector of garbage should pay for it. What the time is, is asked once for all
 * ids, as lru-cache does by itself: on some machines that takes longer than the rest of a claim.
 */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { LRUCache } from "lru-cache";
import { createDedup } from "tillproof/webhooks";

const IDS = 1_000_000;
/** How many of the ids come a second time, half a million others later. */
const REPEATED = 100_000;
const TTL_MS = 3 * 24 * 3_600_000;
const ROUNDS = 15;

/** Each makes an empty store with room for so many ids, and a function that says whether an id is new. */
const STORES = {
  "tillproof createDedup": (capacity) => {
    const dedup = createDedup({ capacity, ttl: TTL_MS });
    const now = Date.now();
    return { first: (id) => dedup.claim(id, now), close: () => dedup.close() };
  },
  "Map without bound": () => {
    const seen = new Map();
    const now = Date.now();
    return { first: (id) => !seen.has(id) && seen.set(id, now) !== undefined };
  },
  "Map of two generations": (capacity) => {
    let [young, old] = [new Map(), new Map()];
    const now = Date.now();
    const first = (id) => {
      if (young.has(id) || old.has(id)) return false;
      if (young.size >= capacity) [young, old] = [new Map(), young];
      young.set(id, now);
      return true;
    };
    return { first };
  },
  "lru-cache max": (max) => {
    const cache = new LRUCache({ max });
    return { first: (id) => !cache.has(id) && cache.set(id, true) !== undefined };
  },
  "lru-cache max + ttl": (max) => {
    const cache = new LRUCache({ max, ttl: TTL_MS });
    return { first: (id) => !cache.has(id) && cache.set(id, true) !== undefined };
  },
};

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");

let series = 0;

/** Ids of 28 characters that no store has seen: an array of strings that share nothing, the repeated ones included. */
function ids() {
  series += 1;
  const prefix = `evt_1P${String(series).padStart(4, "0")}2eZvKYlo`;
  const bytes = (number) => Buffer.from(prefix + ((number * 2_654_435_761) % 2 ** 32).toString().padStart(10, "0"));
  const all = [];
  for (let number = 0; number < IDS; number += 1) {
    all.push(bytes(number).toString());
    const again = number - IDS / 2;
    if (again >= 0 && number % 5 === 0) all.push(bytes(again).toString());
  }
  return all;
}

function cpuNs() {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1_000;
}

/** Nanoseconds for one id. */
function pass(make, capacity) {
  const fresh = ids();
  collect();
  const { first, close } = make(capacity);
  const started = cpuNs();
  let repeated = 0;
  for (const id of fresh) if (!first(id)) repeated += 1;
  const took = cpuNs() - started;
  close?.();
  // With less room than half a million, a repetition comes when its id was forgotten.
  const expected = capacity >= IDS / 2 + REPEATED ? REPEATED : 0;
  if (repeated !== expected) throw new Error(`${repeated} repetitions were found, there are ${expected}`);
  return took / fresh.length;
}

async function used() {
  // What the stack still holds is let go in another turn.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Bytes for one of a million ids, the strings that a store keeps included. */
async function bytesPerId(make) {
  const before = await used();
  const store = make(IDS);
  fill(store);
  const bytes = ((await used()) - before) / IDS;
  store.close?.();
  return bytes;
}

function fill({ first }) {
  for (const id of ids()) first(id);
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

function compare(names, capacity) {
  // Both wasm and JavaScript are slow at first.
  for (const name of names) pass(STORES[name], capacity);
  const rounds = Array.from({ length: ROUNDS }, (_, round) => {
    const times = {};
    names.forEach((_, turn) => {
      const name = names[(turn + round) % names.length];
      times[name] = pass(STORES[name], capacity);
    });
    return times;
  });
  const us = Object.fromEntries(names.map((name) => [name, median(rounds.map((times) => times[name])) / 1_000]));
  const ours = names[0];
  return { us, faster: (theirs) => median(rounds.map((times) => times[theirs] / times[ours])) };
}

/** Runs everything; `rows` are for the screen and the file, `goals` are those of performance.md. */
export async function run() {
  const names = Object.keys(STORES);
  const bounded = names.filter((name) => name !== "Map without bound");
  const bytes = {};
  for (const name of names) bytes[name] = await bytesPerId(STORES[name]);
  const memory = names.map((name) => `${bytes[name].toFixed(1)} ${name}`).join(", ");
  const { us, faster } = compare(names, IDS);
  const small = compare(bounded, IDS / 10);
  const rows = [
    { name: "claim one of a million ids", us },
    { name: "claim an id, with room for a tenth of them", us: small.us },
    { name: `bytes for each of a million ids: ${memory}`, us: {} },
  ];
  const goals = [
    { number: 10, name: "dedup at 1 M against lru-cache max + ttl", gate: 3, stretch: 4, measured: faster("lru-cache max + ttl") },
    { number: 10, name: "dedup at 1 M against two generations of Map", gate: 2, stretch: 3, measured: faster("Map of two generations") },
    { number: 11, name: "dedup, bytes per id at 1 M", gate: 32, measured: bytes[names[0]], atMost: true },
  ];
  return { rows, goals };
}
