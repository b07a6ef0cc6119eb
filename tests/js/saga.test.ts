import assert from "node:assert/strict";
import { test } from "node:test";

import { createOutbox, type OutboxMessage } from "../../pkg/src/outbox/index.js";
import { defineSaga, ofOutcome, pending, refused, type Saga, type SagaOptions, type SagaStep, type SagaTransition } from "../../pkg/src/saga/index.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import type { Store } from "../../pkg/src/stores/store.js";

interface Order {
  readonly amount: number;
}

/** What the outside remembers: effects by key, made once each. */
class Outside {
  readonly effects: string[] = [];
  readonly #known = new Map<string, unknown>();

  /** Makes an effect once for a key; what was undone can no longer happen. */
  once(key: string, answer: unknown): unknown {
    if (!this.#known.has(key)) {
      this.effects.push(key);
      this.#known.set(key, answer);
    }
    return this.#known.get(key);
  }
}

/** charge → ledger → notify, of which the first two can be taken back. */
function steps(outside: Outside, ledger: () => unknown = () => ({ entry: 1 })): SagaStep<Order>[] {
  return [
    {
      name: "charge",
      run: ({ key, input }) => outside.once(key, { payment: "pay_1", amount: input.amount }),
      undo: ({ key, result }) => outside.once(key, { refunded: (result as { payment?: string })?.payment }),
    },
    {
      name: "ledger",
      run: ({ key }) => {
        const answer = ledger();
        return typeof answer === "object" && answer !== null && Object.getOwnPropertySymbols(answer).length === 0 ? outside.once(key, answer) : answer;
      },
      undo: ({ key }) => outside.once(key, null),
    },
    { name: "notify", run: ({ key, results }) => outside.once(key, { told: (results["charge"] as { payment: string }).payment }) },
  ];
}

function setting(options: Partial<SagaOptions<Order>> = {}) {
  const clock = { now: 1_790_000_000_000 };
  const errors: unknown[] = [];
  const outside = new Outside();
  const store = options.store ?? memoryStore();
  const order = defineSaga<Order>({
    name: "order",
    store,
    steps: steps(outside),
    now: () => clock.now,
    onError: (error) => void errors.push(error),
    ...options,
  });
  return { clock, errors, outside, store, order };
}

test("every step runs once, in order, and sees what those before it answered", async () => {
  const { order, outside } = setting();
  const outcome = await order.run("42", { amount: 1_000 });
  assert.deepEqual(outcome, {
    status: "completed",
    id: "42",
    results: { charge: { payment: "pay_1", amount: 1_000 }, ledger: { entry: 1 }, notify: { told: "pay_1" } },
  });
  assert.deepEqual(outside.effects, ["step:order:42:charge", "step:order:42:ledger", "step:order:42:notify"]);
  assert.deepEqual(await order.run("42", { amount: 1_000 }), outcome, "the same call is the same saga");
  assert.equal(outside.effects.length, 3);
  assert.deepEqual(await order.find("42"), outcome);
  assert.equal(await order.find("43"), null);
});

test("what was done is taken back in reverse order when a later step is refused", async () => {
  const outside = new Outside();
  const { order } = setting({ steps: steps(outside, () => refused("period_closed")) });
  const outcome = await order.run("42", { amount: 1_000 });
  assert.equal(outcome.status, "compensated");
  assert.equal(outcome.status === "compensated" && outcome.reason, "period_closed");
  assert.deepEqual(outside.effects, ["step:order:42:charge", "undo:order:42:charge"]);
});

test("a step nobody knows the fate of runs again under its key, and is compensated with a doubt when that was enough", async () => {
  const keys: string[] = [];
  let doubt: boolean | undefined;
  const { order, clock, errors } = setting({
    attemptsMax: 3,
    steps: [
      {
        name: "charge",
        run: ({ key }) => {
          keys.push(key);
          throw new Error("time-out");
        },
        undo: ({ doubtful, result, stepKey }) => {
          doubt = doubtful;
          assert.equal(result, undefined);
          assert.equal(stepKey, "step:order:42:charge");
        },
      },
    ],
  });
  await order.run("42", { amount: 1 }, { waitMs: 0 });
  for (let round = 0; round < 5; round += 1) {
    clock.now += 60_000;
    await order.sweep();
  }
  assert.equal((await order.find("42"))?.status, "compensated");
  assert.deepEqual([...new Set(keys)], ["step:order:42:charge"]);
  assert.equal(keys.length, 3);
  assert.equal(doubt, true);
  assert.equal(errors.length, 3);
});

test("a compensation that keeps failing is not skipped: a person is asked, and resume tries again", async () => {
  let broken = true;
  const outside = new Outside();
  const [charge, ledger] = steps(outside, () => refused("no"));
  assert.ok(charge && ledger);
  const undo: SagaStep<Order>["undo"] = ({ key }) => {
    if (broken) throw new Error("the provider is down");
    return outside.once(key, null);
  };
  const { order, clock } = setting({ undoAttemptsMax: 2, steps: [{ ...charge, undo }, ledger] });
  await order.run("42", { amount: 1 }, { waitMs: 0 });
  for (let round = 0; round < 5; round += 1) {
    clock.now += 60_000;
    await order.sweep();
  }
  const review = await order.find("42");
  assert.deepEqual(review, { status: "needs_review", id: "42", results: { charge: { payment: "pay_1", amount: 1 } }, step: "charge", reason: "attempts_exhausted" });
  assert.equal(await order.sweep(), 0, "nothing happens by itself");
  broken = false;
  assert.equal((await order.resume("42")).status, "compensated");
  assert.deepEqual(outside.effects, ["step:order:42:charge", "undo:order:42:charge"]);
});

test("a pending step parks the saga, and it goes on when the outcome is known", async () => {
  let outcome: unknown = ofOutcome({ status: "pending_confirmation", reason: "timeout", nextCheckAt: 1_790_000_100_000 } as never);
  const { order, clock } = setting({ steps: [{ name: "charge", run: () => outcome }] });
  const parked = await order.run("42", { amount: 1 }, { waitMs: 0 });
  assert.deepEqual(parked, {
    status: "pending", id: "42", results: {}, step: "charge", back: false, parked: true, reason: "timeout", nextCheckAt: 1_790_000_100_000,
  });
  clock.now += 1_000;
  assert.equal(await order.sweep(), 0);
  outcome = ofOutcome({ status: "settled", providerReference: "pay_9", amount: 5n, currency: "EUR" } as never);
  assert.deepEqual(await order.resume("42"), {
    status: "completed", id: "42", results: { charge: { providerReference: "pay_9", amount: "5", currency: "EUR" } },
  });
});

test("a payment that failed is a refusal that holds for its key", async () => {
  let doubt = false;
  const answers = [new Error("lost"), ofOutcome({ status: "failed", code: "card_declined" } as never)];
  const { order, clock } = setting({
    steps: [{
      name: "charge",
      run: () => {
        const answer = answers.shift();
        if (answer instanceof Error) throw answer;
        return answer;
      },
      undo: () => void (doubt = true),
    }],
  });
  await order.run("42", { amount: 1 }, { waitMs: 0 });
  clock.now += 60_000;
  await order.sweep();
  assert.deepEqual(await order.find("42"), { status: "compensated", id: "42", results: {}, reason: "card_declined" });
  assert.equal(doubt, false, "nothing happened, so nothing is taken back");
});

test("a cancellation waits for what runs, and then takes everything back", async () => {
  let release: ((answer: unknown) => void) | undefined;
  const outside = new Outside();
  const [charge] = steps(outside);
  assert.ok(charge);
  const { order } = setting({ steps: [charge, { name: "ship", run: () => new Promise((resolve) => (release = resolve)), undo: ({ key }) => outside.once(key, null) }] });
  const running = order.run("42", { amount: 1 });
  while (release === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal((await order.cancel("42", "changed her mind", { waitMs: 1 })).status, "pending");
  release({ parcel: 1 });
  const outcome = await running;
  assert.equal(outcome.status === "compensated" && outcome.reason, "changed her mind");
  assert.deepEqual(outside.effects, ["step:order:42:charge", "undo:order:42:ship", "undo:order:42:charge"]);
  await assert.rejects(setting().order.cancel("42", "why"), { code: "saga_unknown" });
});

test("whatever write a process dies before or after, another one finishes the saga with one effect of each key", async () => {
  for (const ends of ["completed", "compensated"] as const) {
    for (const after of [false, true]) {
      for (let dies = 1; dies < 12; dies += 1) {
        const memory = memoryStore();
        const outside = new Outside();
        const clock = { now: 1_790_000_000_000 };
        const make = (store: Store): Saga<Order> =>
          defineSaga<Order>({
            name: "order",
            store,
            steps: steps(outside, () => (ends === "completed" ? { entry: 1 } : refused("no"))),
            now: () => clock.now,
            onError: () => undefined,
          });
        let commits = 0;
        const dying: Store = {
          ...memory,
          commit: async (writes) => {
            commits += 1;
            if (commits < dies) return memory.commit(writes);
            if (after && commits === dies) await memory.commit(writes);
            throw new Error("SIGKILL");
          },
        };
        await make(dying).run("42", { amount: 1 }).catch(() => undefined);
        clock.now += 60_000;
        await make(memory).run("42", { amount: 1 }, { waitMs: 0 });
        clock.now += 60_000;
        await make(memory).sweep();
        const found = await make(memory).find("42");
        const where = `${ends}, died ${after ? "after" : "at"} write ${dies}`;
        assert.equal(found?.status, ends, where);
        const expected = ends === "completed"
          ? ["step:order:42:charge", "step:order:42:ledger", "step:order:42:notify"]
          // A ledger that may have died before its refusal was stored is taken back too.
          : outside.effects.includes("undo:order:42:ledger")
            ? ["step:order:42:charge", "undo:order:42:ledger", "undo:order:42:charge"]
            : ["step:order:42:charge", "undo:order:42:charge"];
        assert.deepEqual(outside.effects, expected, where);
      }
    }
  }
});

test("fifty calls of one id, in two processes, are one saga", async () => {
  const store = memoryStore();
  const outside = new Outside();
  const make = (): Saga<Order> => setting({ store, steps: steps(outside), now: Date.now }).order;
  const [one, other] = [make(), make()];
  const outcomes = await Promise.all(Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? one : other).run("42", { amount: 1 })));
  assert.deepEqual(new Set(outcomes.map(({ status }) => status)), new Set(["completed"]));
  assert.equal(outside.effects.length, 3);
});

test("the end of a saga is told through the outbox, once, and every change to whoever listens", async () => {
  const store = memoryStore();
  const told: OutboxMessage[] = [];
  const changes: SagaTransition[] = [];
  const outbox = createOutbox({ store, deliver: (message) => void told.push(message) });
  const { order } = setting({ store, outbox, now: Date.now, onTransition: (change) => void changes.push(change) });
  await order.run("42", { amount: 1 });
  await order.run("42", { amount: 1 });
  await outbox.sweep();
  assert.deepEqual(told.map(({ type, payload }) => [type, (payload as { status: string }).status]), [["saga.completed", "completed"]]);
  assert.deepEqual(changes.map(({ entries, state }) => [entries.join(), state]), [
    ["opened", "ready"], ["began", "in_flight"], ["done,began", "in_flight"], ["done,began", "in_flight"], ["done", "completed"],
  ]);
});

test("a step that takes too long is aborted, and its effect counts as unknown", async () => {
  let aborted = false;
  const { order, errors } = setting({
    timeoutMs: 20,
    attemptsMax: 1,
    steps: [{ name: "slow", run: ({ signal }) => new Promise(() => signal.addEventListener("abort", () => (aborted = true))) }],
  });
  await order.run("42", { amount: 1 }, { waitMs: 0 });
  assert.equal(aborted, true);
  assert.equal((errors[0] as { code: string }).code, "saga_step_timeout");
});

test("an effect whose answer cannot be kept is made all the same, and somebody is told", async () => {
  const { order, errors } = setting({ steps: [{ name: "big", run: () => "x".repeat(70_000) }] });
  assert.deepEqual(await order.run("42", { amount: 1 }), { status: "completed", id: "42", results: { big: null } });
  assert.equal((errors[0] as { code: string }).code, "saga_result_lost");
});

test("a saga whose step is no longer defined is not touched, and whoever sweeps is told why", async () => {
  const { store, order, clock } = setting({ steps: [{ name: "old", run: () => pending("bank") }] });
  await order.run("42", { amount: 1 }, { waitMs: 0 });
  const { order: renamed, errors, clock: later } = setting({ store, steps: [{ name: "new", run: () => 1 }] });
  later.now = clock.now + 60_000;
  await renamed.sweep();
  assert.equal((errors[0] as { code: string }).code, "saga_definition_changed");
  assert.equal((await order.find("42"))?.status, "pending");
});

test("a store that fails is told of in words, and the saga goes on afterwards", async () => {
  const memory = memoryStore();
  let down = true;
  const store: Store = {
    ...memory,
    commit: async (writes) => {
      if (down) throw new Error("ECONNREFUSED");
      return memory.commit(writes);
    },
  };
  const { order } = setting({ store });
  await assert.rejects(order.run("42", { amount: 1 }), { code: "store_failed", advice: "wait" });
  down = false;
  assert.equal((await order.run("42", { amount: 1 })).status, "completed");
});

test("what cannot work is refused when it is asked for", async () => {
  const { order } = setting();
  await order.run("42", { amount: 1 });
  const step = { name: "a", run: () => 1 };
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  const cases: [() => unknown, string][] = [
    [() => defineSaga({ name: "a b", store: memoryStore(), steps: [step] }), "saga_definition_invalid"],
    [() => defineSaga({ name: "a", store: memoryStore(), steps: [] }), "saga_definition_invalid"],
    [() => defineSaga({ name: "a", store: memoryStore(), steps: [step, step] }), "saga_definition_invalid"],
    [() => defineSaga({ name: "a", store: memoryStore(), steps: [{ ...step, undoo: () => 1 } as never] }), "unknown_option"],
    [() => defineSaga({ name: "a", store: {} as Store, steps: [step] }), "store_invalid"],
    [() => order.run("42", { amount: 2 }), "saga_mismatch"],
    [() => order.run("", { amount: 2 }), "saga_definition_invalid"],
    [() => order.run("43", circle as never), "saga_input_invalid"],
    [() => order.cancel("42", "late"), "saga_completed"],
    [() => order.resume("44"), "saga_unknown"],
  ];
  for (const [call, code] of cases) await assert.rejects(async () => call(), { code }, code);
});
