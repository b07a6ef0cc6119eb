import assert from "node:assert/strict";
import { test } from "node:test";

import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import type { Batch, Store, Write } from "../../pkg/src/stores/store.js";
import { createInbox, createVerifier, type VerifiedEvent } from "../../pkg/src/webhooks/index.js";
import { signWebhook } from "../../pkg/src/webhooks/sign.js";

const SECRET = "whsec_test_secret";

const verifier = createVerifier({ scheme: "stripe-v1", secrets: SECRET });

/** A delivery of the event with this id, signed now. */
function delivery(id: string, scheme = "stripe-v1"): { body: string; headers: Record<string, string> } {
  const body = JSON.stringify({ id, type: "charge.succeeded" });
  return { body, headers: signWebhook({ scheme, secret: SECRET, body, id }) };
}

/** A handler that counts in the store how often it was applied. */
function counting(store: Store): (event: VerifiedEvent, batch: Batch) => Promise<void> {
  return async (event, batch) => {
    const key = `count/${event.payload === undefined ? "" : event.type}`;
    const found = await store.get(key);
    batch.add({ key, expected: found?.version ?? 0, value: String(Number(found?.value ?? "0") + 1) });
  };
}

const count = async (store: Store): Promise<number> => Number((await store.get("count/charge.succeeded"))?.value ?? "0");

test("an event is applied once, however often and however concurrently it is delivered", async () => {
  const store = memoryStore();
  const inboxes = [1, 2, 3].map(() => createInbox({ store, verifier }));
  const ids = Array.from({ length: 40 }, (_, index) => `evt_${index}`);
  const receipts = await Promise.all(
    ids.flatMap((id) => inboxes.map(async (inbox) => {
      // A busy answer makes the provider try again.
      for (;;) {
        const receipt = await inbox.receive(delivery(id), counting(store));
        if (receipt.status !== "busy") return receipt;
        assert.equal(receipt.httpStatus, 503);
      }
    })),
  );
  assert.equal(await count(store), ids.length);
  assert.equal(receipts.filter(({ status }) => status === "applied").length, ids.length);
  assert.ok(receipts.every(({ httpStatus }) => httpStatus === 200));
});

test("what the handler wrote and the claim are one commit", async () => {
  const store = memoryStore();
  const commits: (readonly Write[])[] = [];
  const watched: Store = { ...store, commit: async (writes) => (commits.push(writes), store.commit(writes)) };
  const inbox = createInbox({ store: watched, verifier, name: "shop", mode: "batch" });
  const receipt = await inbox.receive(delivery("evt_1"), counting(watched));
  assert.deepEqual(receipt, {
    status: "applied",
    httpStatus: 200,
    events: [{ id: "evt_1", type: "charge.succeeded", status: "applied" }],
  });
  assert.deepEqual(commits.map((writes) => writes.map(({ key }) => key)), [
    ["inbox/shop/stripe-v1/evt_1", "count/charge.succeeded"],
  ]);
});

test("a handler that throws leaves nothing behind, and the next attempt starts afresh", async () => {
  const store = memoryStore();
  const inbox = createInbox({ store, verifier });
  const failing = async (): Promise<void> => {
    throw new Error("out of stock");
  };
  await assert.rejects(inbox.receive(delivery("evt_1"), failing), /out of stock/);
  assert.equal((await inbox.receive(delivery("evt_1"), counting(store))).status, "applied");
  assert.equal((await inbox.receive(delivery("evt_1"), counting(store))).status, "duplicate");
  assert.equal(await count(store), 1);
});

test("a crash right after the commit makes the next attempt a duplicate", async () => {
  const store = memoryStore();
  const crashing: Store = {
    ...store,
    commit: async (writes) => {
      await store.commit(writes);
      throw new Error("killed");
    },
  };
  const killed = createInbox({ store: crashing, verifier, mode: "batch" }).receive(delivery("evt_1"), counting(store));
  await assert.rejects(killed, /killed/);
  assert.equal((await createInbox({ store, verifier }).receive(delivery("evt_1"), counting(store))).status, "duplicate");
  assert.equal(await count(store), 1);
});

test("races that are lost again and again end, and say busy", async () => {
  const store = memoryStore();
  const lost: Store = { ...store, commit: async () => false };
  let calls = 0;
  const inbox = createInbox({ store: lost, verifier, mode: "batch" });
  const receipt = await inbox.receive(delivery("evt_1"), () => void (calls += 1));
  assert.equal(receipt.status, "busy");
  assert.equal(receipt.httpStatus, 503);
  assert.equal(calls, 8);
});

test("a forgery reaches no handler, and mistakes of ours ask for another attempt", async () => {
  const store = memoryStore();
  const inbox = createInbox({ store, verifier });
  const never = (): void => assert.fail("the handler must not run");
  const genuine = delivery("evt_1");
  const forged = await inbox.receive({ ...genuine, body: genuine.body.replace("evt_1", "evt_2") }, never);
  assert.ok(forged.status === "rejected" && forged.httpStatus === 400);
  assert.equal(forged.refusal.code, "signature_mismatch");
  const parsed = await inbox.receive({ ...genuine, body: JSON.parse(genuine.body) as string }, never);
  assert.ok(parsed.status === "rejected" && parsed.httpStatus === 500);
  assert.deepEqual(await store.scan("", null, 10), []);
});

test("a replay under a fresh id that nobody signed is a duplicate", async () => {
  const store = memoryStore();
  const github = createVerifier({ scheme: "github-sha256", secrets: SECRET });
  const inbox = createInbox({ store, verifier: github });
  const first = delivery("delivery-1", "github-sha256");
  assert.equal((await inbox.receive(first, counting(store))).status, "applied");
  const replay = { ...first, headers: { ...first.headers, "x-github-delivery": "delivery-2" } };
  assert.equal((await inbox.receive(replay, counting(store))).status, "duplicate");
  // The header with the type is as little signed as the one with the id.
  const other = { ...replay, headers: { ...replay.headers, "x-github-event": "ping" } };
  assert.equal((await inbox.receive(other, counting(store))).status, "duplicate");
});

test("two inboxes in one store are apart, and a name that could mix them up is refused", async () => {
  const store = memoryStore();
  for (const name of ["a", "b"]) {
    const receipt = await createInbox({ store, verifier, name }).receive(delivery("evt_1"), counting(store));
    assert.equal(receipt.status, "applied");
  }
  for (const name of ["", "a/b", "a#b", "x".repeat(65)]) {
    assert.throws(
      () => createInbox({ store, verifier, name }),
      (error) => isTillproofError(error) && error.code === "inbox_name_invalid",
    );
  }
});

test("what a handler gets is typed by the scheme of its verifier", async () => {
  const typed = createVerifier({ scheme: "stripe-v1", secrets: SECRET });
  const inbox = createInbox({ store: memoryStore(), verifier: typed });
  const body = JSON.stringify({ id: "evt_1", type: "charge.succeeded", data: { object: { id: "ch_1", amount: 990 } } });
  const amounts: (number | bigint)[] = [];
  await inbox.receive({ body, headers: signWebhook({ scheme: "stripe-v1", secret: SECRET, body }) }, (event) => {
    // Without the comparison `payload` is unknown, and this line does not compile.
    if (event.type === "charge.succeeded") amounts.push(event.payload.data.object.amount);
  });
  assert.deepEqual(amounts, [990]);
});
