import assert from "node:assert/strict";
import { test } from "node:test";

import { createGovernor, createPayments, type Governor, type GovernorOptions, type PaymentsOptions } from "../../pkg/src/payments/index.js";
import { assertHedgeable } from "../../pkg/src/payments/governor.js";
import type { Lane, Pass } from "../../pkg/src/payments/gate.js";
import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { governor as artefact } from "../../pkg/src/shell/governor.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";

const LANE: Lane = { profile: "native", operation: "charge", purpose: "first_send" };
const NOW = Date.parse("2026-11-21T12:00:00Z");

/** Against hanging, and no measure of how fast a machine has to be. */
const GUARD_MS = 300_000;

/** A gateway that is down until it is told otherwise, and counts. */
class Gateway {
  up = false;
  requests = 0;
  underWay = 0;
  mostUnderWay = 0;
  readonly charges = new Map<string, string>();
  readonly order: string[] = [];
  /** When each request came, by a clock that is never set. */
  readonly times: number[] = [];
  serviceMs = 1;
  /** What a request waits for, where it is not time. */
  held: Promise<void> | undefined;

  readonly fetch = async (request: Request): Promise<Response> => {
    this.requests += 1;
    this.times.push(performance.now());
    this.underWay += 1;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    try {
      await (this.held ?? new Promise((resolve) => setTimeout(resolve, this.serviceMs)));
      if (!this.up) return Response.json({ error: { code: "unavailable", message: "down" } }, { status: 503 });
      if (request.method === "GET") {
        const reference = new URL(request.url).searchParams.get("reference") ?? "";
        const id = this.charges.get(reference);
        return Response.json({ object: "list", data: id === undefined ? [] : [payment(id, reference)], hasMore: false });
      }
      const { reference } = (await request.json()) as { reference: string };
      this.order.push(reference);
      const id = this.charges.get(reference) ?? `pay_${this.charges.size + 1}`;
      this.charges.set(reference, id);
      return Response.json(payment(id, reference), { status: 201 });
    } finally {
      this.underWay -= 1;
    }
  };
}

function payment(id: string, reference: string): object {
  return { id, merchantId: "shop", amount: 1_000, currency: "EUR", reference, state: "completed", failure: null };
}

function client(gateway: Gateway, options: Partial<PaymentsOptions> = {}) {
  return createPayments({
    provider: { profile: "native", baseUrl: "http://gateway.test", merchantId: "shop" },
    store: memoryStore(),
    secret: "sixteen bytes and more",
    retry: { baseMs: 1, capMs: 2 },
    fetch: gateway.fetch,
    ...options,
  });
}

const order = (reference: string) => ({ reference, amount: 1_000n, currency: "EUR" });

function go(governor: Governor, now = NOW, lane = LANE): Pass {
  const answer = governor.permit(lane, now);
  assert.ok(answer.go, `held until ${answer.go ? "" : answer.until - now} ms`);
  return answer;
}

function trip(governor: Governor, now = NOW): void {
  for (let failures = 0; failures < 5; failures += 1) go(governor, now).end({ type: "failed", notSent: false }, now);
}

/** Waits for what must come, however slow the machine is. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 1));
}

test("while the provider is down one probe at a time asks, and then everybody is served once", async () => {
  const gateway = new Gateway();
  const governor: GovernorOptions = { breaker: { probeBaseMs: 20, probeCapMs: 40 } };
  const shop = client(gateway, { governor });
  const orders = Array.from({ length: 60 }, (_, number) => order(`order_${number}`));
  const outcomes = Promise.all(orders.map((each) => shop.charge(each, { waitMs: 600_000 })));
  await until(() => shop.governor?.state().lanes[0]?.breaker === "open" && gateway.underWay === 0);
  const cut = gateway.requests;
  gateway.mostUnderWay = 0;
  await until(() => gateway.requests === cut + 6);
  // Who probed without a pause, or let others ask meanwhile, would be seen on any machine: a slow one only makes it longer.
  const pauses = gateway.times.slice(cut).map((time, index, times) => time - (times[index - 1] ?? -Infinity));
  assert.ok(pauses.every((pause) => pause >= 18), `pauses of ${pauses.map(Math.round).join(", ")} ms`);
  assert.equal(gateway.mostUnderWay, 1);
  gateway.up = true;
  for (const { status } of await outcomes) assert.equal(status, "settled");
  assert.equal(gateway.charges.size, 60);
  assert.equal(gateway.order.length, 60, "nobody was served twice");
  const [lane] = shop.governor?.state().lanes ?? [];
  assert.equal(lane?.operation, "charge");
  assert.equal(lane?.inFlight, 0);
  assert.equal(lane?.waiting, 0);
  assert.ok((lane?.probes ?? 0) >= 2);
  shop.close();
});

test("a retry that is due at once, and a moment later when it is drawn again, keeps no pass", async () => {
  const gateway = new Gateway();
  const failed = new Set<string>();
  const fetch = async (request: Request): Promise<Response> => {
    const key = request.headers.get("idempotency-key") ?? "";
    gateway.up = failed.has(key);
    failed.add(key);
    return gateway.fetch(request);
  };
  // One after another: nobody waits in a queue, and every second send is a retry whose wait may be none.
  const shop = client(gateway, { fetch, governor: { breaker: false, budget: false, bulkhead: { inFlight: 8 } } });
  for (let number = 0; number < 60; number += 1) {
    assert.equal((await shop.charge(order(`order_${number}`))).status, "settled");
  }
  assert.equal(shop.governor?.state().lanes[0]?.inFlight, 0);
  shop.close();
});

test("intents that nobody waits for are parked by a sweep and drained without another", { timeout: GUARD_MS }, async () => {
  const gateway = new Gateway();
  const governor: GovernorOptions = { breaker: { probeBaseMs: 20, probeCapMs: 20 } };
  const shop = client(gateway, { governor });
  for (let number = 0; number < 40; number += 1) await shop.charge(order(`order_${number}`), { waitMs: 0 });
  await until(async () => {
    await shop.sweep();
    return shop.governor?.state().lanes[0]?.waiting === 40;
  });
  // What is parked is not looked at again, and new intents are not hidden behind it. Whoever probes just now is not parked.
  await until(async () => (await shop.sweep({ limit: 1 })) === 0);
  gateway.up = true;
  await until(() => gateway.charges.size === 40);
  await until(() => shop.governor?.state().lanes[0]?.waiting === 0);
  for (let number = 0; number < 40; number += 1) {
    assert.equal((await shop.find(`order_${number}`))?.status, "settled");
  }
  shop.close();
});

test("where the queue has no place, an intent is parked in the store and comes again", async () => {
  const gateway = new Gateway();
  let now = NOW;
  const governor = createGovernor({ bulkhead: { waiting: 0 } });
  const shop = client(gateway, { governor, now: () => now });
  trip(governor);
  const parked = await shop.charge(order("order_1"), { waitMs: 0 });
  assert.equal(parked.status, "pending_confirmation");
  assert.equal(gateway.requests, 0);
  assert.match(await shop.trace("order_1"), /held/i);
  assert.equal(await shop.sweep(), 0, "it is not due yet");
  gateway.up = true;
  now += 60_000;
  assert.equal(await shop.sweep(), 1);
  assert.equal((await shop.find("order_1"))?.status, "settled");
});

test("an abort in the queue ends the wait and sends nothing", { timeout: GUARD_MS }, async () => {
  const gateway = new Gateway();
  const hour = 3_600_000;
  const shop = client(gateway, { governor: createGovernor({ breaker: { probeBaseMs: hour, probeCapMs: hour } }) });
  trip(shop.governor as Governor, Date.now());
  const leaver = new AbortController();
  const outcome = shop.charge(order("order_1"), { signal: leaver.signal, waitMs: hour });
  await until(() => shop.governor?.state().lanes[0]?.waiting === 1);
  leaver.abort();
  // Whoever waited the queue out would take an hour.
  assert.equal((await outcome).status, "pending_confirmation");
  assert.equal(gateway.requests, 0);
  assert.equal(shop.governor?.state().lanes[0]?.waiting, 0);
  shop.close();
});

test("so many at once as the bulkhead has room for, and the most urgent first", async () => {
  const gateway = new Gateway();
  gateway.up = true;
  let release = (): void => undefined;
  gateway.held = new Promise((resolve) => (release = resolve));
  const shop = client(gateway, { governor: { bulkhead: { inFlight: 1 } } });
  const first = shop.charge(order("first"));
  await until(() => gateway.underWay === 1);
  const patient = shop.charge(order("patient"), { waitMs: 1_200_000 });
  const urgent = shop.charge(order("urgent"), { waitMs: 600_000 });
  await until(() => shop.governor?.state().lanes[0]?.waiting === 2);
  release();
  await Promise.all([first, patient, urgent]);
  assert.deepEqual(gateway.order, ["first", "urgent", "patient"]);
  assert.equal(gateway.mostUnderWay, 1);
});

test("clients that share a governor share its probe, and without one nobody is held", () => {
  const governor = createGovernor();
  const [gateway, options] = [new Gateway(), { governor }];
  assert.equal(client(gateway, options).governor, client(gateway, options).governor);
  assert.equal(client(gateway, { governor: false }).governor, undefined);
  assert.notEqual(client(gateway).governor, client(gateway).governor);
});

test("a hint holds everybody in the lane, in each of its forms, and nobody in another", () => {
  // header, milliseconds for which the lane is quiet
  const table: [string, number][] = [
    ["2", 2_000],
    ["Sat, 21 Nov 2026 12:00:03 GMT", 3_000],
    ["Saturday, 21-Nov-26 12:00:03 GMT", 3_000],
    ["Sat Nov 21 12:00:03 2026", 3_000],
    ["86400", 600_000],
    ["soon", 0],
    ["-1", 0],
  ];
  for (const [retryAfter, quiet] of table) {
    const governor = createGovernor();
    go(governor).end({ type: "answered", status: 429, retryAfter }, NOW);
    for (let clients = 0; clients < 50; clients += 1) {
      const answer = governor.permit(LANE, NOW);
      if (quiet === 0) assert.ok(answer.go, retryAfter);
      else assert.ok(!answer.go && answer.until >= NOW + quiet && answer.until <= NOW + quiet + 2_250, retryAfter);
    }
    go(governor, NOW, { ...LANE, operation: "refund" });
  }
});

test("a query has a lane of its own, and only a query may be hedged", () => {
  const governor = createGovernor();
  trip(governor);
  assert.ok(!governor.permit(LANE, NOW).go);
  go(governor, NOW, { ...LANE, purpose: "query" });
  const names = governor.state().lanes.map(({ provider, operation, breaker }) => `${provider} ${operation} ${breaker}`);
  assert.deepEqual(names, ["native charge open", "native query closed"]);
  assertHedgeable("query");
  for (const purpose of ["first_send", "resend", "void"] as const) {
    assert.throws(() => assertHedgeable(purpose), (error: unknown) => isTillproofError(error) && error.code === "governor_hedged_money");
  }
});

test("a question is asked once more when its answer is late, and a send never is", { timeout: GUARD_MS }, async () => {
  const gateway = new Gateway();
  gateway.up = true;
  const methods: string[] = [];
  // The answer to the send is lost, and the first question is never answered.
  const fetch = async (request: Request): Promise<Response> => {
    methods.push(request.method);
    if (methods.length === 1) {
      await gateway.fetch(request);
      return new Response("", { status: 500, headers: { "idempotent-replayed": "true" } });
    }
    return methods.length === 2 ? new Promise(() => undefined) : gateway.fetch(request);
  };
  // Whoever waited for the time-out of the first question would wait for an hour.
  const shop = client(gateway, { fetch, hedge: { queryAfterMs: 20 }, timeoutMs: 3_600_000 });
  assert.equal((await shop.charge(order("order_1"), { waitMs: 3_600_000 })).status, "settled");
  assert.deepEqual(methods, ["POST", "GET", "GET"]);
  shop.close();
  const slow = new Gateway();
  [slow.up, slow.serviceMs] = [true, 60];
  assert.equal((await client(slow, { hedge: { queryAfterMs: 1 } }).charge(order("order_1"))).status, "settled");
  assert.equal(slow.requests, 1);
  const refused = (code: string) => (error: unknown): boolean => isTillproofError(error) && error.code === code;
  assert.throws(() => client(gateway, { hedge: { sendAfterMs: 20 } as object }), refused("governor_hedged_money"));
  assert.throws(() => client(gateway, { hedge: { queryAfterMs: 0 } }), refused("option_invalid"));
});

test("a pass counts once, however often it is ended", () => {
  const governor = createGovernor({ bulkhead: { inFlight: 2 } });
  const [one] = [go(governor), go(governor)];
  one.end({ type: "answered", status: 200 }, NOW);
  one.end({ type: "answered", status: 200 }, NOW);
  assert.equal(governor.state().lanes[0]?.inFlight, 1);
  assert.equal(governor.state().lanes[0]?.answered, 1);
});

test("after a trap the governor begins anew, and those who queued are still there", async () => {
  const governor = createGovernor({ bulkhead: { inFlight: 1 } });
  const before = go(governor);
  const admitted = new Promise<Pass>((resolve) => void governor.queue(LANE, () => NOW, Infinity, resolve));
  assert.equal(governor.state().lanes[0]?.waiting, 1);
  artefact.told(new WebAssembly.RuntimeError("unreachable"));
  assert.equal(governor.state().lanes[0]?.inFlight, 1, "who queued was let through by the new engine");
  const pass = await admitted;
  before.end({ type: "answered", status: 200 }, NOW);
  assert.equal(governor.state().lanes[0]?.inFlight, 1, "a pass of the old engine counts for nothing");
  pass.end({ type: "answered", status: 200 }, NOW);
  assert.equal(governor.state().lanes[0]?.inFlight, 0);
});

test("numbers that cannot work are refused by name", () => {
  const table: [unknown, string, RegExp][] = [
    [{ budgets: {} }, "unknown_option", /budgets/],
    [{ budget: { bursts: 1 } }, "unknown_option", /bursts/],
    [{ budget: { burst: 1.5 } }, "option_invalid", /governor\.budget\.burst/],
    [{ budget: { burst: 0 } }, "governor_setting", /burst of 0: expected 1/],
    [{ budget: { percent: 101 } }, "governor_setting", /percent of 101: expected 0 to 100/],
    [{ breaker: { outcomes: 65 } }, "governor_setting", /outcomes of 65: expected 1 to 64/],
    [{ breaker: { probeBaseMs: 0 } }, "retry_base_zero", /base/],
    [{ breaker: { probeCapMs: 999 } }, "retry_cap_below_base", /999/],
    [{ bulkhead: { inFlight: 0 } }, "governor_setting", /in_flight of 0/],
    [{ bulkhead: true }, "argument_invalid", /governor\.bulkhead/],
    [[], "argument_invalid", /governor/],
  ];
  for (const [options, code, message] of table) {
    const refused = (error: unknown): boolean => {
      assert.ok(isTillproofError(error), JSON.stringify(options));
      assert.equal(error.code, code, JSON.stringify(options));
      assert.match(error.message, message);
      return true;
    };
    assert.throws(() => createGovernor(options as GovernorOptions), refused);
    assert.throws(() => client(new Gateway(), { governor: options as GovernorOptions }), refused);
  }
  for (const part of ["budget", "breaker", "bulkhead"]) createGovernor({ [part]: false });
});
