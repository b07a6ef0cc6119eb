/**
 * What payments take of memory, and whether a gateway stays as fast: alone in a process, since wasm never gives memory back,
 * and what one gateway left behind the next one would fill.
 *
 * `node simulator-memory.js one 200000` takes each payment in one request, `two` as the official client does in two; prints
 * the bytes of a payment, and the microseconds of one by quarter.
 */

import Stripe from "stripe";
import { createGateway } from "tillproof/simulator";

const KEY = "sk_test_tillproof";
const QUARTERS = 4;
/** So much is done first in another gateway, which is kept: wasm is compiled a second time, and better, while it runs. */
const WARM_UP = 4_000;

const [how, count] = process.argv.slice(2);
const payments = Number(count);

/** CPU time of this thread alone, where Node tells it. */
function cpuUs(before) {
  const { user, system } = process.threadCpuUsage?.(before) ?? process.cpuUsage(before);
  return before === undefined ? { user, system } : user + system;
}

/** Takes a payment, by its number. */
const ways = {
  one: (gateway) => {
    const body =
      "amount=1999&currency=usd&confirm=true&payment_method=pm_card_visa&automatic_payment_methods[enabled]=true" +
      "&automatic_payment_methods[allow_redirects]=never&metadata[order]=";
    return async (number) => {
      const headers = [["authorization", `Bearer ${KEY}`], ["idempotency-key", `order-${number}`]];
      const answer = await gateway.exchange({ method: "POST", path: "/v1/payment_intents", query: "", headers, body: `${body}${number}` });
      if (answer.status !== 200) throw new Error(answer.body);
    };
  },
  two: (gateway) => {
    const stripe = new Stripe(KEY, { maxNetworkRetries: 0, telemetry: false, httpClient: gateway.httpClient });
    return async () => {
      const { id } = await stripe.paymentIntents.create({ amount: 1_999, currency: "usd", payment_method: "pm_card_visa" });
      await stripe.paymentIntents.confirm(id);
    };
  },
};

const warm = createGateway({ dialect: "stripe" });
const pay = ways[how](warm);
for (let number = 0; number < WARM_UP; number += 1) await pay(number);

const gateway = createGateway({ dialect: "stripe" });
const payAnother = ways[how](gateway);
const before = process.memoryUsage().external;
const quarters = [];
for (let quarter = 0; quarter < QUARTERS; quarter += 1) {
  const began = cpuUs();
  for (let number = 0; number < payments / QUARTERS; number += 1) await payAnother(quarter * payments + number);
  quarters.push(cpuUs(began) / (payments / QUARTERS));
}
// What an asynchronous capture tells of a moment later belongs to the payment.
await gateway.advance(60_000);
console.log(JSON.stringify({ bytes: (process.memoryUsage().external - before) / payments, quarters }));
