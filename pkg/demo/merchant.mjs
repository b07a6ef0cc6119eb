/**
 * A small shop's backend, as a merchant would write it with Tillproof: orders, webhooks, books, one SQLite file.
 *
 * `tillproof demo` starts it as a process of its own and kills it in the middle. Nothing here knows about the demo but
 * the calls of `report`: they tell the observer what was heard, so that counts survive the kill.
 *
 *   GATEWAY=http://127.0.0.1:8080 DATABASE=shop.db PORT=8090 WEBHOOK_SECRET=whsec_... KEY_SECRET=... node merchant.mjs
 */

import { rmSync } from "node:fs";
import { createServer } from "node:http";
import { isBuiltin } from "node:module";

import { Ledger, templates } from "tillproof/ledger";
import { createPayments } from "tillproof/payments";
import { sqliteStore } from "tillproof/stores/sqlite";
import { createInbox, createVerifier } from "tillproof/webhooks";

const { GATEWAY, DATABASE, PORT, WEBHOOK_SECRET, KEY_SECRET } = process.env;

/** What survives a crash: intents, events and books, in one file. */
const store = sqliteStore(await openDatabase(DATABASE));

const payments = createPayments({
  provider: { profile: "native", baseUrl: GATEWAY, merchantId: "demo-shop" },
  store,
  secret: KEY_SECRET,
  timeoutMs: 2_000,
  retry: { baseMs: 100, capMs: 2_000 },
});

const ledger = await Ledger.open({ store });

const inbox = createInbox({
  store,
  verifier: createVerifier({ scheme: "standard-webhooks-v1", secrets: WEBHOOK_SECRET }),
});

/** An event and what it means become true in one commit, or not at all. */
async function apply(event, batch) {
  const { payment } = event.payload.data;
  await payments.noteWebhook(payment, { batch });
  if (event.type === "payment.completed") {
    await ledger.post(
      templates.charge({
        id: `charge:${payment.id}`,
        gateway: "native",
        reference: payment.reference,
        paymentId: payment.id,
        amount: payment.amount,
        fee: payment.fee,
        currency: payment.currency,
        // A payload of an older version names no time.
        occurredAt: payment.updatedAt ?? event.occurredAt ?? Date.now(),
        cause: event.id,
      }),
      { batch },
    );
  }
}

const routes = {
  /** A customer pays. Repeating it is safe: the reference names the purchase. */
  "POST /orders": async ({ body }) => {
    const order = JSON.parse(body.toString("utf8"));
    const outcome = await payments.charge(order, { waitMs: 10_000 });
    return { status: 200, json: { status: outcome.status, reference: outcome.reference, attempts: outcome.attempts } };
  },

  "POST /webhooks": async ({ body, headers }) => {
    const result = await inbox.receive({ body, headers }, apply);
    report({ webhook: result.status, id: headers["webhook-id"], code: result.refusal?.code });
    return { status: result.httpStatus, json: { status: result.status } };
  },

  /** What the shop believes about an order. */
  "GET /orders": async ({ query }) => {
    const outcome = await payments.find(query.get("reference"));
    return { status: outcome === null ? 404 : 200, json: outcome && { status: outcome.status, attempts: outcome.attempts } };
  },

  "GET /mirror.csv": async () => ({ status: 200, text: ledger.toCsv() }),

  "GET /trial-balance": async () => ({ status: 200, json: ledger.trialBalance() }),
};

const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://shop.invalid");
  const route = routes[`${request.method} ${url.pathname}`];
  let answer;
  try {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const input = { body: Buffer.concat(chunks), headers: request.headers, query: url.searchParams };
    answer = route === undefined ? { status: 404, json: { error: "no such route" } } : await route(input);
  } catch (error) {
    report({ error: error.code ?? String(error), message: error.message });
    answer = { status: error.advice === "fix_call" ? 400 : 500, json: { error: error.code ?? "internal", message: error.message } };
  }
  response.writeHead(answer.status, { "content-type": answer.text === undefined ? "application/json" : "text/csv" });
  response.end(answer.text ?? JSON.stringify(answer.json, (_, value) => (typeof value === "bigint" ? value.toString() : value)));
});

server.listen(Number(PORT), "127.0.0.1", () => report({ listening: server.address().port }));

// Intents of a process that died, and those nobody waits for any more, are driven on by this one.
void payments.run({ everyMs: 250 });

function report(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** Node from 22.13 on brings SQLite along; elsewhere it comes as wasm. */
async function openDatabase(path) {
  if (isBuiltin("node:sqlite")) {
    const { DatabaseSync } = await import("node:sqlite");
    return new DatabaseSync(path);
  }
  // This driver locks with a folder, which a killed process leaves behind. Only one process opens this file.
  rmSync(`${path}.lock`, { recursive: true, force: true });
  const { default: sqlite } = await import("node-sqlite3-wasm");
  return new sqlite.Database(path);
}
