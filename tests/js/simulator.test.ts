import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { reconcile } from "../../pkg/src/reconcile/index.js";
import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { encode } from "../../pkg/src/shell/wire.js";
import { createGateway, type FaultPlan, type Gateway, type GatewayOptions } from "../../pkg/src/simulator/index.js";
import { createVerifier } from "../../pkg/src/webhooks/index.js";

const ORIGIN = "http://gateway.test";

const code = (expected: string) => (error: unknown): boolean => isTillproofError(error) && error.code === expected;

function post(gateway: Gateway, path: string, body: unknown, key?: string): Promise<Response> {
  const headers: Record<string, string> = key === undefined ? {} : { "idempotency-key": key };
  return gateway.fetch(`${ORIGIN}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
}

async function json(response: Response | Promise<Response>): Promise<Record<string, unknown>> {
  return (await (await response).json()) as Record<string, unknown>;
}

function pay(gateway: Gateway, reference: string, key = reference): Promise<Response> {
  return post(gateway, "/api/payments", { merchantId: "shop", amount: 1_000, currency: "EUR", reference }, key);
}

test("a payment is made, its webhooks verify, and everything stands in the settlement report", async () => {
  const received: Request[] = [];
  const gateway = createGateway({
    seed: 7,
    deliver: (request) => {
      received.push(request);
      return Promise.resolve(new Response("thanks"));
    },
  });
  const endpoint = await json(post(gateway, "/api/webhook_endpoints", { url: "http://shop.test/hook" }));
  const payment = await json(pay(gateway, "order_1"));
  assert.equal(payment["state"], "completed");
  assert.equal(received.length, 0);
  await gateway.advance(0);
  const verifier = createVerifier({ scheme: "standard-webhooks-v1", secrets: String(endpoint["secret"]) });
  const types: string[] = [];
  for (const request of received) {
    const result = verifier.verify({ body: await request.text(), headers: request.headers, now: gateway.now() });
    assert.ok(result.ok, JSON.stringify(result));
    types.push(String(result.events[0]?.type));
  }
  assert.deepEqual(types, ["payment.pending", "payment.processing", "payment.completed"]);
  const [, row] = gateway.settlementReport().split("\n");
  assert.equal(row, `order_1,${String(payment["id"])},charge,1000,EUR,59,941,settled,2026-01-01T00:00:00Z,,`);
  await gateway.close();
});

test("a lost answer rejects as fetch does, and the same key brings the answer", async () => {
  const gateway = createGateway({ seed: 7, faults: { response_lost: { nth: [1] }, request_lost: { nth: [3] } } });
  const broken = (error: unknown): boolean =>
    error instanceof TypeError && error.message === "fetch failed" && (error.cause as { code?: string }).code === "ECONNRESET";
  await assert.rejects(pay(gateway, "order_1"), broken);
  const again = await pay(gateway, "order_1");
  assert.deepEqual([again.status, again.headers.get("idempotent-replayed")], [201, "true"]);
  await assert.rejects(pay(gateway, "order_2"), broken);
  assert.equal((await pay(gateway, "order_2")).headers.get("idempotent-replayed"), null);
  const truth = gateway.groundTruth();
  assert.deepEqual(truth.map(({ fault, reference }) => [fault, reference]), [
    ["response_lost", "order_1"],
    ["request_lost", "order_2"],
  ]);
  assert.deepEqual(await json(gateway.fetch(`${ORIGIN}/_tillproof/ground-truth`)), truth);
  await gateway.close();
});

test("an answer that is cut off and one that never comes reject as with fetch, and the key brings both", async () => {
  const gateway = createGateway({ seed: 7, faults: { response_truncated: { nth: [1] }, response_hung: { nth: [2] } } });
  const answer = await pay(gateway, "order_1");
  assert.equal(answer.status, 201);
  await assert.rejects(answer.text(), { name: "TypeError", message: "terminated" });
  await assert.rejects(pay(gateway, "order_1"), (error: Error) => {
    assert.equal((error.cause as { code?: string }).code, "ETIMEDOUT");
    return error.message === "fetch failed";
  });
  const replayed = await pay(gateway, "order_1");
  assert.equal(replayed.headers.get("idempotent-replayed"), "true");
  assert.deepEqual(gateway.groundTruth().map(({ id, call }) => [id, call]), [["F04", 1], ["F06", 2]]);
  await gateway.close();
});

test("amounts of the ground truth are bigint, times and counts are numbers", async () => {
  const gateway = createGateway({ seed: 7, faults: { settlement_amount: "1" } });
  await pay(gateway, "order_1");
  const [drift] = gateway.groundTruth();
  assert.ok(drift !== undefined);
  const { expected, actual, ...rest } = drift;
  assert.equal(expected, 1_000n);
  assert.ok(typeof actual === "bigint" && actual !== expected);
  assert.deepEqual([rest.seed, rest.at, rest.kind, rest.currency, rest.expectedStatus], [7, gateway.now(), "amount_mismatch", "EUR", null]);
  await gateway.close();
});

test("virtual time stands still but for slow answers and advance, which tries again at the right moments", async () => {
  const times: number[] = [];
  const gateway = createGateway({
    seed: 7,
    now: 1_000_000,
    faults: { slow: { nth: [1], delayMs: [700, 700] } },
    deliver: (request) => {
      times.push(Number(request.headers.get("webhook-timestamp")) - 1_000);
      return Promise.reject(new Error("the shop is closed"));
    },
  });
  await post(gateway, "/api/webhook_endpoints", { url: "http://shop.test/hook", events: ["payment.completed"] });
  await pay(gateway, "order_1");
  assert.equal(gateway.now(), 1_000_700);
  await gateway.advance(300_000);
  assert.equal(gateway.now(), 1_300_700);
  // Signed in whole seconds, by the clock that had already moved when the first one was sent.
  assert.deepEqual(times, [0, 1, 3, 7, 15, 31, 63]);
  const events = await json(gateway.fetch(`${ORIGIN}/api/events`));
  assert.match(JSON.stringify(events), /"state":"dead_letter","attempts":7/);
  await gateway.close();
});

test("advancing over HTTP moves the same clock", async () => {
  const gateway = createGateway();
  const held = { merchantId: "shop", amount: 5, currency: "JPY", capture: false };
  const { id } = await json(post(gateway, "/api/payments", held, "k"));
  const before = gateway.now();
  await post(gateway, "/_tillproof/advance", { seconds: 7 * 24 * 60 * 60 });
  assert.equal(gateway.now() - before, 7 * 24 * 60 * 60 * 1_000);
  assert.equal((await json(gateway.fetch(`${ORIGIN}/api/payments/${String(id)}`)))["state"], "expired");
  await gateway.close();
});

test("a snapshot goes on where it was taken, and a fork of it goes the same way", async () => {
  const original = createGateway({ seed: 7, faults: "hostile" });
  const statuses = async (gateway: Gateway): Promise<unknown[]> => {
    const seen = [];
    for (let order = 0; order < 40; order += 1) {
      seen.push(await pay(gateway, `order_${order}`).then((answer) => answer.text()).catch(() => "broken"));
    }
    return [...seen, gateway.now(), gateway.settlementReport(), gateway.groundTruth()];
  };
  await pay(original, "first").catch(() => undefined);
  const snapshot = original.snapshot();
  const [one, other] = [createGateway({ snapshot }), createGateway({ snapshot })];
  const expected = await statuses(original);
  assert.deepEqual(await statuses(one), expected);
  assert.deepEqual(await statuses(other), expected);
  assert.deepEqual(one.snapshot(), other.snapshot());
  await Promise.all([original, one, other].map((gateway) => gateway.close()));
});

// The same calls as in tests/simulator/histories.rs, which expects the same hash of the same lines from native code.
test("native code and wasm give the same bytes", async () => {
  const gateway = createGateway({ seed: 7, faults: "hostile" });
  const seen = createHash("sha256");
  for (let number = 0; number < 200; number += 1) {
    const more = number % 3 === 0 ? { capture: false } : {};
    const order = { merchantId: "shop", amount: 1_000 + number, currency: "EUR", reference: `o${number}`, ...more };
    const line = await post(gateway, "/api/payments", order, `k${number}`)
      .then(async (answer) => `${answer.status} ${await answer.text()}`)
      .catch(() => "broken");
    seen.update(`${line}\n`);
  }
  seen.update(gateway.settlementReport());
  assert.equal(seen.digest("hex"), "f2e8d6e4d3abe79ca28c521cb14caf78978f033cc0e6ae6608d597ed90992440");
  await gateway.close();
});

// The same as in tests/simulator/stripe/same_bytes.rs and tests/border/wasm.rs, which read the same file.
test("the same requests to the Stripe dialect give the bytes that every platform gives", async () => {
  const [expected, ...requests] = readFileSync("tests/simulator/same-bytes.txt", "utf8").trimEnd().split("\n");
  const gateway = createGateway({ seed: 7, dialect: "stripe" });
  const seen = createHash("sha256");
  let id = "";
  for (let round = 0; round < 12; round += 1) {
    for (const [line, text] of requests.entries()) {
      const [method = "", target = "", body = ""] = text.replaceAll("{n}", String(round)).replaceAll("{id}", id).split(" ");
      const [path = "", query = ""] = target.split("?");
      const headers: [string, string][] = [
        ["authorization", "Bearer sk_test_tillproof"],
        ["content-type", "application/x-www-form-urlencoded"],
        ["idempotency-key", `key ${round} ${line}`],
      ];
      const answer = await gateway.exchange({ method, path, query, headers, body });
      assert.ok(answer.connection === "kept");
      if (answer.status === 200 && method === "POST") id = answer.body.split('"')[3] ?? "";
      seen.update(`${answer.status}${answer.headers.map(([name, value]) => ` ${name}: ${value}`).join("")} ${answer.body}\n`);
    }
  }
  assert.equal(expected, `expected ${seen.digest("hex")}`);
  await gateway.close();
});

test("what a gateway cannot be made from is refused with a code", () => {
  const table: [options: unknown, code: string][] = [
    [{ seed: -1 }, "field_invalid"],
    [{ seed: 1.5 }, "field_invalid"],
    [{ seed: Number.NaN }, "number_not_finite"],
    [{ paymentsMax: -1 }, "field_invalid"],
    [{ dialect: "paypal" }, "field_invalid"],
    [{ dialect: "visa" }, "field_invalid"],
    [{ clock: "sundial" }, "clock_unknown"],
    [{ now: -1 }, "time_not_milliseconds"],
    [{ faults: "furious" }, "fault_preset_unknown"],
    ...[null, [], new Date(0), new Map([["slow", 1]]), new Set(), 1, true, () => "none"].map(
      (faults): [unknown, string] => [{ faults }, "argument_invalid"],
    ),
    [{ faults: { slow: null } }, "fault_rule_invalid"],
    [{ faults: { slow: [] } }, "fault_rule_invalid"],
    [{ faults: { respons_lost: 0.1 } }, "fault_unknown"],
    [{ faults: { slow: { probability: 0.1, delayMs: [9, 1] } } }, "fault_delay_invalid"],
    [{ snapshot: "{" }, "snapshot_damaged"],
    [{ snapshot: encode({ version: 1, clock: "virtual", clock_ms: 0, engine: "" }) }, "snapshot_empty"],
    [{ snapshot: createGateway().snapshot(), clock: "real" }, "snapshot_clock_differs"],
  ];
  for (const [options, expected] of table) {
    assert.throws(() => createGateway(options as GatewayOptions), code(expected), expected);
  }
});

test("a full gateway refuses the next payment", async () => {
  const gateway = createGateway({ paymentsMax: 1 });
  assert.equal((await pay(gateway, "order_1")).status, 201);
  assert.equal((await pay(gateway, "order_2")).status, 507);
  await gateway.close();
});

test("a closed gateway says that it is closed", async () => {
  const gateway = createGateway();
  await gateway.close();
  await gateway.close();
  await assert.rejects(pay(gateway, "order_1"), code("gateway_closed"));
  assert.throws(() => gateway.groundTruth(), code("gateway_closed"));
});

test("a plan can be replaced, and an aborted request is not answered", async () => {
  const gateway = createGateway();
  gateway.setFaults({ server_error: 1 });
  for (const plan of [undefined, null, [], new Map()]) {
    assert.throws(() => gateway.setFaults(plan as unknown as FaultPlan), code("argument_invalid"));
  }
  assert.equal((await pay(gateway, "order_1")).status, 503);
  gateway.setFaults("none");
  assert.equal((await pay(gateway, "order_1")).status, 201);
  const aborted = gateway.fetch(`${ORIGIN}/health`, { signal: AbortSignal.abort() });
  await assert.rejects(aborted, { name: "AbortError" });
  await gateway.close();
});

test("every drift of the settlement report is found by the reconciler, under the kind the ground truth gives it", async () => {
  const settlementOnly = Object.fromEntries(
    ["amount", "fee", "missing", "duplicate", "foreign", "status"].map((name) => [`settlement_${name}`, "0.05"]),
  );
  const gateway = createGateway({ seed: 7, faults: settlementOnly });
  const mirror = ["reference,id,type,amount_minor,currency,fee_minor,status,occurred_at"];
  for (let order = 0; order < 300; order += 1) {
    const payment = await json(pay(gateway, `order_${order}`));
    const at = new Date(Number(payment["createdAt"])).toISOString();
    mirror.push(`order_${order},${String(payment["id"])},charge,1000,EUR,${String(payment["fee"])},completed,${at}`);
  }
  const asOf = gateway.now() + 10 * 86_400_000;
  const report = reconcile({ ledger: mirror.join("\n"), settlement: gateway.settlementReport(), asOf });
  const told = gateway.groundTruth().map(({ kind, reference }) => `${kind} ${reference}`);
  assert.deepEqual(report.breaks.map(({ kind, reference }) => `${kind} ${reference}`).sort(), told.sort());
  assert.equal(new Set(gateway.groundTruth().map(({ kind }) => kind)).size, 6);
  await gateway.close();
});

test("reports come in the formats they are asked for in, and what there is none of is refused with a code", async () => {
  const gateway = createGateway({ seed: 7 });
  const body = JSON.stringify({ merchantId: "shop", amount: 1_000, currency: "EUR", reference: "order-1" });
  await gateway.fetch("http://gateway/api/payments", { method: "POST", headers: { "idempotency-key": "k" }, body });
  await gateway.advance(14 * 86_400_000);
  assert.match(gateway.settlementReport(), /^reference,id,.*\norder-1,/s);
  assert.equal(gateway.settlementReport(), gateway.settlementReport({ format: "generic", account: "shop" }));
  const heads = (["generic", "stripe", "adyen"] as const).map((format) => gateway.settlementReport({ format }).split("\n")[0]);
  assert.equal(new Set(heads).size, 3);
  assert.match(gateway.bankStatement(), /camt\.053/);
  assert.match(gateway.bankStatement({ format: "mt940" }), /:20:|^$/);
  assert.match(gateway.bankStatement({ format: "csv", account: "shop" }), /amount_minor/);
  const table: [() => unknown, string][] = [
    [() => gateway.settlementReport({ format: "excel" as never }), "parameter_invalid"],
    [() => gateway.settlementReport({ account: "nobody" }), "account_not_found"],
    [() => gateway.bankStatement({ payout: "po_1" } as never), "unknown_option"],
    [() => gateway.settlementReport({ format: 7 as never }), "text_expected"],
  ];
  for (const [call, code] of table) assert.throws(call, (error) => isTillproofError(error) && error.code === code, code);
  await gateway.close();
});
