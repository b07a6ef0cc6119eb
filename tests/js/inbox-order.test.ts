import assert from "node:assert/strict";
import { test } from "node:test";

import { memoryStore } from "../../pkg/src/stores/memory.js";
import {
  createInbox,
  createVerifier,
  type Delivery,
  type EventHandler,
  type Inbox,
  type InboxOptions,
  type InboxOrdering,
  type VerifiedEvent,
} from "../../pkg/src/webhooks/index.js";
import { signWebhook } from "../../pkg/src/webhooks/sign.js";

const SECRET = "whsec_test_secret";
const START = 1_770_000_000_000;

interface Shape {
  readonly id: string;
  readonly object?: string;
  readonly created?: number;
  readonly version?: number;
  readonly state?: string;
}

/** A delivery as Stripe sends it, received at `now`. */
function sent({ id, object = "ch_1", created = 0, ...data }: Shape, now = START): Delivery {
  const body = JSON.stringify({ id, type: "charge.updated", created, data: { object: { id: object, ...data } } }, null, 2);
  return { body, headers: signWebhook({ scheme: "stripe-v1", secret: SECRET, body, timestamp: now }), now };
}

const object = (event: VerifiedEvent): { id: string; version: number; state: string } =>
  (event.payload as { data: { object: { id: string; version: number; state: string } } }).data.object;

const byVersion: InboxOrdering["orderBy"] = (event) => ({ object: object(event).id, version: object(event).version });

function shop(ordering: InboxOrdering, options: Partial<InboxOptions> = {}): {
  inbox: Inbox;
  seen: string[];
  handler: EventHandler;
} {
  const verifier = createVerifier({ scheme: "stripe-v1", secrets: SECRET });
  const seen: string[] = [];
  return {
    inbox: createInbox({ store: memoryStore(), verifier, ordering, ...options }),
    seen,
    handler: (event, _batch, { verdict }) => void seen.push(`${event.id} ${verdict}`),
  };
}

test("by the newest: what is older than what was applied is recorded as stale and not handled", async () => {
  const { inbox, seen, handler } = shop({ policy: "newest" });
  // event                                       status
  const table: [Shape, string][] = [
    [{ id: "evt_b", created: 200 }, "applied"],
    [{ id: "evt_a", created: 100 }, "stale"],
    [{ id: "evt_a", created: 100 }, "duplicate"],
    [{ id: "evt_c", created: 200 }, "applied"],
    [{ id: "evt_d", created: 300 }, "applied"],
    [{ id: "evt_e", created: 200 }, "stale"],
    [{ id: "evt_f", created: 100, object: "ch_2" }, "applied"],
  ];
  for (const [shape, expected] of table) {
    const receipt = await inbox.receive(sent(shape), handler);
    assert.deepEqual([receipt.status, receipt.httpStatus], [expected, 200], shape.id);
  }
  // Two within one second are both kept.
  assert.deepEqual(seen, ["evt_b first", "evt_c same", "evt_d newer", "evt_f first"]);
});

test("with the verdict: all are handled, and the handler is told how each stands", async () => {
  const { inbox, seen, handler } = shop({ policy: "verdict" });
  for (const [id, created] of [["evt_b", 200], ["evt_a", 100], ["evt_c", 200], ["evt_d", 300], ["evt_e", 150]] as const) {
    assert.equal((await inbox.receive(sent({ id, created }), handler)).status, "applied");
  }
  assert.deepEqual(seen, ["evt_b first", "evt_a older", "evt_c same", "evt_d newer", "evt_e older"]);
});

test("held back by version: events wait for those before them and are then handled in their order", async () => {
  const { inbox, seen, handler } = shop({ policy: "hold", orderBy: byVersion });
  for (const version of [4, 2, 3]) {
    const receipt = await inbox.receive(sent({ id: `evt_${version}`, version }), handler);
    assert.deepEqual([receipt.status, receipt.httpStatus], ["held", 200]);
    assert.equal((await inbox.receive(sent({ id: `evt_${version}`, version }), handler)).status, "held", "once more");
  }
  assert.deepEqual(seen, []);
  assert.equal((await inbox.receive(sent({ id: "evt_1", version: 1 }), handler)).status, "applied");
  assert.deepEqual(seen, ["evt_1 first", "evt_2 newer", "evt_3 newer", "evt_4 newer"]);
  assert.equal((await inbox.receive(sent({ id: "evt_3", version: 3 }), handler)).status, "duplicate");
  assert.deepEqual(await inbox.wake(handler, { now: START + 60_000 }), [], "nothing is left to be woken for");
});

test("held back for a bounded time: when it is up the rest is handled in its order, and what comes later is stale", async () => {
  const { inbox, seen, handler } = shop({ policy: "hold", orderBy: byVersion, holdMs: 5_000 });
  await inbox.receive(sent({ id: "evt_4", version: 4 }, START), handler);
  // Its own time is not up when that of 4 is, but it stands before it.
  await inbox.receive(sent({ id: "evt_3", version: 3 }, START + 4_000), handler);
  await inbox.receive(sent({ id: "evt_6", version: 6 }, START + 4_000), handler);
  assert.deepEqual(await inbox.wake(handler, { now: START + 4_999 }), []);
  const woken = await inbox.wake(handler, { now: START + 5_100 });
  assert.deepEqual(woken.map(({ id, status }) => `${id} ${status}`), ["evt_3 applied", "evt_4 applied"]);
  assert.deepEqual(seen, ["evt_3 first", "evt_4 newer"]);
  assert.equal((await inbox.receive(sent({ id: "evt_2", version: 2 }, START + 5_200), handler)).status, "stale");
  assert.equal((await inbox.receive(sent({ id: "evt_5", version: 5 }, START + 5_300), handler)).status, "applied");
  assert.deepEqual(seen.slice(2), ["evt_5 newer", "evt_6 newer"]);
});

test("held back by time: every event waits, because nobody knows what is missing, and the order is that of the times", async () => {
  const { inbox, seen, handler } = shop({ policy: "hold", holdMs: 2_000 });
  for (const [id, created] of [["evt_c", 300], ["evt_a", 100], ["evt_b", 200]] as const) {
    assert.equal((await inbox.receive(sent({ id, created }), handler)).status, "held");
  }
  await inbox.wake(handler, { now: START + 2_100 });
  assert.deepEqual(seen, ["evt_a first", "evt_b newer", "evt_c newer"]);
});

test("by state: a lattice of states, where some take the place of each other", async () => {
  const { inbox, seen, handler } = shop({
    policy: "newest",
    states: ["created", "pending", ["paid", "failed"], "refunded"],
    orderBy: (event) => ({ object: object(event).id, state: object(event).state }),
  });
  const table = [["pending", "applied"], ["created", "stale"], ["paid", "applied"], ["failed", "applied"], ["pending", "stale"]];
  for (const [index, [state, expected]] of table.entries()) {
    assert.equal((await inbox.receive(sent({ id: `evt_${index}`, state: state! }), handler)).status, expected, state);
  }
  assert.deepEqual(seen, ["evt_0 first", "evt_2 newer", "evt_3 same"]);
  await assert.rejects(inbox.receive(sent({ id: "evt_x", state: "lost" }), handler), {
    code: "option_invalid",
    message: 'orderBy.state: "lost" is none of ordering.states',
  });
});

test("a held event that fails is due again, and what was held comes out as it was verified", async () => {
  const { inbox, handler } = shop({ policy: "hold", orderBy: byVersion, holdMs: 1_000 });
  const delivery = sent({ id: "evt_ü", version: 9, state: "ä".repeat(20_000) });
  await inbox.receive(delivery, handler);
  await assert.rejects(inbox.wake(() => Promise.reject(new Error("not now")), { now: START + 1_000 }), /not now/);
  let found: VerifiedEvent | undefined;
  const woken = await inbox.wake((event) => void (found = event), { now: START + 2_000 });
  assert.deepEqual(woken.map(({ id, type, status }) => [id, type, status]), [["evt_ü", "charge.updated", "applied"]]);
  assert.equal(new TextDecoder().decode(found!.bytes), delivery.body);
  assert.equal(object(found!).version, 9);
  assert.deepEqual(await inbox.wake(handler, { now: START + 3_000 }), []);
});

test("a held event that fails is not overtaken by those behind it, while other objects go on", async () => {
  const { inbox } = shop({ policy: "hold", orderBy: byVersion, holdMs: 1_000 });
  for (const version of [2, 3]) await inbox.receive(sent({ id: `evt_${version}`, version }), () => undefined);
  await inbox.receive(sent({ id: "evt_other", object: "ch_2", version: 2 }), () => undefined);
  const seen: string[] = [];
  let failures = 1;
  const handler: EventHandler = ({ id }) => {
    if (id === "evt_2" && failures-- > 0) throw new Error("not now");
    seen.push(id);
  };
  await assert.rejects(inbox.wake(handler, { now: START + 1_000 }), /not now/);
  assert.deepEqual(seen, ["evt_other"]);
  const woken = await inbox.wake(handler, { now: START + 2_000 });
  assert.deepEqual(woken.map(({ id, status }) => `${id} ${status}`), ["evt_2 applied", "evt_3 applied"]);
});

test("a held event that somebody else is at is not overtaken by those behind it", async () => {
  const store = memoryStore();
  const options: Partial<InboxOptions> = { store, mode: "lease", patienceMs: 0 };
  const { inbox } = shop({ policy: "hold", orderBy: byVersion, holdMs: 1_000 }, options);
  const { inbox: other } = shop({ policy: "hold", orderBy: byVersion, holdMs: 1_000 }, options);
  for (const version of [2, 3]) await inbox.receive(sent({ id: `evt_${version}`, version }), () => undefined);
  let finish: (() => void) | undefined;
  const seen: string[] = [];
  const slow: EventHandler = async ({ id }) => {
    if (id === "evt_2") await new Promise<void>((resolve) => (finish = resolve));
    seen.push(id);
  };
  const first = inbox.wake(slow, { now: START + 1_000 });
  while (finish === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
  const meanwhile = await other.wake(slow, { now: START + 1_000 });
  assert.deepEqual(meanwhile.map(({ id, status }) => `${id} ${status}`), ["evt_2 busy"]);
  finish();
  await first;
  assert.deepEqual(seen, ["evt_2", "evt_3"]);
});

test("events of one object are never handled at the same time, those of two objects are", { timeout: 300_000 }, async () => {
  const { inbox } = shop({ policy: "verdict" }, { patienceMs: 300_000 });
  let [now, most] = [0, 0];
  const busy = new Set<string>();
  const slow: EventHandler = async (event) => {
    const { id } = object(event);
    assert.ok(!busy.has(id), `two of ${id}`);
    busy.add(id);
    most = Math.max(most, (now += 1));
    // Until those of all four objects have met.
    do await new Promise((resolve) => setTimeout(resolve, 5));
    while (most < 4);
    now -= 1;
    busy.delete(id);
  };
  const receipts = await Promise.all(
    Array.from({ length: 24 }, (_, index) => inbox.receive(sent({ id: `evt_${index}`, object: `ch_${index % 4}` }), slow)),
  );
  assert.ok(receipts.every(({ status }) => status === "applied"));
  assert.equal(most, 4);
});

test("an object's name cannot reach the records of another", async () => {
  const { inbox, seen, handler } = shop({ policy: "hold", orderBy: byVersion, holdMs: 1_000 });
  await inbox.receive(sent({ id: "evt_1", object: "a", version: 5 }), handler);
  await inbox.receive(sent({ id: "evt_2", object: "a/0000000000000000", version: 5 }), handler);
  await inbox.receive(sent({ id: "evt_3", object: "a", version: 1 }), handler);
  assert.deepEqual(seen, ["evt_3 first"]);
  assert.equal((await inbox.wake(handler, { now: START + 1_000 })).length, 2);
});

test("the native gateway's events are ordered by the transitions of their payment", async () => {
  const secret = "whsec_dGlsbHByb29mLXRlc3Qtc2VjcmV0LW9mLTMyLWJ5dGVz";
  const verifier = createVerifier({ scheme: "standard-webhooks-v1", secrets: secret });
  const inbox = createInbox({ store: memoryStore(), verifier, ordering: { policy: "newest" } });
  const event = (id: string, transitions: number): Delivery => {
    const body = JSON.stringify({ id, type: "payment.completed", data: { payment: { id: "pay_1", transitions: Array(transitions).fill({}) } } });
    return { body, headers: signWebhook({ scheme: "standard-webhooks-v1", secret, body, id }) };
  };
  assert.equal((await inbox.receive(event("evt_2", 2), () => undefined)).status, "applied");
  assert.equal((await inbox.receive(event("evt_1", 1), () => undefined)).status, "stale");
});

test("an ordering that nobody can follow is refused with what is missing", () => {
  const make = (ordering: object, scheme = "stripe-v1"): unknown =>
    createInbox({
      store: memoryStore(),
      verifier: createVerifier({ scheme, secrets: SECRET }),
      ordering: ordering as InboxOrdering,
    });
  assert.throws(() => make({ policy: "newest" }, "shopify"), { code: "ordering_unknown", message: /\{ object, version \}/ });
  assert.throws(() => make({ policy: "oldest" }), { code: "option_invalid", message: /newest, hold, verdict/ });
  assert.throws(() => make({ policy: "hold", holdMs: -1 }), { code: "option_invalid" });
  assert.throws(() => make({ policy: "hold", states: ["a", ["a"]] }), { code: "option_invalid", message: /twice/ });
  assert.throws(() => make({ policy: "hold", order: 1 }), { code: "unknown_option" });
});

test("a genuine event that gives no order is handled as it comes, under every policy", async () => {
  const bodies = [
    "null",
    "[]",
    "no JSON at all",
    '{"id":"evt_1","created":5,"data":null}',
    '{"id":"evt_2","created":-5,"data":{"object":{"id":"ch_1"}}}',
    '{"id":"evt_3","created":0.0001,"data":{"object":{"id":"ch_1"}}}',
    '{"id":"evt_4","created":1e300,"data":{"object":{"id":"ch_1"}}}',
    '{"id":"evt_5","created":5,"data":{"object":{"id":""}}}',
    '{"id":"evt_6","created":5,"data":{"object":{"id":"\\ud800"}}}',
    JSON.stringify({ id: "evt_7", created: 5, data: { object: { id: "x".repeat(500) } } }),
  ];
  for (const policy of ["newest", "hold", "verdict"] as const) {
    const { inbox, seen, handler } = shop({ policy });
    for (const body of bodies) {
      const headers = signWebhook({ scheme: "stripe-v1", secret: SECRET, body, timestamp: START });
      assert.equal((await inbox.receive({ body, headers, now: START }, handler)).status, "applied", `${policy}: ${body}`);
    }
    assert.equal(seen.length, bodies.length);
  }
});

test("an object may have any name, also one that no database takes as it stands", async () => {
  const { inbox, seen, handler } = shop({ policy: "newest" });
  const table: [Shape, string][] = [
    [{ id: "evt_b", object: "a\0/%", created: 200 }, "applied"],
    [{ id: "evt_a", object: "a\0/%", created: 100 }, "stale"],
    [{ id: "evt_c", object: "a%00/%", created: 100 }, "applied"],
  ];
  for (const [shape, status] of table) assert.equal((await inbox.receive(sent(shape), handler)).status, status, shape.id);
  assert.deepEqual(seen, ["evt_b first", "evt_c first"]);
});

test("a position without version, time and state is refused with what it needs", async () => {
  const { inbox, handler } = shop({ policy: "newest", orderBy: ((event) => ({ object: object(event).id, version: object(event).version })) as NonNullable<InboxOrdering["orderBy"]> });
  await assert.rejects(inbox.receive(sent({ id: "evt_1" }), handler), {
    code: "option_invalid",
    message: /^orderBy: .* has neither version, time nor state: .* null for an event without an order/,
  });
});
