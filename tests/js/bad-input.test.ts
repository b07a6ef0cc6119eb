/**
 * Whatever a caller hands in, the answer is a typed error before anything is stored, sent or called.
 *
 * The one table has a row for each way in. What the guards themselves say is in guard.test.ts and wire.test.ts.
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Ledger, templates, type EntryInput } from "../../pkg/src/ledger/index.js";
import { createPayments, deriveKey, randomKey, retrySchedule } from "../../pkg/src/payments/index.js";
import { reconcile, toText } from "../../pkg/src/reconcile/index.js";
import { paymentsTables } from "../../pkg/src/shell/payments-tables.js";
import { payments as paymentsWasm } from "../../pkg/src/shell/payments.js";
import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { createGateway } from "../../pkg/src/simulator/index.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import { sqliteStore } from "../../pkg/src/stores/sqlite.js";
import { Batch, type Store } from "../../pkg/src/stores/store.js";
import { signWebhook, storeConformance } from "../../pkg/src/testing/index.js";
import { createInbox, createVerifier } from "../../pkg/src/webhooks/index.js";

/** Hands a function what its types forbid. */
const loose = (callee: unknown) => callee as (...given: unknown[]) => unknown;

const HALF = "caf\ud83d";
const SECRET = "0123456789abcdef";
const CSV = "reference,amount_minor,currency\nr1,100,EUR\n";
const STORE_WITHOUT_SCAN = { get: () => null, commit: () => true, due: () => [] };

const verifier = createVerifier({ scheme: "stripe-v1", secrets: "whsec_1" });
const ledger = await Ledger.open();
const gateway = createGateway();
const memory = memoryStore();

const IDENTITY = { secret: SECRET, merchant: "shop", operation: "charge", reference: "r" };
const KEPT = { store: memory, verifier };
const PROVIDER = { profile: "native", baseUrl: "https://gateway.example", merchantId: "shop" };
const CLIENT = { provider: PROVIDER, store: memory, secret: SECRET };
const ORDER = { reference: "r", amount: 1, currency: "EUR" };
const EVENT = {
  id: "e", gateway: "g", amount: 5n, currency: "EUR", occurredAt: 1, cause: "c", reference: "r", payoutId: "p", bank: "b",
};
const ENTRY: EntryInput = {
  id: "e",
  occurredAt: 1,
  cause: "c",
  postings: [
    { account: "Assets:A", side: "debit", amount: 5n, currency: "EUR" },
    { account: "Income:B", side: "credit", amount: 5n, currency: "EUR" },
  ],
};
const [LEG] = ENTRY.postings;
const FACTS = { type: "charge", reference: "r", amount: 5n, currency: "EUR" };
const ASKED = { method: "GET", path: "/health", query: "", headers: [], body: new Uint8Array() };
const SIGNED = { scheme: "stripe-v1", secret: "whsec_1", body: "{}", timestamp: 1 };
const database = { exec: () => undefined, all: () => [], run: () => undefined };

/** Everything that takes an object, with one that serves. */
const TAKES_AN_OBJECT: readonly [name: string, call: (given: unknown) => unknown][] = [
  ["createVerifier", loose(createVerifier)],
  ["createInbox", loose(createInbox)],
  ["inbox.receive", (given) => createInbox(KEPT).receive(given as never, () => undefined)],
  ["deriveKey", loose(deriveKey)],
  ["createPayments", loose(createPayments)],
  ["createPayments.provider", (given) => loose(createPayments)({ ...CLIENT, provider: given })],
  ["charge", (given) => createPayments(CLIENT).charge(given as never)],
  ["authorize", (given) => createPayments(CLIENT).authorize(given as never)],
  ["Ledger.post", (given) => ledger.post(given as never)],
  ["Ledger.postAll", (given) => ledger.postAll([given as never])],
  ["posting", (given) => ledger.post({ ...ENTRY, postings: [given as never] })],
  ["link", (given) => ledger.post({ ...ENTRY, links: [given as never] })],
  ...Object.entries(templates).map(([name, template]): [string, (given: unknown) => unknown] => [
    `templates.${name}`,
    loose(template),
  ]),
  ["templates.reversal of", (given) => templates.reversal(ENTRY, given as never)],
  ["reconcile", loose(reconcile)],
  ["gateway.exchange", (given) => gateway.exchange(given as never)],
  ["signWebhook", loose(signWebhook)],
  ["Batch.add", (given) => new Batch().add(given as never)],
];

/** What JavaScript takes for an object, or would read members of without a word. */
const NO_OBJECTS: readonly unknown[] = [
  undefined, null, true, 7, 7n, "text", Symbol("s"), [], () => 1, new Date(), new Map(), new Uint8Array(1),
  new Proxy({}, { get: () => assert.fail("a proxy was asked") }),
];

test("what takes an object refuses everything else", async () => {
  for (const [name, call] of TAKES_AN_OBJECT) {
    for (const given of NO_OBJECTS) assert.equal(await codeOf(() => call(given)), "argument_invalid", `${name}: ${typeof given}`);
  }
});

test("options that may be left out are refused when they are something else", async () => {
  const calls: readonly [string, (given: unknown) => unknown][] = [
    ["Ledger.open", loose(Ledger.open)],
    ["Ledger.post", (given) => ledger.post(ENTRY, given as never)],
    ["charge", (given) => createPayments(CLIENT).charge(ORDER, given as never)],
    ["wait", (given) => createPayments(CLIENT).wait("r", given as never)],
    ["sweep", (given) => createPayments(CLIENT).sweep(given as never)],
    ["run", (given) => createPayments(CLIENT).run(given as never)],
    ["noteWebhook", (given) => createPayments(CLIENT).noteWebhook({}, given as never)],
    ["createPayments.retry", (given) => loose(createPayments)({ ...CLIENT, retry: given ?? 7 })],
    ["randomKey", loose(randomKey)],
    ["retrySchedule", loose(retrySchedule)],
    ["createGateway", loose(createGateway)],
    ["gateway.setFaults", (given) => gateway.setFaults(given as never)],
    ["sqliteStore", (given) => sqliteStore(database, given as never)],
    ["Batch.add", (given) => new Batch().add({ key: "k", expected: 0, value: "" }, given as never)],
  ];
  for (const [name, call] of calls) {
    for (const given of [null, true, 7, [], () => 1, new Map()]) {
      assert.equal(await codeOf(() => call(given)), "argument_invalid", `${name}: ${typeof given}`);
    }
  }
});

/** The rest: one row for each member that matters. */
const TABLE: readonly [name: string, call: () => unknown, code: string][] = [
  // A misspelt name.
  ["deriveKey", () => loose(deriveKey)({ ...IDENTITY, epohc: 2 }), "unknown_option"],
  ["createVerifier", () => loose(createVerifier)({ scheme: "stripe-v1", secrets: "s", tolerance: 1 }), "unknown_option"],
  ["createInbox", () => loose(createInbox)({ ...KEPT, nmae: "a" }), "unknown_option"],
  ["Ledger.open", () => loose(Ledger.open)({ strore: memory }), "unknown_option"],
  ["entry", () => ledger.post({ ...ENTRY, fact: FACTS } as never), "unknown_option"],
  ["facts", () => ledger.post({ ...ENTRY, facts: { ...FACTS, fees: 1n } } as never), "unknown_option"],
  ["post options", () => ledger.post(ENTRY, { bacth: new Batch() } as never), "unknown_option"],
  ["templates.reversal", () => loose(templates.reversal)(ENTRY, { id: "r", occuredAt: 1, cause: "c" }), "unknown_option"],
  ["reconcile", () => loose(reconcile)({ ledger: CSV, settlement: CSV, inflightDays: 3 }), "unknown_option"],
  ["createGateway", () => loose(createGateway)({ seeed: 1 }), "unknown_option"],
  ["randomKey", () => loose(randomKey)({ verson: 7 }), "unknown_option"],
  ["retrySchedule", () => loose(retrySchedule)({ baseMS: 7 }), "unknown_option"],
  ["createPayments", () => loose(createPayments)({ ...CLIENT, timoutMs: 7 }), "unknown_option"],
  ["createPayments.provider", () => loose(createPayments)({ ...CLIENT, provider: { ...PROVIDER, acount: "a" } }), "unknown_option"],
  ["charge", () => createPayments(CLIENT).charge({ ...ORDER, ammount: 2 } as never), "unknown_option"],
  ["charge options", () => createPayments(CLIENT).charge(ORDER, { waitMS: 0 } as never), "unknown_option"],
  ["createPayments.retry", () => loose(createPayments)({ ...CLIENT, retry: { baseMS: 7 } }), "unknown_option"],
  ["signWebhook", () => loose(signWebhook)({ ...SIGNED, timestmap: 1 }), "unknown_option"],
  ["sqliteStore", () => loose(sqliteStore)(database, { tabel: "t" }), "unknown_option"],

  // Stores and functions.
  ["createInbox.store", () => loose(createInbox)({ ...KEPT, store: STORE_WITHOUT_SCAN }), "store_invalid"],
  ["Ledger.open.store", () => loose(Ledger.open)({ store: STORE_WITHOUT_SCAN }), "store_invalid"],
  ["createPayments.store", () => loose(createPayments)({ ...CLIENT, store: STORE_WITHOUT_SCAN }), "store_invalid"],
  ...["fetch", "now", "random", "onError"].map((name): [string, () => unknown, string] => [
    `createPayments.${name}`,
    () => loose(createPayments)({ ...CLIENT, [name]: 7 }),
    "argument_invalid",
  ]),
  ["noteWebhook batch", () => createPayments(CLIENT).noteWebhook({}, { batch: {} } as never), "argument_invalid"],
  ["Batch.commit", () => loose(new Batch().commit.bind(new Batch()))(STORE_WITHOUT_SCAN), "store_invalid"],
  ["createInbox.verifier", () => loose(createInbox)({ ...KEPT, verifier: {} }), "argument_invalid"],
  ["createInbox.verifier left out", () => loose(createInbox)({ store: memory }), "argument_invalid"],
  ["inbox.receive handler", () => loose(createInbox(KEPT).receive)({ body: "{}", headers: {} }), "argument_invalid"],
  ["Ledger.open.now", () => loose(Ledger.open)({ now: 7 }), "argument_invalid"],
  ["post options.batch", () => ledger.post(ENTRY, { batch: {} } as never), "ledger_without_store"],
  ["createGateway.deliver", () => loose(createGateway)({ deliver: "https://shop.example" }), "argument_invalid"],
  ["createGateway.signatureTime", () => loose(createGateway)({ signatureTime: 7 }), "argument_invalid"],
  ["storeConformance", () => loose(storeConformance)(memory), "argument_invalid"],
  ["Batch.add hook", () => new Batch().add({ key: "k", expected: 0, value: "" }, { committed: 7 } as never), "argument_invalid"],

  // Members of the wrong type.
  ["createVerifier.url", () => loose(createVerifier)({ scheme: "stripe-v1", secrets: "s", url: 7n }), "text_expected"],
  ["createVerifier.strict", () => loose(createVerifier)({ scheme: "stripe-v1", secrets: "s", strict: () => 1 }), "argument_invalid"],
  ["createInbox.name", () => loose(createInbox)({ ...KEPT, name: 7 }), "text_expected"],
  ["deriveKey.epoch", () => deriveKey({ ...IDENTITY, epoch: 0 } as never), "option_invalid"],
  ["Ledger.postAll", () => ledger.postAll({} as never), "list_expected"],
  ["entry.postings", () => ledger.post({ ...ENTRY, postings: {} } as never), "list_expected"],
  ["entry.facts", () => ledger.post({ ...ENTRY, facts: null } as never), "argument_invalid"],
  ["templates.reversal postings", () => loose(templates.reversal)({ id: "e" }, {}), "list_expected"],
  ["reconcile.inFlightDays", () => loose(reconcile)({ ledger: CSV, settlement: CSV, inFlightDays: Symbol("2") }), "reconcile_window_invalid"],
  ["toText", () => loose(toText)({ version: 1, summary: {} }), "report_invalid"],
  ["gateway.exchange path", () => gateway.exchange({ ...ASKED, path: 7n } as never), "text_expected"],
  ["gateway.exchange headers", () => gateway.exchange({ ...ASKED, headers: {} } as never), "list_expected"],
  ["gateway.exchange body", () => gateway.exchange({ ...ASKED, body: undefined } as never), "bytes_expected"],
  ["createGateway.clock", () => loose(createGateway)({ clock: 1n }), "clock_unknown"],
  ["createPayments.provider.headers", () => loose(createPayments)({ ...CLIENT, provider: { ...PROVIDER, headers: [] } }), "argument_invalid"],
  ["createPayments.provider.merchantId", () => loose(createPayments)({ ...CLIENT, provider: { ...PROVIDER, merchantId: "é".repeat(100) } }), "merchant_too_long"],
  ["sqliteStore handle", () => loose(sqliteStore)({ exec: () => undefined }), "sqlite_handle_unknown"],
  ["sqliteStore table", () => loose(sqliteStore)(database, { table: Symbol("t") }), "text_expected"],

  ["createPayments.provider.baseUrl", () => loose(createPayments)({ ...CLIENT, provider: { ...PROVIDER, baseUrl: "https://a:b@c.example" } }), "base_url_invalid"],
  ["createPayments.timeoutMs", () => loose(createPayments)({ ...CLIENT, timeoutMs: 2 ** 31 }), "option_invalid"],
  ["sweep.now", () => createPayments(CLIENT).sweep({ now: "today" } as never), "time_not_milliseconds"],
  ["charge options.waitMs", () => createPayments(CLIENT).charge(ORDER, { waitMs: "0" } as never), "option_invalid"],
  ["charge options.signal", () => createPayments(CLIENT).charge(ORDER, { signal: {} } as never), "argument_invalid"],
  ["charge options.retryFailed", () => createPayments(CLIENT).charge(ORDER, { retryFailed: 1 } as never), "argument_invalid"],
  ["run.signal", () => createPayments(CLIENT).run({ signal: 7 } as never), "argument_invalid"],

  // Half characters, and bytes that are gone.
  ["deriveKey.reference", () => deriveKey({ ...IDENTITY, reference: HALF } as never), "text_not_unicode"],
  ["posting.account", () => ledger.post({ ...ENTRY, postings: [{ ...LEG, account: HALF }] } as never), "text_not_unicode"],
  ["templates.charge", () => templates.charge({ ...EVENT, reference: HALF }), "text_not_unicode"],
  ["signWebhook.id", () => signWebhook({ ...SIGNED, id: HALF }), "text_not_unicode"],
  ["charge.metadata", () => client().charge({ metadata: { name: HALF } }), "text_not_unicode"],
  ["store.commit", () => memory.commit([{ key: "k", expected: 0, value: HALF }]), "store_value_invalid"],
  ["store.get", () => memory.get(HALF), "text_not_unicode"],
  ["transferred bytes", () => signWebhook({ ...SIGNED, body: transferred() }), "bytes_expected"],
];

test("each member that matters is refused by name and code", async () => {
  for (const [name, call, code] of TABLE) assert.equal(await codeOf(call), code, name);
  assert.deepEqual(await memory.scan("", null, 10), []);
});

test("every store refuses the same searches and commits", async () => {
  const calls: readonly [string, (store: Store) => unknown, string][] = [
    ["get", (store) => store.get(7 as never), "text_expected"],
    ["scan prefix", (store) => store.scan(7 as never, null, 1), "text_expected"],
    ["scan after", (store) => store.scan("", 7 as never, 1), "text_expected"],
    ["scan after left out", (store) => store.scan("", undefined as never, 1), "text_expected"],
    ...[-1, 1.5, Number.NaN, Infinity, "1", null, undefined, 1n].flatMap(
      (limit): [string, (store: Store) => unknown, string][] => [
        [`scan limit ${limit}`, (store) => store.scan("", null, limit as never), "option_invalid"],
        [`due limit ${limit}`, (store) => store.due("", 1, limit as never), "option_invalid"],
      ],
    ),
    ["due time", (store) => store.due("", "1" as never, 1), "time_not_milliseconds"],
    ["commit", (store) => store.commit(undefined as never), "store_writes_invalid"],
    ["commit of null", (store) => store.commit([null as never]), "store_writes_invalid"],
  ];
  for (const store of [memoryStore(), sqliteStore(database)]) {
    for (const [name, call, code] of calls) assert.equal(await codeOf(() => call(store)), code, name);
  }
});

test("a refusal says what was found, what was expected and what to do", async () => {
  const table: readonly [() => unknown, string][] = [
    [
      () => loose(createInbox)({ ...KEPT, store: STORE_WITHOUT_SCAN }),
      "store: a value of type Object is no store: expected get, commit, due and scan, as memoryStore() has them",
    ],
    [
      () => createInbox({ ...KEPT, name: "a/b" }),
      'name: "a/b" is no name of an inbox: expected 1 to 64 letters, digits, `-` or `_`, since it becomes part of store keys',
    ],
    [
      () => loose(createPayments)({ ...CLIENT, provider: { ...PROVIDER, account: "a".repeat(500) } }),
      "provider.merchantId and provider.account take 513 bytes of every store key, escaped: 424 leave room for the reference",
    ],
    [() => memory.commit({} as never), "a commit takes an array of writes: pass [{ key, expected, value }]"],
    [() => loose(toText)({}), "report: a value of type Object is no report: pass what reconcile() returned"],
    [() => loose(createGateway)({ clock: 7n }), 'clock: 7 is no clock: expected "virtual" or "real"'],
    [
      () => loose(reconcile)({ ledger: CSV, settlement: CSV, inFlightDays: -1 }),
      "inFlightDays: -1 is not a number of days: expected a whole number from 0 to 366",
    ],
  ];
  for (const [call, message] of table) assert.equal((await errorOf(call)).message, message);
});

test("no message repeats more of the input than its beginning", async () => {
  const long = "x".repeat(3_000_000);
  const calls: readonly (() => unknown)[] = [
    () => loose(createVerifier)({ scheme: "stripe-v1", secrets: "s", [long]: 1 }),
    () => createInbox({ ...KEPT, name: long }),
    () => Ledger.open({ name: long }),
    () => loose(createGateway)({ clock: long }),
    () => loose(sqliteStore)(database, { table: long }),
    () => gateway.setFaults({ slow: { nth: () => 1, [long]: 1 } } as never),
    () => memory.commit([{ key: "k".repeat(1_000), expected: -1, value: "" }]),
  ];
  for (const call of calls) {
    const error = await errorOf(call);
    assert.ok(error.message.length < 300, error.message.slice(0, 400));
    assert.ok(JSON.stringify(error.details).length < 300, error.code);
  }
});

test("deep and circular input is the caller's mistake and costs no instance", async () => {
  const generations = (): number[] => [paymentsWasm.generation, paymentsTables.generation];
  const before = generations();
  let deep: unknown = 1;
  for (let depth = 0; depth < 20_000; depth += 1) deep = { deep };
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  for (const [given, code] of [[deep, "json_too_deep"], [circular, "value_not_json"]] as const) {
    assert.equal(await codeOf(() => loose(retrySchedule)({ attempts: given })), code);
    assert.equal(await codeOf(() => loose(createGateway)({ seed: given })), code);
    const { store, charge } = client();
    assert.equal(await codeOf(() => charge({ metadata: { given } })), code);
    assert.deepEqual(await store.scan("", null, 10), []);
  }
  assert.deepEqual(generations(), before);
});

test("metadata that could not be read from a journal again is not stored", async () => {
  const outcomes = new Set<string>();
  for (let depth = 56; depth <= 64; depth += 1) {
    let metadata: unknown = {};
    for (let level = 1; level < depth; level += 1) metadata = { metadata };
    const { store, charge } = client();
    const code = await codeOf(() => charge({ metadata }));
    outcomes.add(code);
    // Either it was refused and nothing is there, or it was stored and can be driven.
    assert.equal((await store.scan("", null, 10)).length, code === "json_too_deep" ? 0 : 1, `depth ${depth}`);
  }
  assert.deepEqual([...outcomes], ["accepted", "json_too_deep"]);
});

test("the longest names there can be still fit into a key", async () => {
  const store = memoryStore();
  const provider = { ...PROVIDER, merchantId: "é".repeat(34), account: "a".repeat(424 - "intent///".length - 34 * 6) };
  const payments = createPayments({ ...CLIENT, provider, store, fetch: () => Promise.reject(new TypeError("fetch failed")) });
  const reference = "é".repeat(100);
  assert.equal(await codeOf(() => payments.charge({ reference, amount: 1, currency: "EUR" }, { waitMs: 0 })), "accepted");
  assert.equal((await store.scan("", null, 1))[0]?.key.length, 1_024);
});

test("metadata that JSON would mangle is refused by its place, and dates are their ISO text", async () => {
  class Money {
    readonly minor = 5;
  }
  const table: readonly [unknown, string][] = [
    [new Map([["a", 1]]), "request.metadata.a.0.b is a value of type Map"],
    [new Set(), "request.metadata.a.0.b is a value of type Set"],
    [new Uint8Array(2), "request.metadata.a.0.b is a value of type Uint8Array"],
    [new Money(), "request.metadata.a.0.b is an instance of a class"],
    [() => 1, "request.metadata.a.0.b is a value of type Function"],
    [Symbol("s"), "request.metadata.a.0.b is a value of type Symbol"],
    [new Date(Number.NaN), "request.metadata.a.0.b is a value of type Date"],
    [[undefined], "request.metadata.a.0.b.0 is undefined"],
  ];
  for (const [given, beginning] of table) {
    const { store, charge } = client();
    const error = await errorOf(() => charge({ metadata: { a: [{ b: given }] } }));
    assert.equal(error.code, "value_not_json");
    assert.ok(error.message.startsWith(`${beginning}: `), error.message);
    assert.deepEqual(await store.scan("", null, 10), []);
  }
  const { store, charge } = client();
  assert.equal(await codeOf(() => charge({ metadata: { at: new Date(0), none: undefined } })), "accepted");
  assert.match((await store.scan("", null, 1))[0]?.value ?? "", /"metadata":\{"at":"1970-01-01T00:00:00.000Z"\}/);
});

/** A client whose gateway cannot be reached, over a store of its own. */
function client(): { store: Store; charge: (extra: Record<string, unknown>) => unknown } {
  const store = memoryStore();
  const payments = createPayments({ ...CLIENT, store, fetch: () => Promise.reject(new TypeError("fetch failed")) });
  return {
    store,
    charge: (extra) => payments.charge({ reference: "r", amount: 1, currency: "EUR", ...extra }, { waitMs: 0 }),
  };
}

/** Bytes that went to a worker: their array is still here, and empty. */
function transferred(): Uint8Array {
  const bytes = new Uint8Array(8);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly details: unknown;
}

/** The typed error of a call, thrown or rejected; any other error fails the test. */
async function errorOf(call: () => unknown): Promise<Refusal> {
  try {
    await call();
  } catch (error) {
    if (!isTillproofError(error)) throw error;
    assert.equal(error.advice, "fix_call");
    return error;
  }
  return { code: "accepted", message: "", details: {} };
}

async function codeOf(call: () => unknown): Promise<string> {
  return (await errorOf(call)).code;
}
