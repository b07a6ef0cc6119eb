/**
 * A herd against an endpoint that takes `Idempotency-Key`: 100,000 requests of 1,000 keys, and what becomes of the effects;
 * beside Tillproof the three libraries people use for it, from their packages, each in memory. And what each of them does
 * in the situations a key is there for.
 *
 * In process where a library has a door for that; over loopback HTTP on Express for the one that is a middleware of it.
 */

import { once } from "node:events";
import { Agent, request } from "node:http";
import { createRequire } from "node:module";
import { setTimeout as pause } from "node:timers/promises";

import { IdempotencyConfig, makeIdempotent } from "@aws-lambda-powertools/idempotency";
import { CachePersistenceLayer } from "@aws-lambda-powertools/idempotency/cache";
import express from "express";
import { idempotent } from "tillproof/adapters/express";
import { createIdempotency, notExecuted } from "tillproof/idempotency";
import { memoryStore } from "tillproof/stores/memory";

const require = createRequire(import.meta.url);
const { Idempotency: NodeIdempotency } = require("@node-idempotency/core");
const { MemoryStorageAdapter } = require("@node-idempotency/storage-adapter-memory");
const { getSharedIdempotencyService, idempotency: expressIdempotency } = require("express-idempotency");

const REQUESTS = Number(process.env.HERD_REQUESTS ?? 100_000);
const OVER_HTTP = Math.ceil(REQUESTS / 5);
const AT_ONCE = 200;
const HOUR_MS = 3_600_000;

/**
 * Each makes an endpoint over a store of its own: `ask({ key, body, account }, effect, found)` gives the status and the body
 * of the answer; `dies` asks in a process that died an hour ago, and `found` says whether the effect of a key is there, for
 * those who would ask.
 */
const IN_PROCESS = {
  tillproof() {
    const store = memoryStore();
    const asking = (idempotency, ago) => async ({ key, body, account = "ann" }, effect, found = () => false) => {
      const asked = { operation: "order", principal: account, key, method: "POST", target: "/orders", body, contentType: "application/json" };
      const recover = () => (found() ? { status: 201, json: "found" } : notExecuted());
      const { answer } = await idempotency
        .run({ ...asked, now: Date.now() - ago }, async () => ({ status: 201, json: await effect() }), { recover })
        .catch((error) => ({ answer: { status: 500, body: Buffer.from(error.message) } }));
      return { status: answer.status, text: Buffer.from(answer.body).toString() };
    };
    return { ask: asking(createIdempotency({ store }), 0), dies: asking(createIdempotency({ store }), HOUR_MS) };
  },
  "@node-idempotency/core 1.0.11"() {
    const storage = new MemoryStorageAdapter();
    const idempotency = new NodeIdempotency(storage, { inProgressStrategy: { wait: true, pollingIntervalMs: 10, maxWaitMs: 2_000 } });
    const ask = async ({ key, body }, effect) => {
      const asked = { headers: { "idempotency-key": key }, path: "/orders", method: "POST", body: JSON.parse(body) };
      try {
        const before = await idempotency.onRequest(asked);
        if (before !== undefined) return { status: before.statusCode ?? 201, text: JSON.stringify(before.body) };
      } catch (error) {
        return { status: error.code === "IDEMPOTENCY_FINGERPRINT_MISSMATCH" ? 422 : 409, text: error.message };
      }
      // As its plugins do it: what is sent is stored, whatever it says.
      const sent = await effect().then((done) => ({ statusCode: 201, body: done }), (error) => ({ statusCode: 500, body: error.message }));
      await idempotency.onResponse(asked, sent);
      return { status: sent.statusCode, text: JSON.stringify(sent.body) };
    };
    // Its records know no time but the window of a day, so that an hour makes no difference.
    return { ask, dies: ask };
  },
  "@aws-lambda-powertools/idempotency 2.35.0"() {
    const records = new Map();
    const client = {
      get: async (key) => records.get(key) ?? null,
      set: async (key, value, { NX, condition } = {}) => ((NX || condition === "NX") && records.has(key) ? null : (records.set(key, value), "OK")),
      del: async (keys) => void [keys].flat().forEach((key) => records.delete(key)),
    };
    const asking = (remainingMs) => {
      const config = new IdempotencyConfig({ eventKeyJmesPath: "key", payloadValidationJmesPath: "body", throwOnNoIdempotencyKey: true });
      config.registerLambdaContext({ getRemainingTimeInMillis: () => remainingMs });
      const options = { persistenceStore: new CachePersistenceLayer({ client }), config, dataIndexArgument: 0, keyPrefix: "orders" };
      const run = makeIdempotent(async (_asked, effect) => effect(), options);
      return async ({ key, body }, effect) => {
        try {
          return { status: 201, text: JSON.stringify(await run({ key, body: JSON.parse(body) }, effect)) };
        } catch (error) {
          const status = { IdempotencyAlreadyInProgressError: 409, IdempotencyValidationError: 422 }[error.name] ?? 500;
          return { status, text: error.message };
        }
      };
    };
    return { ask: asking(60_000), dies: asking(-HOUR_MS) };
  },
};

const ON_EXPRESS = {
  tillproof(app, effectOf, foundOf) {
    app.post("/orders", idempotent({
      idempotency: createIdempotency({ store: memoryStore() }),
      operation: "order",
      principal: (asked) => asked.get("x-account"),
      handler: async ({ native }) => ({ status: 201, json: await effectOf(native)() }),
      recover: ({ native }) => (foundOf(native)() ? { status: 201, json: "found" } : notExecuted()),
      onError: () => {},
    }));
  },
  "express-idempotency 1.0.6"(app, effectOf) {
    app.post("/orders", express.json(), expressIdempotency(), async (asked, answer, next) => {
      const service = getSharedIdempotencyService();
      if (service.isHit(asked)) return;
      try {
        answer.status(201).json(await effectOf(asked)());
      } catch (error) {
        service.reportError(asked);
        next(error);
      }
    });
  },
};

const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });

/** An endpoint over loopback. Effects are found by a header, so that every situation has its own. */
async function overHttp(mount) {
  const effects = new Map();
  const app = express();
  const of = (asked) => effects.get(asked.headers["x-effect"]);
  mount(app, (asked) => of(asked).effect, (asked) => of(asked).found);
  app.use((error, _asked, answer, _next) => void (answer.headersSent || answer.status(error.statusCode ?? 500).send(error.message)));
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  let named = 0;
  const ask = ({ key, body, account = "ann" }, effect, found = () => false) => {
    const name = String((named += 1));
    effects.set(name, { effect, found });
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body), "idempotency-key": key, "x-account": account, "x-effect": name };
    return new Promise((resolve, reject) => {
      const sending = request({ host: "127.0.0.1", port, method: "POST", path: "/orders", headers, agent }, (answer) => {
        let text = "";
        answer.on("data", (chunk) => (text += chunk));
        answer.on("end", () => (effects.delete(name), resolve({ status: answer.statusCode, text })));
      });
      sending.on("error", reject);
      sending.end(body);
    });
  };
  return { ask, close: () => server.close() };
}

/** `requests` requests of `keys` keys, those of one key near each other, and an effect that takes a millisecond. */
async function herd(ask, requests, keys) {
  const charged = new Map();
  const answers = new Map();
  const told = {};
  let next = 0;
  const lane = async () => {
    for (let at = next++; at < requests; at = next++) {
      const key = `key-${Math.floor(at / (requests / keys))}`;
      const { status, text } = await ask({ key, body: `{"item":"${key}"}` }, async () => {
        charged.set(key, (charged.get(key) ?? 0) + 1);
        await pause(1);
        return { order: `${key}-${charged.get(key)}` };
      });
      told[status] = (told[status] ?? 0) + 1;
      if (status === 201) answers.set(key, (answers.get(key) ?? new Set()).add(text));
    }
  };
  const started = process.hrtime.bigint();
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  const charges = [...charged.values()].reduce((sum, times) => sum + times, 0);
  const different = [...answers.values()].filter((texts) => texts.size > 1).length;
  return { requests, charges, told: `${Math.round(requests / seconds)}/s, ${JSON.stringify(told)}, ${different} keys with several answers`, extra: charges - keys, seconds };
}

/** What a key is there for. Each says how often it asked, how often it was charged, and what the last one was told. */
const SITUATIONS = {
  async "repeated unchanged"({ ask }, charge) {
    await ask({ key: "0", body: '{"a":1}' }, async () => charge());
    return ask({ key: "0", body: '{"a":1}' }, async () => charge());
  },
  async "failed after its effect"({ ask }, charge, found) {
    await ask({ key: "a", body: "{}" }, async () => (charge(), Promise.reject(new Error("the answer of the provider was lost"))));
    return ask({ key: "a", body: "{}" }, async () => charge(), found);
  },
  async "killed after its effect"({ ask, dies }, charge, found) {
    // Where all is in one process, nobody can be killed alone.
    if (dies === undefined) return undefined;
    void dies({ key: "b", body: "{}" }, () => new Promise(() => charge()));
    await pause(50);
    return ask({ key: "b", body: "{}" }, async () => charge(), found);
  },
  async "another customer's key"({ ask }, charge) {
    const first = await ask({ key: "c", body: "{}", account: "ann" }, async () => ({ secret: charge() }));
    const second = await ask({ key: "c", body: "{}", account: "bob" }, async () => ({ secret: charge() }));
    return { ...second, text: second.text === first.text ? "the answer of the other" : "an answer of his own" };
  },
  async "the same document, written otherwise"({ ask }, charge) {
    await ask({ key: "d", body: '{"a":1,"b":2}' }, async () => charge());
    return ask({ key: "d", body: '{"b":2,"a":1}' }, async () => charge());
  },
  async "another document under a key"({ ask }, charge) {
    await ask({ key: "e", body: '{"amount":1}' }, async () => charge());
    return ask({ key: "e", body: '{"amount":2}' }, async () => charge());
  },
};

async function situations(endpoint) {
  const cells = {};
  for (const [name, play] of Object.entries(SITUATIONS)) {
    let charges = 0;
    const last = await play(endpoint, () => ({ charge: (charges += 1) }), () => charges > 0);
    if (last !== undefined) cells[name] = { requests: 2, charges, told: `${last.status} ${last.text.slice(0, 60)}` };
  }
  return cells;
}

/** Everything for one endpoint: warm, then the herd, then the situations. */
async function measured(name, make, requests) {
  await herd((await make()).ask, requests / 20, requests / 2_000);
  const { extra, seconds, ...cell } = await herd((await make()).ask, requests, requests / 100);
  return { row: { name, cells: { herd: cell, ...(await situations(await make())) } }, extra, rate: requests / seconds };
}

export async function run() {
  const rows = [];
  const goals = [];
  const rates = {};
  for (const [name, make] of Object.entries(IN_PROCESS)) {
    const { row, extra, rate } = await measured(`${name}, in process`, make, REQUESTS);
    rows.push(row);
    rates[name] = rate;
    if (name !== "tillproof") continue;
    goals.push({ number: "herd", name: "effects beyond one for each key", gate: 0, stretch: 0, measured: extra, atMost: true });
  }
  // That library compares no canonical documents and knows no customers: half its rate is what these may cost.
  const share = rates["tillproof"] / rates["@node-idempotency/core 1.0.11"];
  goals.push({ number: "herd", name: "rate in process, share of that of @node-idempotency/core", gate: 0.4, stretch: 0.7, measured: share });
  for (const [name, mount] of Object.entries(ON_EXPRESS)) {
    const open = [];
    const make = async () => {
      const endpoint = await overHttp(mount);
      open.push(endpoint);
      return endpoint;
    };
    rows.push((await measured(`${name}, on Express`, make, OVER_HTTP)).row);
    for (const { close } of open) close();
  }
  agent.destroy();
  return { rows, goals };
}
