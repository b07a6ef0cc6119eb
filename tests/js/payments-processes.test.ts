import assert from "node:assert/strict";
import { test } from "node:test";

import { createPayments } from "../../pkg/src/payments/index.js";
import type { ChargeRequest, Payments, PaymentsOptions } from "../../pkg/src/payments/index.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import type { Store, StoredRecord } from "../../pkg/src/stores/store.js";

const ORDER: ChargeRequest = { reference: "order_1", amount: 1_000n, currency: "EUR" };
const DAY = 86_400_000;

/** A gateway that remembers keys for a day, by the clock of the test, and counts what it is asked. */
class Gateway {
  readonly posts: string[] = [];
  readonly gets: string[] = [];
  readonly charges: string[] = [];
  readonly #keys = new Map<string, { at: number; answer: string }>();
  readonly #now: () => number;
  /** What becomes of the next POSTs after they were executed. */
  readonly fates: ("lost" | "answered")[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  readonly fetch = async (request: Request): Promise<Response> => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    const { searchParams } = new URL(request.url);
    if (request.method === "GET") {
      const reference = searchParams.get("reference") ?? "";
      this.gets.push(reference);
      const data = this.charges.flatMap((each, index) => (each === reference ? [this.#payment(index)] : []));
      return Response.json({ object: "list", data: data.reverse(), hasMore: false });
    }
    const { reference } = (await request.json()) as { reference: string };
    const key = request.headers.get("idempotency-key") ?? "";
    this.posts.push(reference);
    const known = this.#keys.get(key);
    if (known === undefined || this.#now() >= known.at + DAY) {
      this.charges.push(reference);
      this.#keys.set(key, { at: this.#now(), answer: JSON.stringify(this.#payment(this.charges.length - 1)) });
    }
    if (this.fates.shift() === "lost") throw new TypeError("fetch failed", { cause: { code: "ECONNRESET" } });
    return new Response(this.#keys.get(key)?.answer ?? null, { status: 201 });
  };

  #payment(index: number): Record<string, unknown> {
    const reference = this.charges[index];
    return { id: `pay_${index + 1}`, merchantId: "shop", amount: 1_000, currency: "EUR", reference, state: "completed" };
  }
}

function merchant(gateway: Gateway, store: Store, now: () => number, options: Partial<PaymentsOptions> = {}): Payments {
  return createPayments({
    provider: { profile: "native", baseUrl: "http://gateway.test", merchantId: "shop" },
    store,
    secret: "sixteen bytes and more",
    retry: { baseMs: 2, capMs: 4, jitter: "equal" },
    fetch: gateway.fetch,
    now,
    onError: (error) => assert.fail(error as Error),
    // What these tests are about holds without anybody who holds back.
    governor: false,
    ...options,
  });
}

/** A copy of a store, as a backup is one. */
async function backup(store: Store): Promise<StoredRecord[]> {
  return store.scan("", null, 1_000);
}

async function restored(records: readonly StoredRecord[]): Promise<Store> {
  const store = memoryStore();
  for (const { key, value, wakeAt, version } of records) {
    for (let expected = 0; expected < version; expected += 1) await store.commit([{ key, expected, value, wakeAt }]);
  }
  return store;
}

test("processes share what is due: each intent is driven by one of them", async () => {
  let clock = 1_700_000_000_000;
  const now = (): number => clock;
  const gateway = new Gateway(now);
  const store = memoryStore();
  const references = Array.from({ length: 60 }, (_, index) => `order_${index}`);
  const first = merchant(gateway, store, now);
  // They are begun by a process that dies before it sends.
  for (const reference of references) {
    const left = new AbortController();
    const stored = first.charge({ ...ORDER, reference }, { signal: left.signal });
    left.abort();
    await stored;
  }
  assert.deepEqual(gateway.posts, []);
  const processes = Array.from({ length: 4 }, () => merchant(gateway, store, now));
  await Promise.all(processes.map((process) => process.sweep()));
  assert.deepEqual([...gateway.posts].sort(), [...references].sort(), "every intent once");
  assert.equal(await first.sweep(), 0);

  // Questions are shared like sends. The answers are lost, and the provider forgets the keys before anybody looks.
  const unknown = references.map((reference) => `late/${reference}`);
  gateway.fates.push(...unknown.map(() => "lost" as const));
  for (const reference of unknown) await first.charge({ ...ORDER, reference }, { waitMs: 0 });
  clock += 30 * 3_600_000;
  gateway.posts.length = 0;
  await Promise.all(processes.map((process) => process.sweep()));
  assert.deepEqual([...gateway.gets].sort(), [...unknown].sort(), "every intent is asked about once");
  assert.deepEqual(gateway.posts, [], "and none is sent again");
  assert.equal(gateway.charges.length, 120);
});

test("a store that is restored from an older backup leads to the same charge", async () => {
  const hours = 3_600_000;
  const table: [name: string, backedUp: "nothing" | "initiated" | "in flight" | "pending", later: number, posts: number][] = [
    ["no record, inside the window", "nothing", 1 * hours, 2],
    ["never sent, inside the window", "initiated", 1 * hours, 1],
    ["never sent, after the window", "initiated", 30 * hours, 1],
    ["in flight, inside the window", "in flight", 1 * hours, 1],
    ["in flight, after the window", "in flight", 30 * hours, 1],
    ["unknown, inside the window", "pending", 1 * hours, 2],
    ["unknown, after the window", "pending", 30 * hours, 2],
  ];
  for (const [name, backedUp, later, posts] of table) {
    let clock = 1_700_000_000_000 - Date.now();
    const now = (): number => clock + Date.now();
    const gateway = new Gateway(now);
    const store = memoryStore();
    let copy = await backup(store);
    const states: Record<typeof backedUp, string> = {
      nothing: "",
      initiated: '"opened"',
      "in flight": '"send_authorised"',
      pending: '"ambiguous"',
    };
    const copying: Store = {
      ...store,
      async commit(writes) {
        const taken = await store.commit(writes);
        const last = writes[0]?.value.match(/"type":("\w+")/g)?.at(-1);
        if (last === `"type":${states[backedUp]}` && copy.length === 0) copy = await backup(store);
        return taken;
      },
    };
    if (backedUp === "pending") gateway.fates.push("lost");
    const before = await merchant(gateway, copying, now).charge(ORDER);
    assert.equal(before.status, "settled", name);

    clock += later;
    const after = merchant(gateway, await restored(copy), now);
    const outcome = await after.charge(ORDER);
    assert.equal(outcome.status, "settled", name);
    assert.equal(outcome.key, before.key, `${name}: the same key`);
    assert.deepEqual(gateway.charges, ["order_1"], `${name}: one charge`);
    assert.equal(gateway.posts.length, posts, `${name}: sends`);
    assert.match(await after.trace("order_1"), backedUp === "nothing" ? /settled/ : /asked why=/, name);
  }
});

test("an order that is older than the provider's memory is asked about, even when the store has lost it", async () => {
  for (const [since, charges] of [
    [true, 1],
    // Nobody says that it is old: the key is sent, and the provider has forgotten it.
    [false, 2],
  ] as const) {
    let clock = 1_700_000_000_000 - Date.now();
    const now = (): number => clock + Date.now();
    const gateway = new Gateway(now);
    const orderedAt = now();
    await merchant(gateway, memoryStore(), now).charge(ORDER);
    clock += 2 * DAY;
    const outcome = await merchant(gateway, memoryStore(), now).charge(ORDER, since ? { since: orderedAt } : {});
    assert.equal(outcome.status, "settled");
    assert.equal(gateway.charges.length, charges);
  }
  const unused = merchant(new Gateway(Date.now), memoryStore(), Date.now);
  await assert.rejects(unused.charge(ORDER, { since: Number.NaN }), { code: "time_not_milliseconds" });
});

test("whoever waits through what the customer has to do is told what became of it", async () => {
  const now = Date.now;
  const gateway = new Gateway(now);
  let state = "requires_action";
  const shown = async (request: Request): Promise<Response> => {
    const answer = await gateway.fetch(request);
    return new Response((await answer.text()).replaceAll('"completed"', `"${state}"`), { status: answer.status });
  };
  const payments = merchant(gateway, memoryStore(), now, { fetch: shown });
  assert.equal((await payments.charge(ORDER)).status, "awaiting_customer");
  const waiting = payments.wait("order_1", { waitMs: 20_000 });
  setTimeout(() => (state = "completed"), 20);
  assert.equal((await waiting).status, "settled");
  assert.equal(gateway.posts.length, 1);
});

test("an abort ends the wait at once, and nothing more is sent", async () => {
  const now = Date.now;
  const gateway = new Gateway(now);
  gateway.fates.push("lost");
  // The store answers slowly: who leaves does not wait for it.
  const store = memoryStore();
  const leaving = new AbortController();
  let slow = false;
  const payments = merchant(gateway, { ...store, get: async (key) => {
    if (slow) await new Promise((resolve) => setTimeout(resolve, 60_000).unref());
    return store.get(key);
  } }, now, { retry: { baseMs: 50_000, capMs: 50_000, jitter: "equal" } });
  const waiting = payments.charge(ORDER, { signal: leaving.signal });
  while (!(await store.get("intent/shop//order_1"))?.value.includes("ambiguous")) await new Promise((resolve) => setTimeout(resolve, 1));
  slow = true;
  leaving.abort();
  const outcome = await waiting;
  assert.equal(outcome.status === "pending_confirmation" && outcome.reason, "connection_lost");
  assert.equal(gateway.posts.length, 1);
});
