import assert from "node:assert/strict";
import { test } from "node:test";

import { createOutbox, type NewMessage, type OutboxMessage, type OutboxOptions } from "../../pkg/src/outbox/index.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import { Batch, type Store, type Write } from "../../pkg/src/stores/store.js";

/** An outbox on a clock of its own, which keeps what it delivered. */
function setting(options: Partial<OutboxOptions> = {}, store: Store = memoryStore()) {
  const clock = { now: 1_790_000_000_000 };
  const delivered: OutboxMessage[] = [];
  const errors: unknown[] = [];
  const outbox = createOutbox({
    store,
    deliver: (message) => void delivered.push(message),
    now: () => clock.now,
    onError: (error) => void errors.push(error),
    ...options,
  });
  return { store, clock, delivered, errors, outbox };
}

const note = (stream: string, position: number, payload: unknown = { position }): NewMessage => ({
  type: "payment.settled",
  stream,
  position,
  payload,
});

test("a message is delivered once, with its id, and is over", async () => {
  const { outbox, delivered } = setting();
  const [written] = await outbox.add(note("order_1", 3, { amount: 1_250n, currency: "EUR" }));
  assert.ok(written);
  assert.match(written.id, /^[0-9a-f]{32}-0000000000000003$/);
  assert.equal(await outbox.sweep(), 1);
  assert.equal(await outbox.sweep(), 0);
  assert.deepEqual(delivered, [written]);
  assert.deepEqual(written.payload, { amount: "1250", currency: "EUR" });
  assert.equal((await outbox.find(written.id))?.state, "delivered");
});

test("the same stream and position is the same message, whoever writes it and in whatever company", async () => {
  const { store, clock, outbox, delivered } = setting();
  const other = createOutbox({ store, now: () => clock.now });
  const [first] = await outbox.add(note("order_1", 1));
  const [again, second] = await other.add([note("order_1", 1), note("order_1", 2)]);
  assert.equal(first?.id, again?.id);
  await outbox.sweep();
  assert.deepEqual(delivered.map(({ id }) => id), [first?.id, second?.id]);
});

test("what is distinct at one place is two messages, and the same is one", async () => {
  const { outbox, delivered } = setting();
  for (const distinct of ["a", "b", "a"]) await outbox.add({ ...note("s", 1, distinct), distinct });
  await outbox.sweep();
  assert.deepEqual(delivered.map(({ payload }) => payload).sort(), ["a", "b"]);
});

test("messages without a position are new ones each time, in the order in which they were written", async () => {
  const { outbox, delivered } = setting();
  for (const payload of ["a", "b", "c"]) await outbox.add({ type: "note", stream: "s", payload });
  await outbox.sweep();
  assert.deepEqual(delivered.map(({ payload }) => payload), ["a", "b", "c"]);
});

test("a message behind one that fails waits for it, and goes in the turn in which that one succeeds", async () => {
  const delivered: number[] = [];
  let broken = true;
  const { outbox, clock, errors } = setting({
    deliver: ({ position }) => {
      if (position === 1 && broken) throw new Error("the warehouse is closed");
      delivered.push(position);
    },
  });
  await outbox.add([note("order_1", 1), note("order_1", 2), note("order_2", 7)]);
  await outbox.sweep();
  assert.deepEqual(delivered, [7], "another stream does not wait");
  clock.now += 400;
  assert.equal(await outbox.sweep(), 0, "nothing is due: the second sleeps for as long as the first");
  assert.equal(errors.length, 1);
  broken = false;
  clock.now += 2_000;
  await outbox.sweep();
  assert.deepEqual(delivered, [7, 1, 2]);
});

test("a message that keeps failing is quarantined, those behind it wait, and a person lets them go", async () => {
  for (const way of ["retry", "drop"] as const) {
    let broken = true;
    const attempts: number[] = [];
    const delivered: number[] = [];
    const { outbox, clock } = setting({
      attemptsMax: 3,
      deliver: ({ position }, { attempt }) => {
        attempts.push(attempt);
        if (position === 1 && broken) throw new Error("no such product");
        delivered.push(position);
      },
    });
    await outbox.add([note("order_1", 1), note("order_1", 2)]);
    for (let round = 0; round < 10; round += 1) {
      await outbox.sweep();
      clock.now += 3_600_000;
    }
    assert.deepEqual(attempts, [1, 2, 3]);
    const [first] = await outbox.list({ state: "quarantined" });
    assert.ok(first);
    assert.match(first.error ?? "", /no such product/);
    assert.equal(first.nextAt, null);
    assert.equal((await outbox.figures()).quarantined, 1);

    broken = false;
    assert.equal(await outbox[way](first.id), true);
    assert.equal(await outbox[way](first.id), false, "once is enough");
    await outbox.sweep();
    clock.now += 3_600_000;
    await outbox.sweep();
    assert.deepEqual(delivered, way === "retry" ? [1, 2] : [2]);
  }
});

test("where messages may pass, one that is quarantined keeps nobody waiting, and may still be retried", async () => {
  let broken = true;
  const delivered: number[] = [];
  const { outbox } = setting({
    attemptsMax: 1,
    behindQuarantined: "pass",
    deliver: ({ position }) => {
      if (position === 1 && broken) throw new Error("no");
      delivered.push(position);
    },
  });
  await outbox.add([note("s", 1), note("s", 2)]);
  await outbox.sweep();
  assert.deepEqual(delivered, [2]);
  broken = false;
  const [aside] = await outbox.list({ state: "quarantined" });
  await outbox.retry(aside?.id ?? "");
  await outbox.sweep();
  assert.deepEqual(delivered, [2, 1]);
});

test("a message written late, before one that is over, is delivered all the same", async () => {
  const { outbox, delivered } = setting();
  await outbox.add(note("s", 5));
  await outbox.sweep();
  await outbox.add(note("s", 4));
  await outbox.sweep();
  assert.deepEqual(delivered.map(({ position }) => position), [5, 4]);
});

test("what a process took and never reported is another's after the lease, and the late report is refused", async () => {
  const store = memoryStore();
  const clock = { now: 1_790_000_000_000 };
  const seen: string[] = [];
  let release: (() => void) | undefined;
  const frozen = createOutbox({
    store,
    now: () => clock.now,
    onError: () => undefined,
    deliver: (message, { fence }) => {
      seen.push(`frozen ${message.id} ${fence}`);
      return new Promise<void>((resolve) => (release = resolve));
    },
  });
  const alive = createOutbox({ store, now: () => clock.now, deliver: (message, { fence }) => void seen.push(`alive ${message.id} ${fence}`) });
  const [message] = await frozen.add(note("s", 1));
  const sweeping = frozen.sweep();
  while (release === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal(await alive.sweep(), 0, "the lease runs");
  clock.now += 15_001;
  assert.equal(await alive.sweep(), 1);
  release();
  await sweeping;
  assert.deepEqual(seen, [`frozen ${message?.id} 2`, `alive ${message?.id} 3`]);
  assert.equal((await frozen.figures()).process.lost, 1);
  assert.equal((await alive.find(message?.id ?? ""))?.attempts, 2);
});

test("a message whose processes die each time is put aside and not tried for ever", async () => {
  const { store, outbox, clock } = setting({ attemptsMax: 2, deliver: () => assert.fail("nobody may be killed a third time") });
  const [message] = await outbox.add(note("s", 1));
  const key = `outbox/default/${message?.id.replace("-", "/")}`;
  const record = await store.get(key);
  const value = JSON.stringify({ ...(JSON.parse(record?.value ?? "") as object), state: "taken", attempts: 2 });
  await store.commit([{ key, expected: 1, value, wakeAt: clock.now }]);
  await outbox.sweep();
  const [aside] = await outbox.list({ state: "quarantined" });
  assert.match(aside?.error ?? "", /2 attempts were begun and the last one never reported back/);
});

test("two outboxes on one store share the work and keep each stream in order", async () => {
  const store = memoryStore();
  const order = new Map<string, number[]>();
  let together = 0;
  const busy = new Set<string>();
  const make = () => createOutbox({
    store,
    deliver: async ({ stream, position }) => {
      assert.ok(!busy.has(stream), `two deliveries of ${stream} at a time`);
      busy.add(stream);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 2));
      busy.delete(stream);
      order.set(stream, [...(order.get(stream) ?? []), position]);
      together += 1;
    },
  });
  const outboxes = [make(), make(), make()];
  const [writer] = outboxes;
  for (let stream = 0; stream < 20; stream += 1) {
    for (let position = 0; position < 10; position += 1) await writer?.add(note(`s${stream}`, position));
  }
  const end = new AbortController();
  const runs = outboxes.map((outbox) => outbox.run({ signal: end.signal }));
  for (const deadline = Date.now() + 300_000; together < 200 && Date.now() < deadline; ) await new Promise((resolve) => setTimeout(resolve, 5));
  end.abort();
  await Promise.all(runs);
  assert.equal(together, 200, "each message once, since nobody died");
  for (const positions of order.values()) assert.deepEqual(positions, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("an attempt that takes too long is over, and its signal says so", async () => {
  let aborted = false;
  const { outbox, errors } = setting({
    timeoutMs: 20,
    deliver: (_, { signal }) => new Promise(() => signal.addEventListener("abort", () => (aborted = true))),
  });
  await outbox.add(note("s", 1));
  await outbox.sweep();
  assert.equal(aborted, true);
  assert.equal((errors[0] as { code: string }).code, "outbox_delivery_timeout");
});

test("a message becomes true together with the batch or the transaction it was written into, or not at all", async () => {
  const { store, outbox, delivered } = setting();
  await store.commit([{ key: "order", expected: 0, value: "{}" }]);
  const lost = new Batch();
  lost.add({ key: "order", expected: 0, value: "{}" });
  await outbox.add(note("s", 1), { into: lost });
  assert.equal(await lost.commit(store), false);
  await outbox.sweep();
  assert.equal(delivered.length, 0);
  const won = new Batch();
  won.add({ key: "order", expected: 1, value: "{}" });
  await outbox.add(note("s", 1), { into: won });
  assert.equal(await won.commit(store), true);
  await outbox.sweep();
  assert.equal(delivered.length, 1);
  await assert.rejects(outbox.add(note("s", 1), { into: { commit: (writes: readonly Write[]) => store.commit(writes) } }), { code: "outbox_conflict" });
});

test("what is over is dropped after its time, and what is not stays for ever", async () => {
  const { store, outbox, clock } = setting({ keepMs: 1_000 });
  const [over] = await outbox.add(note("s", 1));
  await outbox.sweep();
  const [open] = await createOutbox({ store, now: () => clock.now }).add(note("s", 2));
  assert.equal(await outbox.purge(), 0);
  clock.now += 1_001;
  assert.equal(await outbox.purge(), 1);
  assert.equal(await outbox.find(over?.id ?? ""), null);
  assert.equal((await outbox.find(open?.id ?? ""))?.state, "ready");
  await outbox.sweep();
  assert.equal((await outbox.find(open?.id ?? ""))?.state, "delivered");
});

test("a record somebody damaged is told of, and keeps no other stream waiting", async () => {
  const { store, outbox, delivered, errors, clock } = setting();
  const [first] = await outbox.add([note("s", 1), note("t", 1)]);
  const key = `outbox/default/${first?.id.replace("-", "/")}`;
  await store.commit([{ key, expected: 1, value: "{", wakeAt: clock.now }]);
  await outbox.sweep();
  assert.equal(delivered.length, 1);
  assert.equal((errors[0] as { code: string }).code, "outbox_record_unreadable");
  assert.equal(await outbox.sweep(), 0, "it is left alone for a while");
});

test("a long stream is not read from its beginning for each message", async () => {
  const store = memoryStore();
  let read = 0;
  const counting: Store = {
    ...store,
    scan: async (prefix, after, limit) => {
      const page = await store.scan(prefix, after, limit);
      read += page.length;
      return page;
    },
  };
  const { outbox, delivered } = setting({}, counting);
  for (let position = 0; position < 500; position += 1) {
    await outbox.add(note("s", position));
    await outbox.sweep();
  }
  assert.equal(delivered.length, 500);
  assert.ok(read < 2_500, `${read} records were read`);
});

test("what cannot work is refused when it is asked for", async () => {
  const { outbox } = setting();
  const cases: [() => unknown, string][] = [
    [() => createOutbox({ store: {} as Store }), "store_invalid"],
    [() => createOutbox({ store: memoryStore(), name: "a/b" }), "outbox_name_invalid"],
    [() => createOutbox({ store: memoryStore(), behindQuarantined: "jump" as "pass" }), "option_invalid"],
    [() => createOutbox({ store: memoryStore(), deliverr: () => 1 } as unknown as OutboxOptions), "unknown_option"],
    [() => createOutbox({ store: memoryStore() }).sweep(), "outbox_has_no_delivery"],
    [() => outbox.add({ type: "", stream: "s", payload: null }), "outbox_name_invalid"],
    [() => outbox.add({ type: "t", stream: "s", payload: undefined }), "outbox_payload_invalid"],
    [() => outbox.add({ type: "t", stream: "s", payload: "x".repeat(300_000) }), "outbox_payload_invalid"],
    [() => outbox.add({ type: "t", stream: "s", payload: 1, position: -1 }), "option_invalid"],
    [() => outbox.retry("order_1"), "outbox_id_invalid"],
    [() => outbox.list({ state: "lost" as "ready" }), "option_invalid"],
  ];
  for (const [call, code] of cases) await assert.rejects(async () => call(), { code }, code);
});
