/**
 * One story that every runtime and every bundle lives: a shop that verifies, pays through a hostile gateway, keeps books and
 * reconciles, on nothing but the package and what the web platform has.
 *
 * Invariant: each step gives what is compared, and the expected values come from the gateway's own ground truth.
 */

import { Ledger, templates } from "tillproof/ledger";
import { createFetch, createPayments } from "tillproof/payments";
import { reconcile } from "tillproof/reconcile";
import { createGateway } from "tillproof/simulator";
import { memoryStore } from "tillproof/stores/memory";
import { createInbox, createVerifier } from "tillproof/webhooks";

const ORIGIN = "http://gateway.test";
const SECRET = "a secret of sixteen bytes or more";
const ORDERS = 12;

/** Lost answers, an error in the middle, and a settlement that says something else than what was charged. */
const FAULTS = {
  response_lost: { nth: [2, 5] },
  server_error: { nth: [4] },
  rate_limited: { nth: [9] },
  webhook_duplicate: "0.5",
  webhook_forged: "0.2",
  settlement_amount: "0.3",
};

/** Lives the story, and gives what was found; `problems` is empty where all of it held. */
export async function scenario() {
  const problems = [];
  const expect = (what, holds) => void (holds || problems.push(what));
  const shop = await openShop();

  const outcomes = [];
  for (let number = 1; number <= ORDERS; number += 1) {
    outcomes.push(await shop.payments.charge({ reference: `order_${number}`, amount: BigInt(1_000 + number), currency: "EUR" }));
  }
  expect("every order is settled", outcomes.every(({ status }) => status === "settled"));
  const again = await shop.payments.charge({ reference: "order_1", amount: 1_001n, currency: "EUR" });
  expect("a repeated order is the same payment", again.status === "settled" && again.providerReference === outcomes[0].providerReference);
  const listed = (await (await shop.gateway.fetch(`${ORIGIN}/api/payments?reference=order_2`)).json()).data;
  expect("an order whose answer was lost is charged once", listed.filter(({ state }) => state === "completed").length === 1);

  await shop.gateway.advance(3 * 86_400_000);
  expect("every order is in the books", shop.ledger.balance("Income:Sales", "EUR").balance === total());
  expect("forged webhooks are refused, repeated ones dropped", shop.told.rejected > 0 && shop.told.duplicate > 0 && shop.told.applied >= ORDERS);

  const report = reconcile({ ledger: shop.ledger.toCsv(), settlement: shop.gateway.settlementReport({ format: "generic" }), inFlightDays: 0 });
  const injected = shop.gateway.groundTruth().filter(({ fault }) => fault.startsWith("settlement_"));
  const found = new Set(report.breaks.map(({ reference }) => reference));
  expect("the gateway injected something", injected.length > 0);
  expect("reconciliation finds what was injected and nothing else", found.size === injected.length && report.breaks.length === injected.length);

  expect("createFetch makes a repeated call one payment", await guarded());
  const survived = survives(shop.verifier);
  expect("a stack overflow inside a call is survived", survived);
  shop.payments.close();
  await shop.gateway.close();
  return { orders: outcomes.length, breaks: report.breaks.length, problems };
}

const total = () => Array.from({ length: ORDERS }, (_, index) => BigInt(1_001 + index)).reduce((sum, each) => sum + each, 0n);

async function openShop() {
  const store = memoryStore();
  const told = { applied: 0, duplicate: 0, rejected: 0 };
  let inbox;
  const gateway = createGateway({
    seed: 7,
    dialect: "native",
    faults: FAULTS,
    now: Date.now(),
    deliver: async (request) => {
      const delivery = { body: new Uint8Array(await request.arrayBuffer()), headers: request.headers, now: gateway.now() };
      const { status, httpStatus } = await inbox.receive(delivery, apply);
      told[status] += 1;
      return new Response(null, { status: httpStatus });
    },
  });
  const endpoint = await gateway.fetch(`${ORIGIN}/api/webhook_endpoints`, { method: "POST", body: '{"url":"http://shop.test/webhooks"}' });
  const verifier = createVerifier({ scheme: "standard-webhooks-v1", secrets: (await endpoint.json()).secret });
  inbox = createInbox({ store, verifier });
  const provider = { profile: "native", baseUrl: ORIGIN, merchantId: "shop" };
  const payments = createPayments({ provider, store, secret: SECRET, fetch: (request) => gateway.fetch(request), retry: { baseMs: 5, capMs: 20 }, timeoutMs: 500 });
  const ledger = await Ledger.open({ store });

  async function apply(event, batch) {
    const { payment } = event.payload.data;
    await payments.noteWebhook(payment, { batch });
    if (event.type !== "payment.completed") return;
    const { amount, fee, currency, reference, updatedAt: occurredAt } = payment;
    const entry = { id: `charge:${payment.id}`, gateway: "native", cause: event.id, paymentId: payment.id };
    await ledger.post(templates.charge({ ...entry, amount, fee, currency, reference, occurredAt }), { batch });
  }
  return { gateway, payments, ledger, verifier, told };
}

/** The client of a provider, made safe: two calls of one name are one payment. */
async function guarded() {
  const gateway = createGateway({ seed: 7, dialect: "stripe" });
  const safe = createFetch({
    provider: { profile: "stripe", baseUrl: "https://api.stripe.com", merchantId: "acct_1" },
    store: memoryStore(),
    secret: SECRET,
    fetch: (request) => gateway.fetch(request),
  });
  const call = async () => {
    const answer = await safe("https://api.stripe.com/v1/payment_intents", {
      method: "POST",
      headers: { authorization: "Bearer sk_test_shop", "content-type": "application/x-www-form-urlencoded", "tillproof-reference": "order_1" },
      body: "amount=1000&currency=eur&payment_method=pm_card_visa&confirm=true&automatic_payment_methods[enabled]=true&automatic_payment_methods[allow_redirects]=never",
    });
    return (await answer.json()).id;
  };
  const [first, second] = [await call(), await call()];
  const listed = await gateway.fetch("https://api.stripe.com/v1/payment_intents", { headers: { authorization: "Bearer sk_test_shop" } });
  const { data } = await listed.json();
  safe.payments.close();
  await gateway.close();
  return first.startsWith("pi_") && first === second && data.length === 1;
}

/** Verifies at the end of the stack, where wasm traps, and then where there is room again. */
function survives(verifier) {
  const delivery = { body: "{}", headers: {}, now: 1_770_000_000_000 };
  const sound = () => verifier.verify(delivery).code === "missing_header";
  let back = false;
  const dive = (depth) => {
    try {
      dive(depth + 1);
    } catch {
      // The frames above have a little more room each: the first ones trap, one of them gets through.
    }
    // Each trap costs an instance, of which Firefox has no thousand at a time.
    if (back || depth % 64 !== 0) return;
    try {
      back = sound();
    } catch (error) {
      if (!(error instanceof RangeError) && error?.code !== "internal_trap" && error?.name !== "InternalError") throw error;
    }
  };
  dive(0);
  return back && sound();
}
