import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";

import { sqliteQueue } from "../../pkg/src/queues/sqlite.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import type { SqliteDatabase } from "../../pkg/src/stores/sqlite.js";
import { createInbox, createVerifier, type Delivery, type VerifiedEvent } from "../../pkg/src/webhooks/full.js";
import { signDelivery, signWebhook } from "../../pkg/src/webhooks/sign.js";
import { createReceiver } from "../../pkg/src/worker/receiver.js";
import { createWorker } from "../../pkg/src/worker/worker.js";

const NOW = 1_770_000_000_000;
const KEY = "00ff";

/** A delivery of Adyen whose first item was changed on the way, to a larger amount. */
function adyen(...references: readonly string[]): Delivery {
  const items = references.map((pspReference, index) => {
    const item = { pspReference, eventCode: "CAPTURE", success: "true", amount: { currency: "EUR", value: index + 1 } };
    const body = JSON.stringify({ live: "false", notificationItems: [{ NotificationRequestItem: item }] });
    const signed = signDelivery({ scheme: "adyen-standard", secret: KEY, body, timestamp: NOW });
    return (JSON.parse(new TextDecoder().decode(signed.body)) as { notificationItems: unknown[] }).notificationItems[0];
  });
  (items[0] as { NotificationRequestItem: { amount: { value: number } } }).NotificationRequestItem.amount.value = 999_999;
  return { body: JSON.stringify({ live: "false", notificationItems: items }), headers: {}, now: NOW };
}

const partial = createVerifier({ scheme: "adyen-standard", secrets: KEY, partial: true });

/** What a handler is told of an item of Adyen. */
const told = ({ id, index, item }: VerifiedEvent): unknown[] => {
  const { pspReference, amount } = item as { pspReference: string; amount: { value: number } };
  return [id, index, pspReference, amount.value];
};
const GENUINE = [
  ["p1:CAPTURE:true", 1, "p1", 2],
  ["p2:CAPTURE:true", 2, "p2", 3],
];

test("each event of a delivery that carries several is told with its own item, whatever stands beside it", () => {
  const result = partial.verify(adyen("p0", "p1", "p2"));
  assert.ok(result.ok);
  assert.deepEqual(result.refusedEvents, [0]);
  assert.deepEqual(result.events.map(told), GENUINE);
  assert.equal(result.events[0]?.payload, result.events[1]?.payload, "the document is parsed once");
  assert.deepEqual((JSON.parse(JSON.stringify(result)) as typeof result).events.map(({ index }) => index), [1, 2]);
});

test("the item is found in the list of every scheme that has one, and is the document elsewhere", () => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const secret = publicKey.export({ type: "spki", format: "der" }).toString("base64");
  const sendgridBody = '[{"sg_event_id":"a","event":"open"},{"sg_event_id":"b","event":"click"}]';
  const gocardlessBody = '\uFEFF{"meta":{},"events":[{"id":"EV1","resource_type":"payments"},{"id":"EV2","resource_type":"payouts"}]}';
  const stripeBody = '{"id":"evt_1","type":"x","events":[1],"created":1}';
  const seconds = String(NOW / 1000);
  const table: [scheme: string, secret: string, body: string, headers: Record<string, string>, expected: unknown[]][] = [
    [
      "sendgrid-ecdsa-sha256",
      secret,
      sendgridBody,
      {
        "x-twilio-email-event-webhook-timestamp": seconds,
        "x-twilio-email-event-webhook-signature": sign("sha256", Buffer.from(seconds + sendgridBody), privateKey).toString("base64"),
      },
      [[0, { sg_event_id: "a", event: "open" }], [1, { sg_event_id: "b", event: "click" }]],
    ],
    [
      "gocardless",
      "s",
      gocardlessBody,
      signWebhook({ scheme: "gocardless", secret: "s", body: gocardlessBody }),
      [[0, { id: "EV1", resource_type: "payments" }], [1, { id: "EV2", resource_type: "payouts" }]],
    ],
    // Genuine, but without a list: it becomes one event.
    ["gocardless", "s", "{}", signWebhook({ scheme: "gocardless", secret: "s", body: "{}" }), [[undefined, {}]]],
    [
      "stripe-v1",
      "whsec_1",
      stripeBody,
      signWebhook({ scheme: "stripe-v1", secret: "whsec_1", body: stripeBody, timestamp: NOW }),
      [[undefined, JSON.parse(stripeBody)]],
    ],
  ];
  for (const [scheme, secrets, body, headers, expected] of table) {
    const result = createVerifier({ scheme, secrets }).verify({ body, headers, now: NOW });
    assert.ok(result.ok, `${scheme}: ${JSON.stringify(result)}`);
    assert.deepEqual(result.events.map(({ index, item }) => [index, item]), expected, scheme);
  }
});

test("a handler of the inbox reads its own item, at once and after it was held back", async () => {
  const orderBy = ({ item }: VerifiedEvent) => ({ object: (item as { pspReference: string }).pspReference, version: 2 });
  for (const ordering of [undefined, { policy: "hold", holdMs: 1_000, orderBy } as const]) {
    const inbox = createInbox({ store: memoryStore(), verifier: partial, ...(ordering === undefined ? {} : { ordering }) });
    const seen: unknown[] = [];
    const handler = (event: VerifiedEvent): void => void seen.push(told(event));
    const receipt = await inbox.receive(adyen("p0", "p1", "p2"), handler);
    assert.ok(receipt.status !== "rejected");
    assert.deepEqual(receipt.refusedEvents, [0]);
    assert.equal(seen.length, ordering === undefined ? 2 : 0);
    await inbox.wake(handler, { now: NOW + 1_000 });
    assert.deepEqual(seen, GENUINE);
  }
});

test("a handler of a worker reads its own item, out of the queue", async () => {
  const require = createRequire(join(process.cwd(), "pkg", "package.json"));
  const { Database } = require("node-sqlite3-wasm") as { Database: new (path: string) => SqliteDatabase & { close(): void } };
  const database = new Database(":memory:");
  const queue = sqliteQueue(database);
  const receipt = await createReceiver({ verifier: partial, queue }).receive(adyen("p0", "p1", "p2"));
  assert.ok(receipt.status === "stored");
  assert.deepEqual(receipt.refusedEvents, [0]);
  const seen: unknown[][] = [];
  const both = new Promise<void>((resolve) => {
    const worker = createWorker({
      queue,
      handler: (event) => {
        seen.push(told(event));
        if (seen.length === 2) void worker.drain().then(() => resolve());
      },
    });
    worker.start();
  });
  await both;
  database.close();
  assert.deepEqual(seen.sort(), GENUINE);
});
