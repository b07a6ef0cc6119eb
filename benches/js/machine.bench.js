/**
 * What a round of the payment machine costs, part by part: the JSON on either side, the crossing, the decision in wasm.
 *
 * Two things are called a decision. That of payments.md 5.6 and G12 is what a retry policy costs a call that works, where
 * nothing is stored: ours is the governor's, and governor.bench.js holds it against others. A round of the machine is
 * another thing: it replays the journal of a payment, takes news, and says what to store before anything is sent. No peer
 * has one, so its parts stand here without a goal, beside what a whole charge costs.
 *
 * Invariant: parts are measured in wasm's own exports with the documents the client hands over. Figures are medians of CPU
 * time.
 */

import { readFileSync } from "node:fs";

import { createPayments, providerProfiles } from "tillproof/payments";
import { memoryStore } from "tillproof/stores/memory";

import { compare, median } from "./paired.js";

const CHARGES = 400;
const ROUNDS = 15;
const NOW = 1_770_000_000_000;

const utf8 = new TextEncoder();
const text = new TextDecoder();

/** The engine as the package ships it. */
async function engine() {
  const path = new URL("node_modules/tillproof/wasm/payments.wasm", import.meta.url);
  const module = await WebAssembly.compile(readFileSync(path));
  const nothing = new Proxy({}, { get: (_, name) => (name === "__wbindgen_init_externref_table" ? () => undefined : () => 0) });
  const imports = Object.fromEntries(WebAssembly.Module.imports(module).map(({ module: from }) => [from, nothing]));
  const { exports } = await WebAssembly.instantiate(module, imports);
  const call = (name, bytes) => {
    const at = exports.__wbindgen_malloc(bytes.length, 1);
    new Uint8Array(exports.memory.buffer, at, bytes.length).set(bytes);
    const [from, length] = exports[name](at, bytes.length);
    const reply = new Uint8Array(exports.memory.buffer, from, length).slice();
    exports.__wbindgen_free(from, length, 1);
    return reply;
  };
  return call;
}

/** The rounds of a charge that works, each with its document. */
function rounds(call) {
  const { sources: _, ...profile } = providerProfiles().find(({ name }) => name === "native");
  const settings = { lease_ms: 12_000, begun_at: NOW, retry: {} };
  const request = { merchant: "shop", operation: "charge", reference: "order_1", amount: "1999", currency: "EUR" };
  const terms = { profile, settings, now: NOW };
  const said = (name, document) => {
    const { ok, error } = JSON.parse(text.decode(call(name, utf8.encode(JSON.stringify(document)))));
    if (error !== undefined) throw new Error(`${name}: ${JSON.stringify(error)}`);
    return ok;
  };
  const open = { ...terms, account: "", secret: "00".repeat(16), request };
  const journal = said("payments_open", open).append;
  const round = { ...terms, owner: "bench", entropy: "00".repeat(16) };
  const send = { ...round, journal };
  const sent = [...journal, ...said("payments_step", send).append];
  const body = JSON.stringify({ id: "pay_1", merchantId: "shop", amount: 1999, currency: "EUR", reference: "order_1", state: "completed", failure: null });
  const answer = { ...round, journal: sent, news: { type: "response", attempt: 1, status: 201, headers: {}, body } };
  const settled = said("payments_step", answer).intent.status;
  if (settled !== "settled") throw new Error(`the charge is ${settled}`);
  return { "to open an intent": ["payments_open", open], "to authorise a send": ["payments_step", send], "to take an answer": ["payments_step", answer] };
}

/** CPU microseconds of a whole charge, with a store in memory and a provider that answers at once. */
async function charges() {
  const body = (reference) => JSON.stringify({ id: `pay_${reference}`, merchantId: "shop", amount: 1999, currency: "EUR", reference, state: "completed", failure: null });
  const payments = createPayments({
    provider: { profile: "native", baseUrl: "http://gateway.test", merchantId: "shop" },
    store: memoryStore(),
    secret: "at least sixteen random bytes",
    fetch: async (request) => new Response(body((await request.json()).reference), { status: 201 }),
  });
  const times = [];
  let number = 0;
  for (let round = -2; round < ROUNDS; round += 1) {
    const { user, system } = process.cpuUsage();
    for (let turn = 0; turn < CHARGES; turn += 1) {
      number += 1;
      const outcome = await payments.charge({ reference: `order_${number}`, amount: 1999n, currency: "EUR" });
      if (outcome.status !== "settled") throw new Error(`the charge is ${outcome.status}`);
    }
    const used = process.cpuUsage();
    if (round >= 0) times.push((used.user + used.system - user - system) / CHARGES);
  }
  payments.close();
  return median(times);
}

/** Runs everything; nothing here has a gate. */
export async function run() {
  const call = await engine();
  const rows = [];
  for (const [name, [exported, document]] of Object.entries(rounds(call))) {
    const bytes = utf8.encode(JSON.stringify(document));
    const reply = call(exported, bytes);
    const { us } = await compare({
      "written as JSON": () => utf8.encode(JSON.stringify(document)),
      "decided in wasm, both crossings": () => call(exported, bytes),
      "read as JSON": () => JSON.parse(text.decode(reply)),
    });
    rows.push({ name, size: bytes.length, kind: "bytes in", us });
  }
  rows.push({ name: "a whole charge: memory store, provider that answers at once", us: { tillproof: await charges() } });
  return { rows, goals: [] };
}
