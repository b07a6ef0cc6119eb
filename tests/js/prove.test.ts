import assert from "node:assert/strict";
import { test } from "node:test";

import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { hostile, HostileFailure, type Belief, type HostileGateway, type HostileOptions, type Integration } from "../../pkg/src/testing/index.js";
import { shrink } from "../../pkg/src/testing/hostile/shrink.js";
import { scriptOf } from "../../pkg/src/testing/hostile/script.js";
import { createVerifier } from "../../pkg/src/webhooks/index.js";

function post(gateway: HostileGateway, order: string, more: object = {}): Promise<Response> {
  const body = JSON.stringify({ merchantId: "shop", amount: 1_000, currency: "EUR", reference: order, ...more });
  return gateway.fetch("http://gateway/api/payments", { method: "POST", headers: { "idempotency-key": order }, body });
}

/** Sends until something other than a broken connection or a refusal for the moment comes back. */
async function pay(gateway: HostileGateway, order: string, more?: object): Promise<number> {
  for (;;) {
    const status = await post(gateway, order, more).then((response) => response.status, () => 0);
    if (status === 201 || status === 500) return 1_000;
    await pause(1_000);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The failure of an integration that fails. */
async function failureOf(integration: Integration, options: HostileOptions): Promise<HostileFailure> {
  const error = await hostile(integration, options).then(() => null, (reason: unknown) => reason);
  assert.ok(error instanceof HostileFailure && isTillproofError(error), String(error));
  return error;
}

/** What the shop believes of an order that was paid, and the invariants that break by it. */
const LIES: [belief: Belief[], broken: string[]][] = [
  [[{ order: "a", paid: 1_000n, currency: "eur" }], []],
  [[], ["nothing_lost", "books_agree"]],
  [[{ order: "a", paid: 0 }], ["nothing_lost", "books_agree"]],
  [[{ order: "a", paid: "999", currency: "EUR" }], ["amounts_agree", "books_agree"]],
  [[{ order: "a", paid: 1_000, currency: "USD" }], ["amounts_agree", "books_agree", "books_agree"]],
  [[{ order: "a", paid: 1_000, refunded: 1, currency: "EUR" }], ["amounts_agree", "books_agree"]],
  [[{ order: "a", paid: 1_000, held: 5, currency: "EUR" }], ["amounts_agree"]],
  [[{ order: "a", paid: null }], ["decided", "books_agree"]],
  [[{ order: "a", paid: 1_000, currency: "EUR" }, { order: "b", paid: 7, currency: "EUR" }], ["nothing_imagined", "books_agree"]],
];

for (const [beliefs, broken] of LIES) {
  const shown = JSON.stringify(beliefs, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
  test(`a shop that believes ${shown} breaks ${broken.join(", ") || "nothing"}`, async () => {
    const shop = async (gateway: HostileGateway): Promise<Belief[]> => {
      await pay(gateway, "a");
      return beliefs;
    };
    if (broken.length === 0) await hostile(shop, { seeds: 1, faults: "none" });
    else {
      const { violations, message } = await failureOf(shop, { seeds: 1, faults: "none" });
      assert.deepEqual(violations.map(({ invariant }) => invariant), broken, message);
      assert.match(message, /no fault was needed/);
    }
  });
}

test("an order that is paid twice is charged twice, also when the shop knows it", async () => {
  const shop = async (gateway: HostileGateway): Promise<Belief[]> => {
    for (const key of ["one", "two"]) await pay(gateway, key, { reference: "order" });
    return [{ order: "order", paid: 2_000, currency: "EUR" }];
  };
  const { violations } = await failureOf(shop, { seeds: 1, faults: "none" });
  assert.deepEqual(violations.map(({ invariant }) => invariant), ["charged_once"]);
  await hostile(shop, { seeds: 1, faults: "none", invariants: ["nothing_lost", "books_agree"] });
});

test("a payment without a name is lost, and orderOf can find one", async () => {
  const shop = async (gateway: HostileGateway): Promise<Belief[]> => {
    await pay(gateway, "a", { reference: undefined, metadata: { basket: "a" } });
    return [{ order: "a", paid: 1_000, currency: "EUR" }];
  };
  const { violations } = await failureOf(shop, { seeds: 1, faults: "none" });
  assert.deepEqual(violations.map(({ invariant }) => invariant), ["nothing_lost", "nothing_imagined"]);
  const orderOf: HostileOptions["orderOf"] = ({ metadata }) => (metadata as { basket: string }).basket;
  await hostile(shop, { seeds: 1, faults: "none", orderOf });
});

test("money that is held is told from money that was taken", async () => {
  const shop = async (gateway: HostileGateway): Promise<Belief[]> => {
    await pay(gateway, "a", { capture: false });
    return [{ order: "a", paid: 0, held: 1_000, currency: "EUR" }];
  };
  await hostile(shop, { seeds: 1, faults: "none" });
});

test("an integration that throws or never ends is a failure of its own", async () => {
  const thrown = await failureOf(() => Promise.reject(new TypeError("no such basket")), { seeds: 1 });
  assert.deepEqual([thrown.violations[0]?.invariant, thrown.cause instanceof TypeError], ["threw", true]);
  assert.match(thrown.message, /threw TypeError: no such basket/);
  const waiting = await failureOf(() => new Promise(() => undefined), { seeds: 1, idleMs: 10 });
  assert.equal(waiting.violations[0]?.invariant, "stuck");
  const endless = async (): Promise<void> => {
    for (;;) await pause(3_600_000);
  };
  assert.equal((await failureOf(endless, { seeds: 1 })).violations[0]?.invariant, "stuck");
});

test("what does not come back when it is repeated is called chance, not a story", async () => {
  let runs = 0;
  const shop = async (gateway: HostileGateway): Promise<Belief[]> => {
    await pay(gateway, "a");
    runs += 1;
    return runs === 1 ? [] : [{ order: "a", paid: 1_000, currency: "EUR" }];
  };
  const { violations } = await failureOf(shop, { seeds: 1, faults: "none" });
  assert.deepEqual(violations.map(({ invariant }) => invariant), ["repeatable"]);
});

test("the story that is printed can be replayed from what it prints", async () => {
  const shop = async (gateway: HostileGateway): Promise<Belief[]> => {
    for (let attempt = 0; attempt < 9; attempt += 1) {
      const sent = post(gateway, `key-${attempt}`, { reference: "order" });
      const status = await sent.then((response) => response.status, () => 0);
      if (status === 201) return [{ order: "order", paid: 1_000, currency: "EUR" }];
    }
    return [{ order: "order", paid: 0 }];
  };
  const failure = await failureOf(shop, { seeds: 100 });
  assert.equal(failure.violations[0]?.invariant, "charged_once");
  const again = await failureOf(shop, { seeds: [failure.seed], faults: failure.faults });
  assert.equal(again.message.split("\n\n")[1], failure.message.split("\n\n")[1]);
  assert.deepEqual(again.faults, failure.faults);
});

test("webhooks arrive while the shop waits, signed, doubled and late, and forged ones do not verify", async () => {
  const report = await hostile(
    async (gateway) => {
      const paid = new Set<string>();
      const { secret, scheme } = await gateway.webhooks(async (request) => {
        const verifier = createVerifier({ scheme, secrets: secret });
        const verified = verifier.verify({ body: await request.text(), headers: request.headers, now: gateway.now() });
        if (!verified.ok) return new Response(null, { status: 400 });
        const [event] = verified.events;
        const { payment } = (event?.payload as { data: { payment: { reference: string; state: string } } }).data;
        if (payment.state === "completed") paid.add(payment.reference);
        await pause(100);
        return new Response(null, { status: 204 });
      });
      for (const order of ["a", "b", "c"]) await pay(gateway, order);
      return () => ["a", "b", "c"].map((order) => ({ order, paid: paid.has(order) ? 1_000 : 0, currency: "EUR" }));
    },
    { seeds: 60 },
  );
  for (const fault of ["webhook_duplicate", "webhook_reorder", "webhook_lost", "webhook_forged"] as const) {
    assert.ok((report.faults[fault] ?? 0) > 0, `${fault} never struck`);
  }
  assert.ok(report.webhooks > 60 * 9, `${report.webhooks} webhooks`);
});

test("timers, dates, chance and time limits of a run are virtual, and are given back", { timeout: 600_000 }, async () => {
  const before = [setTimeout, setInterval, clearTimeout, Date, Math.random, AbortSignal.timeout];
  const seen: unknown[] = [];
  await hostile(
    async (gateway) => {
      const start = Date.now();
      // A day, which nobody who had to wait for it would see the end of.
      seen.push(new Date().toISOString(), Math.random(), new Date(0).getTime(), new Date() instanceof Date);
      await pause(86_400_000);
      let ticks = 0;
      const interval = setInterval(() => (ticks += 1), 1_000);
      await pause(10_500);
      clearInterval(interval);
      const cleared = setTimeout(() => seen.push("never"), 1);
      clearTimeout(cleared);
      const limit = AbortSignal.timeout(2_000);
      await gateway.advance(3_000);
      seen.push(ticks, Date.now() - start, gateway.now() - start, (limit.reason as Error).name);
      await pay(gateway, "a");
      return [{ order: "a", paid: 1_000, currency: "EUR" }];
    },
    { seeds: [1, 1], faults: { slow: { nth: [1], delayMs: [2_000, 2_000] } } },
  );
  const half = seen.length / 2;
  assert.deepEqual(seen.slice(0, half), seen.slice(half));
  assert.deepEqual([seen[0], ...seen.slice(2, half)], ["2026-01-01T00:00:00.000Z", 0, true, 10, 86_413_500, 86_413_500, "TimeoutError"]);
  assert.deepEqual([setTimeout, setInterval, clearTimeout, Date, Math.random, AbortSignal.timeout], before);
});

test("time waits for a body that is read in another thread, but not for one that waits for time", async () => {
  const before = [Response.prototype.text, Request.prototype.arrayBuffer, ReadableStreamDefaultReader.prototype.read];
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  const bodyAfter = (wait: () => Promise<void>): Response => {
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
      await wait();
      controller.enqueue(new TextEncoder().encode("body"));
      controller.close();
    };
    return new Response(new ReadableStream({ pull }));
  };
  const seen: string[] = [];
  await hostile(
    async (gateway) => {
      const timer = pause(1).then(() => seen.push("timer"));
      seen.push(await bodyAfter(turns).text());
      await timer;
      seen.push(await bodyAfter(() => pause(1)).text());
      await pay(gateway, "a");
      return [{ order: "a", paid: 1_000, currency: "EUR" }];
    },
    { seeds: 1, faults: "none" },
  );
  assert.deepEqual(seen, ["body", "timer", "body"]);
  assert.deepEqual([Response.prototype.text, Request.prototype.arrayBuffer, ReadableStreamDefaultReader.prototype.read], before);
});

test("with the timers of the host only the gateway's own time is virtual", async () => {
  await hostile(
    async (gateway) => {
      const start = [gateway.now(), Date.now()] as const;
      await gateway.advance(3_600_000);
      assert.ok(gateway.now() - start[0] === 3_600_000 && Date.now() - start[1] < 3_500_000);
      await post(gateway, "a");
      return [{ order: "a", paid: 1_000, currency: "EUR" }];
    },
    { seeds: 1, faults: { slow: { nth: [1] } }, timers: "host" },
  );
});

test("an invariant of the merchant's own sees both sides", async () => {
  const check = ({ payments, beliefs }: { payments: readonly { order: string | null }[]; beliefs: ReadonlyMap<string, unknown> }): string =>
    `${payments.map(({ order }) => order).join()} ${[...beliefs.keys()].join()}`;
  const shop = async (gateway: HostileGateway): Promise<void> => {
    await pay(gateway, "a");
    gateway.believe({ order: "z", paid: 0 });
  };
  const { violations } = await failureOf(shop, { seeds: 1, faults: "none", invariants: [{ name: "mine", check }] });
  assert.deepEqual(violations, [{ invariant: "mine", message: "a z" }]);
});

test("what cannot be meant is refused with a code", async () => {
  const fine: Integration = async (gateway) => {
    await pay(gateway, "a");
    return [{ order: "a", paid: 1_000, currency: "EUR" }];
  };
  const table: [() => Promise<unknown>, string][] = [
    [() => hostile("fine" as never), "argument_invalid"],
    [() => hostile(fine, { seed: 1 } as never), "unknown_option"],
    [() => hostile(fine, { seeds: 0 }), "option_invalid"],
    [() => hostile(fine, { seeds: [1.5] }), "option_invalid"],
    [() => hostile(fine, { faults: "furious" as never }), "fault_preset_unknown"],
    [() => hostile(fine, { invariants: ["charged_ones" as never] }), "argument_invalid"],
    [() => hostile(fine, { timers: "real" as never }), "argument_invalid"],
    [() => hostile(() => undefined, { seeds: 1 }), "hostile_hollow"],
    [() => hostile(() => hostile(fine, { seeds: 1 }) as never, { seeds: 1 }).catch((error: HostileFailure) => Promise.reject(error.cause)), "hostile_nested"],
  ];
  for (const [call, code] of table) {
    await assert.rejects(call, (error) => isTillproofError(error) && error.code === code, code);
  }
  for (const belief of [{ order: "a", paid: 1 }, { order: "a", paid: -1 }, { order: "a", paid: 1.5 }, { order: "a", paid: 0, held: 2 }]) {
    const { message } = await failureOf(async () => [belief], { seeds: 1 });
    assert.match(message, /the integration threw TillproofError: belief\.(paid|currency): /);
  }
  const late = async (gateway: HostileGateway): Promise<void> => {
    await pay(gateway, "a");
    await gateway.webhooks(() => new Response());
  };
  assert.match((await failureOf(late, { seeds: 1, faults: "none" })).message, /webhooks\(\) was called after 1 requests/);
});

test("delta debugging leaves exactly the parts that are needed together", async () => {
  const table: [length: number, needed: number[]][] = [
    [1, []],
    [1, [0]],
    [8, [3]],
    [50, [7, 31]],
    [64, [0, 20, 40, 63]],
    [200, [199]],
  ];
  for (const [length, needed] of table) {
    const parts = Array.from({ length }, (_, number) => number);
    const fails = async (left: readonly number[]): Promise<boolean> => needed.every((number) => left.includes(number));
    assert.deepEqual((await shrink(parts, fails, 1_000)).parts, needed, `${length}`);
  }
  const { runs } = await shrink(Array.from({ length: 1_000 }, (_, number) => number), async (left) => left.length > 900, 20);
  assert.ok(runs <= 20);
});

test("a script meets its rates, and neither another fault nor a named call moves its dice", () => {
  const plan = { slow: { probability: "0.1" }, request_lost: { probability: "0.04" } };
  const counts = new Map<string, number>();
  for (let seed = 0; seed < 500; seed += 1) {
    for (const { fault } of scriptOf(plan, seed).strikes) counts.set(fault, (counts.get(fault) ?? 0) + 1);
  }
  assert.ok(Math.abs((counts.get("slow") ?? 0) - 10_000) < 400, String(counts.get("slow")));
  assert.ok(Math.abs((counts.get("request_lost") ?? 0) - 4_000) < 300, String(counts.get("request_lost")));
  const alone = scriptOf({ slow: { probability: "0.1" } }, 7).strikes;
  const beside = scriptOf({ slow: { probability: "0.1" }, request_lost: { nth: [3] } }, 7).strikes;
  assert.deepEqual(beside.filter(({ fault }) => fault === "slow"), alone);
  assert.deepEqual(beside.filter(({ fault }) => fault === "request_lost"), [{ fault: "request_lost", call: 3 }]);
});
