import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import {
  createIdempotency, inTransaction, notExecuted, pending,
  type Handler, type Idempotency, type IdempotencyOptions, type IdempotencyResult, type KeyedRequest, type RunOptions,
} from "../../pkg/src/idempotency/index.js";
import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import { sqliteStore } from "../../pkg/src/stores/sqlite.js";
import type { Store, Write } from "../../pkg/src/stores/store.js";

/** A handle of the driver that serves every Node. */
interface WasmDatabase {
  exec(sql: string): void;
  all(sql: string, values?: (string | number | null)[]): unknown[];
  run(sql: string, values?: (string | number | null)[]): unknown;
}

function memoryDatabase(): WasmDatabase {
  const require = createRequire(join(process.cwd(), "pkg", "package.json"));
  const { Database } = require("node-sqlite3-wasm") as { Database: new (path: string) => WasmDatabase };
  return new Database(":memory:");
}

const ORDER: KeyedRequest = {
  operation: "order",
  principal: "ann",
  key: "k-1",
  method: "POST",
  target: "/orders",
  body: '{"item":"book","amount":2500}',
  contentType: "application/json",
};

const REPEAT: RunOptions = { recover: "repeat" };

function text({ answer }: IdempotencyResult): string {
  return new TextDecoder().decode(answer.body);
}

function header({ answer }: IdempotencyResult, wanted: string): string | undefined {
  return answer.headers.find(([name]) => name === wanted)?.[1];
}

/** An endpoint that counts what it does. */
function shop(answers: () => ReturnType<Handler> = () => ({ status: 201, json: { order: 7 } })) {
  const done: string[] = [];
  const handler: Handler = (context) => {
    done.push(`${context.attempt} ${context.cause}`);
    return answers();
  };
  return { done, handler };
}

/** Each way of keeping answers, with a fresh store. */
const WAYS: readonly [string, () => IdempotencyOptions][] = [
  ["lease in memory", () => ({ store: memoryStore() })],
  ["transaction in SQLite", () => ({ store: sqliteStore(memoryDatabase()) })],
  ["lease in SQLite", () => ({ store: sqliteStore(memoryDatabase()), mode: "lease" })],
];

for (const [way, options] of WAYS) {
  test(`${way}: a repetition is answered alike and does nothing`, async () => {
    const idempotency = createIdempotency(options());
    const { done, handler } = shop(() => ({
      status: 201,
      headers: { location: "/orders/7", "set-cookie": ["a=1", "b=2"], "x-other": "1" },
      json: { order: 7, total: 2n ** 60n },
    }));
    const first = await idempotency.run(ORDER, handler, REPEAT);
    const second = await idempotency.run(ORDER, handler, REPEAT);
    assert.deepEqual([first.status, second.status, done.length], ["executed", "replayed", 1]);
    assert.equal(text(first), '{"order":7,"total":"1152921504606846976"}');
    assert.equal(text(second), text(first));
    assert.deepEqual([second.answer.status, header(second, "location")], [201, "/orders/7"]);
    assert.deepEqual([header(first, "idempotent-replayed"), header(second, "idempotent-replayed")], [undefined, "true"]);
    assert.equal(first.answer.headers.filter(([name]) => name === "set-cookie").length, 2);
    assert.deepEqual([header(second, "set-cookie"), header(second, "x-other")], [undefined, undefined]);
    assert.equal(header(second, "idempotency-expires"), header(first, "idempotency-expires"));
    assert.match(header(first, "idempotency-expires") ?? "", /^\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$/);
  });

  test(`${way}: what differs is another request, and is told so`, async () => {
    const idempotency = createIdempotency({ ...options(), keyLength: { least: 3, most: 36 } });
    const { done, handler } = shop();
    const table: readonly [string, Partial<KeyedRequest>, string, number, string?][] = [
      ["the first", {}, "executed", 201],
      ["quoted", { key: '"k-1"' }, "replayed", 201],
      ["members in another order", { body: '{ "amount": 2500, "item": "book" }' }, "replayed", 201],
      ["another amount", { body: '{"item":"book","amount":2501}' }, "refused", 422, "idempotency_mismatch"],
      ["another route", { target: "/orders?gift=1" }, "refused", 422, "idempotency_mismatch"],
      ["another method", { method: "PUT" }, "refused", 422, "idempotency_mismatch"],
      ["another type of content", { contentType: "text/plain" }, "refused", 422, "idempotency_mismatch"],
      ["another customer", { principal: "bob" }, "executed", 201],
      ["another endpoint", { operation: "refund" }, "executed", 201],
      ["another key", { key: "k-2" }, "executed", 201],
      ["no key", { key: null }, "refused", 400, "idempotency_key_missing"],
      ["an empty key", { key: " " }, "refused", 400, "idempotency_key_missing"],
      ["two keys", { key: "k-1, k-1" }, "refused", 400, "idempotency_key_malformed"],
      ["a short key", { key: "k" }, "refused", 400, "idempotency_key_length"],
      ["a long key", { key: "k".repeat(37) }, "refused", 400, "idempotency_key_length"],
    ];
    for (const [what, change, status, code, problem] of table) {
      const result = await idempotency.run({ ...ORDER, ...change }, handler, REPEAT);
      assert.deepEqual([result.status, result.answer.status, result.problem?.code], [status, code, problem], what);
      if (problem === undefined) continue;
      assert.equal(header(result, "content-type"), "application/problem+json");
      const { detail, ...document } = JSON.parse(text(result)) as { detail: string };
      assert.deepEqual(Object.keys(document), ["type", "title", "status", "code"]);
      assert.ok(detail.length > 20, detail);
    }
    assert.equal(done.length, 4);
  });

  test(`${way}: fifty at once are one, and all are told the same`, async () => {
    const idempotency = createIdempotency(options());
    const { done, handler } = shop(async () => {
      await pause(20);
      return { status: 201, json: { order: done.length } };
    });
    const results = await Promise.all(Array.from({ length: 50 }, () => idempotency.run(ORDER, handler, REPEAT)));
    assert.equal(done.length, 1);
    assert.deepEqual([...new Set(results.map(text))], ['{"order":1}']);
    assert.equal(results.filter(({ status }) => status === "executed").length, 1);
  });

  test(`${way}: while one is at it, others wait as long as they were told, and then are told when to ask again`, async () => {
    for (const waitMs of [40, 300_000]) {
      const idempotency = createIdempotency({ ...options(), waitMs });
      let finish: (() => void) | undefined;
      const { handler } = shop(async () => {
        await new Promise<void>((resolve) => (finish = resolve));
        return { status: 201 };
      });
      const first = idempotency.run(ORDER, handler, REPEAT);
      while (finish === undefined) await pause(1);
      if (waitMs === 40) {
        const late = await idempotency.run(ORDER, handler, REPEAT);
        assert.deepEqual([late.status, late.answer.status, header(late, "retry-after")], ["in_flight", 409, "1"]);
      }
      const other = waitMs === 40 ? undefined : idempotency.run({ ...ORDER, body: "{}" }, handler, REPEAT);
      await pause(5);
      finish();
      assert.equal((await first).status, "executed");
      if (other !== undefined) assert.equal((await other).answer.status, 422);
    }
  });

  test(`${way}: a window ends when its header says so`, async () => {
    const idempotency = createIdempotency({ ...options(), ttlMs: 60_000 });
    const { done, handler } = shop();
    const now = 1_800_000_000_000;
    const first = await idempotency.run({ ...ORDER, now }, handler, REPEAT);
    const expires = Date.parse(header(first, "idempotency-expires") ?? "");
    assert.ok(expires >= now + 59_000 && expires <= now + 61_000);
    assert.equal((await idempotency.run({ ...ORDER, now: now + 59_000 }, handler, REPEAT)).status, "replayed");
    const other = { ...ORDER, body: '{"item":"pen"}' };
    assert.equal((await idempotency.run({ ...other, now: now + 59_000 }, handler, REPEAT)).answer.status, 422);
    assert.equal((await idempotency.run({ ...other, now: now + 62_000 }, handler, REPEAT)).status, "executed");
    assert.equal(done.length, 2);
  });

  test(`${way}: a refusal that did nothing frees the key, any other is kept`, async () => {
    const table: readonly [ReturnType<Handler>, string, number][] = [
      [{ status: 401 }, "released", 2],
      [{ status: 429, headers: { "retry-after": "7" } }, "released", 2],
      [notExecuted({ status: 409, json: { error: "sold out for now" } }), "released", 2],
      [{ status: 402, json: { error: "declined" } }, "executed", 1],
      [{ status: 409 }, "executed", 1],
      [{ status: 404 }, "executed", 1],
    ];
    const idempotency = createIdempotency(options());
    for (const [index, [reply, status, times]] of table.entries()) {
      const { done, handler } = shop(() => reply);
      const order = { ...ORDER, key: `k-${index}` };
      assert.equal((await idempotency.run(order, handler, REPEAT)).status, status, `${index}`);
      await idempotency.run(order, handler, REPEAT);
      assert.equal(done.length, times, `${index}`);
    }
  });

  test(`${way}: a handler that fails is never answered for, and runs again where that does no harm`, async () => {
    const idempotency = createIdempotency(options());
    for (const [index, fails] of [() => Promise.reject(new Error("the database is gone")), () => ({ status: 502 })].entries()) {
      let broken = true;
      const { done, handler } = shop(() => (broken ? fails() : { status: 201 }));
      const order = { ...ORDER, key: `k-${index}` };
      const first = idempotency.run(order, handler, REPEAT);
      if (index === 0) await assert.rejects(first, /the database is gone/);
      else assert.deepEqual([(await first).status, (await first).answer.status], ["failed", 502]);
      broken = false;
      assert.equal((await idempotency.run(order, handler, REPEAT)).status, "executed");
      assert.equal((await idempotency.run(order, handler, REPEAT)).status, "replayed");
      assert.deepEqual(done, way.startsWith("lease") ? ["1 free", "2 uncertain"] : ["1 free", "1 free"]);
    }
  });

  test(`${way}: those who wait for a run that fails are told so, and do not run it in turn`, async () => {
    const idempotency = createIdempotency(options());
    const { done, handler } = shop(async () => {
      await pause(20);
      throw new Error("out of memory");
    });
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => idempotency.run(ORDER, handler, REPEAT)));
    assert.equal(done.length, 1);
    assert.equal(results.filter(({ status }) => status === "rejected").length, 1);
    const told = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    assert.deepEqual([...new Set(told.map(({ status, answer }) => `${status} ${answer.status}`))], ["failed 500"]);
  });

  test(`${way}: an outcome that is not known yet is answered 202, and refreshed until it is`, async () => {
    const idempotency = createIdempotency(options());
    const now = 1_800_000_000_000;
    let known = false;
    const { done, handler } = shop(() =>
      known ? { status: 201, json: { paid: true } } : pending({ status: 202, json: { paid: null } }, { refreshMs: 3_000 }),
    );
    const ask = (later: number): Promise<IdempotencyResult> =>
      idempotency.run({ ...ORDER, now: now + later }, handler, REPEAT);
    const shown = (result: IdempotencyResult): unknown => [result.status, result.answer.status, header(result, "retry-after")];
    assert.deepEqual(shown(await ask(0)), ["pending", 202, "3"]);
    const early = await ask(1_500);
    assert.deepEqual([...(shown(early) as []), text(early)], ["pending", 202, "2", '{"paid":null}']);
    assert.deepEqual(shown(await ask(4_000)), ["pending", 202, "3"]);
    known = true;
    assert.equal((await ask(5_000)).answer.status, 202);
    const last = await ask(8_000);
    assert.deepEqual([last.status, last.answer.status, text(last)], ["executed", 201, '{"paid":true}']);
    assert.equal((await ask(9_000)).status, "replayed");
    assert.deepEqual(done, ["1 free", "2 refresh", "3 refresh"]);
  });

  test(`${way}: bytes that are no text come back as they were, and so does an answer of the platform`, async () => {
    const idempotency = createIdempotency(options());
    const every = Uint8Array.from({ length: 70_000 }, (_, index) => index % 256);
    const { handler } = shop(() => new Response(every, { status: 200, headers: { "content-type": "image/png", etag: '"7"' } }));
    for (const status of ["executed", "replayed"]) {
      const result = await idempotency.run(ORDER, handler, REPEAT);
      assert.deepEqual([result.status, header(result, "content-type"), header(result, "etag")], [status, "image/png", '"7"']);
      assert.deepEqual(result.answer.body, every);
    }
  });

  test(`${way}: without a key an endpoint that does not insist runs, and keeps nothing`, async () => {
    const { store, ...others } = options();
    const idempotency = createIdempotency({ store, ...others });
    const { done, handler } = shop();
    for (let time = 0; time < 2; time += 1) {
      const { status } = await idempotency.run({ ...ORDER, key: undefined }, handler, { ...REPEAT, required: false });
      assert.equal(status, "executed");
    }
    assert.equal(done.length, 2);
    assert.deepEqual(await store.scan("", null, 10), []);
  });

  test(`${way}: what is in the batch becomes true with the answer, or not at all`, async () => {
    const { store, ...others } = options();
    const idempotency = createIdempotency({ store, ...others });
    for (const [key, status, kept] of [["a", 201, true], ["b", 429, false], ["c", 503, false]] as const) {
      await idempotency.run({ ...ORDER, key }, ({ batch }) => {
        batch.add({ key: `order/${key}`, expected: 0, value: "{}" });
        return { status };
      }, REPEAT);
      assert.equal((await store.get(`order/${key}`)) !== null, kept, key);
    }
  });
}

/** A store over which a test has power. */
function meddled(): { store: Store; before: { commit?: (writes: readonly Write[]) => Promise<void> | void } } {
  const inner = memoryStore();
  const before: { commit?: (writes: readonly Write[]) => Promise<void> | void } = {};
  const store: Store = {
    ...inner,
    async commit(writes) {
      await before.commit?.(writes);
      return inner.commit(writes);
    },
  };
  return { store, before };
}

/** A process that dies in its handler: it never ends, and nobody prolongs its lease. */
function dies(idempotency: Idempotency, request: KeyedRequest): Promise<void> {
  return new Promise((resolve) => {
    void idempotency.run(request, () => new Promise(() => resolve()), REPEAT);
  });
}

test("under a lease, nothing is run without saying what becomes of a run that failed", async () => {
  const idempotency = createIdempotency({ store: memoryStore() });
  await assert.rejects(idempotency.run(ORDER, () => ({})), (error) => isTillproofError(error) && error.code === "recover_missing");
});

test("what becomes of a run that died is what was chosen: again, asked for, or held for a person", async () => {
  const recovered: string[] = [];
  const table: readonly [string, RunOptions, string, number, number][] = [
    ["repeat", REPEAT, "executed", 201, 1],
    ["found", { recover: ({ cause }) => (recovered.push(cause), { status: 200, json: { found: true } }) }, "executed", 200, 0],
    ["not done", { recover: () => notExecuted() }, "executed", 201, 1],
    ["still unknown", { recover: () => pending({ status: 202 }) }, "pending", 202, 0],
    ["hold", { recover: "hold" }, "unresolved", 503, 0],
  ];
  for (const [what, options, status, code, runs] of table) {
    const store = memoryStore();
    const [dying, living] = [0, 1].map(() => createIdempotency({ store, leaseMs: 30, waitMs: 0 }));
    const now = Date.now();
    await dies(dying!, { ...ORDER, now: now - 60_000 });
    const { done, handler } = shop();
    const result = await living!.run({ ...ORDER, now }, handler, options);
    assert.deepEqual([result.status, result.answer.status, done.length], [status, code, runs], what);
  }
  assert.deepEqual(recovered, ["uncertain"]);
});

test("a crash blocks its key for a lease and no longer", async () => {
  const store = memoryStore();
  const [dying, living] = [0, 1].map(() => createIdempotency({ store, leaseMs: 5_000, waitMs: 0 }));
  const now = 1_800_000_000_000;
  await dies(dying!, { ...ORDER, now });
  const { handler } = shop();
  assert.equal((await living!.run({ ...ORDER, now: now + 4_000 }, handler, REPEAT)).answer.status, 409);
  assert.equal((await living!.run({ ...ORDER, now: now + 5_100 }, handler, REPEAT)).status, "executed");
});

test("a lease is prolonged for as long as the handler runs", async () => {
  const memory = memoryStore();
  let commits = 0;
  const store: Store = { ...memory, commit: async (writes) => (await memory.commit(writes)) && (commits += 1) > 0 };
  const [working, asking] = [0, 1].map(() => createIdempotency({ store, leaseMs: 60, waitMs: 0 }));
  let finish = (): void => undefined;
  const { done, handler } = shop(async () => {
    await new Promise<void>((resolve) => (finish = resolve));
    return { status: 201 };
  });
  const now = 1_800_000_000_000;
  const first = working!.run({ ...ORDER, now }, handler, REPEAT);
  // The claim is the first commit, and a beat comes every twenty milliseconds, or later where the machine is slow.
  for (let beat = 1; beat <= 5; beat += 1) {
    while (commits <= beat) await pause(1);
    assert.equal((await asking!.run({ ...ORDER, now: now + 20 * beat + 50 }, handler, REPEAT)).answer.status, 409, `after beat ${beat}`);
  }
  finish();
  assert.equal((await first).status, "executed");
  assert.equal(done.length, 1);
});

test("a process that slept beyond its lease overwrites nothing, and answers what the other one did", async () => {
  const { store, before } = meddled();
  const [sleeper, other] = [0, 1].map(() => createIdempotency({ store, leaseMs: 30, waitMs: 300_000 }));
  const later = Date.now() + 60_000;
  let signal: AbortSignal | undefined;
  const slept = await sleeper!.run(ORDER, async (context) => {
    signal = context.signal;
    const { status } = await other!.run({ ...ORDER, now: later }, () => ({ status: 201, json: { by: "other" } }), REPEAT);
    assert.equal(status, "executed");
    // The sleeper's next beat finds out.
    while (!context.signal.aborted) await pause(5);
    return { status: 201, json: { by: "sleeper" } };
  }, REPEAT);
  assert.deepEqual([slept.status, text(slept), signal?.aborted], ["replayed", '{"by":"other"}', true]);
  assert.equal(before.commit, undefined);
});

test("a commit that succeeded without saying so counts, and one that did not is tried again", async () => {
  for (const [which, happens] of [["first", true], ["first", false], ["last", true], ["last", false]] as const) {
    const inner = memoryStore();
    let commits = 0;
    const store: Store = {
      ...inner,
      async commit(writes) {
        commits += 1;
        if (commits !== (which === "first" ? 1 : 2)) return inner.commit(writes);
        if (happens) await inner.commit(writes);
        throw new Error("the connection was cut");
      },
    };
    const { done, handler } = shop();
    const ask = (): Promise<IdempotencyResult> => createIdempotency({ store }).run(ORDER, handler, REPEAT);
    const first = ask();
    // A claim that was not stored was not made, and nothing was done: its sender asks again.
    if (which === "first" && !happens) await assert.rejects(first, /the connection was cut/);
    else assert.equal((await first).status, "executed", `${which} ${happens}`);
    assert.equal((await ask()).status, which === "first" && !happens ? "executed" : "replayed");
    assert.equal(done.length, 1, `${which} ${happens}`);
  }
});

test("a result whose place in the store is gone for good is left uncertain, and found by its people", async () => {
  const inner = memoryStore();
  let gone = false;
  const store: Store = { ...inner, commit: (writes) => (gone ? Promise.reject(new Error("gone")) : inner.commit(writes)) };
  const idempotency = createIdempotency({ store, leaseMs: 30 });
  await assert.rejects(idempotency.run(ORDER, () => ((gone = true), { status: 201 }), { recover: "hold" }), /gone/);
  gone = false;
  const now = Date.now() + 60_000;
  const [open] = await idempotency.unresolved({ now });
  assert.deepEqual([open?.operation, open?.state, open?.attempt], ["order", "working", 1]);
  assert.equal((await idempotency.run({ ...ORDER, now }, () => ({}), { recover: "hold" })).status, "unresolved");
  assert.equal(await idempotency.settle(open?.id ?? "", { status: 201, json: { found: true } }, { now }), true);
  const last = await idempotency.run({ ...ORDER, now }, () => ({}), { recover: "hold" });
  assert.deepEqual([last.status, text(last)], ["replayed", '{"found":true}']);
  assert.equal(await idempotency.settle(open?.id ?? "", { status: 201 }, { now }), false);
});

test("a person settles by whose key it is too: with an answer, or so that it runs again", async () => {
  const idempotency = createIdempotency({ store: memoryStore() });
  const whose = { operation: "order", principal: "ann", key: '"k-1"' };
  assert.equal(await idempotency.settle(whose, { status: 201 }), false);
  await idempotency.run(ORDER, () => pending({ status: 202 }), { recover: "hold" });
  assert.equal((await idempotency.run(ORDER, () => ({}), { recover: "hold" })).answer.status, 202);
  assert.equal(await idempotency.settle(whose, notExecuted()), true);
  assert.equal((await idempotency.run(ORDER, () => ({ status: 201 }), { recover: "hold" })).status, "executed");
});

test("who asks while somebody settles is told what he was told before", async () => {
  const { store, before } = meddled();
  const idempotency = createIdempotency({ store });
  const ask = (): Promise<IdempotencyResult> => idempotency.run(ORDER, () => ({}), { recover: "hold" });
  await idempotency.run(ORDER, () => pending({ status: 202, json: "wait" }), { recover: "hold" });
  let commits = 0;
  let between: IdempotencyResult | undefined;
  before.commit = async () => {
    commits += 1;
    if (commits === 2) between = await ask();
  };
  assert.equal(await idempotency.settle({ operation: "order", principal: "ann", key: "k-1" }, { status: 201 }), true);
  assert.deepEqual([between?.status, between?.answer.status, between && text(between)], ["pending", 202, '"wait"']);
  assert.equal((await ask()).answer.status, 201);
});

test("what belongs to a connection is not kept, and a length is counted and not believed", async () => {
  const idempotency = createIdempotency({ store: memoryStore(), replayedHeaders: ["connection", "content-length"] });
  const headers = { "content-length": "7", connection: "close", "transfer-encoding": "chunked", location: "/orders/7" };
  for (const reply of [{ headers, body: "done" }, new Response("done", { headers: { "content-length": "7", location: "/orders/7" } })]) {
    const key = `k-${String(reply)}`.replaceAll(/\W/g, "");
    for (let time = 0; time < 2; time += 1) {
      const { answer } = await idempotency.run({ ...ORDER, key }, () => reply, REPEAT);
      const names = answer.headers.map(([name]) => name).filter((name) => !name.startsWith("idempoten") && name !== "content-type");
      assert.deepEqual(names, ["location"]);
    }
  }
});

test("a handler that called others first ends in one transaction with its answer, or not at all", async () => {
  const database = memoryDatabase();
  database.exec("CREATE TABLE orders (id TEXT)");
  const rows = (): number => database.all("SELECT id FROM orders").length;
  const idempotency = createIdempotency({ store: sqliteStore(database), mode: "lease" });
  const ends = (status: number): Handler<WasmDatabase> => () =>
    inTransaction((client) => {
      client.run("INSERT INTO orders VALUES (?)", ["7"]);
      if (status === 0) throw new Error("no stock");
      return { status };
    });
  await assert.rejects(idempotency.run(ORDER, ends(0), { recover: "repeat" }), /no stock/);
  assert.equal((await idempotency.run(ORDER, ends(429), { recover: "repeat" })).status, "released");
  assert.equal((await idempotency.run(ORDER, ends(503), { recover: "repeat" })).status, "failed");
  assert.equal(rows(), 0);
  assert.equal((await idempotency.run(ORDER, ends(201), { recover: "repeat" })).status, "executed");
  assert.equal((await idempotency.run(ORDER, ends(201), { recover: "repeat" })).status, "replayed");
  assert.equal(rows(), 1);
});

test("an answer that is too large, or none, is no answer: the handler ran, and that is not forgotten", async () => {
  const idempotency = createIdempotency({ store: memoryStore(), maxAnswerBytes: 10 });
  const table: readonly [unknown, string][] = [
    [{ body: "x".repeat(11) }, "answer_too_large"],
    [{ status: 99 }, "reply_invalid"],
    [{ body: 7 }, "reply_invalid"],
    [{ body: "a", json: 1 }, "reply_invalid"],
    [{ statusCode: 200 }, "unknown_option"],
    [undefined, "argument_invalid"],
  ];
  for (const [index, [reply, code]] of table.entries()) {
    const order = { ...ORDER, key: `k-${index}` };
    const run = (): Promise<IdempotencyResult> => idempotency.run(order, (() => reply) as Handler, { recover: "hold" });
    await assert.rejects(run(), (error) => isTillproofError(error) && error.code === code, code);
    assert.equal((await run()).status, "unresolved", code);
  }
});

test("what waits is bounded, and what has expired is dropped", async () => {
  const store = memoryStore();
  const idempotency = createIdempotency({ store, maxWaiting: 3, ttlMs: 1_000 });
  let finish: () => void = () => undefined;
  const { handler } = shop(async () => {
    await new Promise<void>((resolve) => (finish = resolve));
    return { status: 201 };
  });
  const first = idempotency.run(ORDER, handler, REPEAT);
  await pause(5);
  const others = Array.from({ length: 10 }, () => idempotency.run(ORDER, handler, REPEAT));
  await pause(5);
  finish();
  const statuses = (await Promise.all([first, ...others])).map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === "in_flight").length, 7);
  const quick = shop();
  for (let index = 0; index < 1_200; index += 1) {
    const now = 1_800_000_000_000 + index * 10_000;
    await idempotency.run({ ...ORDER, key: `many-${index}`, now }, quick.handler, REPEAT);
  }
  // Each lives for a second and an hour, which is 360 of these.
  const left = (await store.scan("idempotency/", null, 2_000)).length;
  assert.ok(left < 900, `${left} records are left of 1,200`);
});

test("problems are written in the words of the merchant, where he has some", async () => {
  const idempotency = createIdempotency({
    store: memoryStore(),
    problem: ({ status, code, retryAfter }) => ({ status, json: { error: code, retryAfter } }),
  });
  const refused = await idempotency.run({ ...ORDER, key: "" }, () => ({}), REPEAT);
  assert.equal(text(refused), '{"error":"idempotency_key_missing"}');
  assert.equal((await idempotency.refuse("idempotency_principal_missing")).answer.status, 401);
});

test("options and requests that are wrong are refused by name", async () => {
  const store = memoryStore();
  const options: readonly [unknown, string][] = [
    [{}, "store_invalid"],
    [{ store, ttl: 1 }, "unknown_option"],
    [{ store, name: "a b" }, "idempotency_name_invalid"],
    [{ store, mode: "transaction" }, "option_invalid"],
    [{ store, mode: "batch" }, "option_invalid"],
    [{ store, ttlMs: 0 }, "option_invalid"],
    [{ store, leaseMs: 1 }, "option_invalid"],
    [{ store, keyLength: { least: 9, most: 8 } }, "option_invalid"],
    [{ store, replayedHeaders: ["Set-Cookie"] }, "option_invalid"],
    [{ store, replayedHeaders: ["a b"] }, "option_invalid"],
    [{ store, problem: 1 }, "argument_invalid"],
  ];
  for (const [given, code] of options) {
    assert.throws(() => createIdempotency(given as IdempotencyOptions), (error) => isTillproofError(error) && error.code === code, code);
  }
  const idempotency = createIdempotency({ store });
  const requests: readonly [unknown, string][] = [
    [undefined, "argument_invalid"],
    [{ ...ORDER, principal: "" }, "argument_invalid"],
    [{ ...ORDER, principal: undefined }, "text_expected"],
    [{ ...ORDER, operation: "" }, "argument_invalid"],
    [{ ...ORDER, key: 7 }, "text_expected"],
    [{ ...ORDER, body: { a: 1 } }, "bytes_expected"],
    [{ ...ORDER, now: 1_800_000_000 }, "time_not_milliseconds"],
  ];
  for (const [given, code] of requests) {
    const run = idempotency.run(given as KeyedRequest, () => ({}), REPEAT);
    await assert.rejects(run, (error) => isTillproofError(error) && error.code === code, code);
  }
});
