/** Forms of every shape, from a seed, against the Stripe dialect in process and over HTTP: never a 5xx, never a broken connection. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { createGateway, stripeRoutes, type Fetch } from "../../pkg/src/simulator/index.js";
import { serve } from "../../pkg/src/simulator/server.js";
import { diceOf } from "../../pkg/src/testing/hostile/script.js";

type Dice = () => number;

const one = <T>(dice: Dice, from: readonly T[]): T => from[Math.floor(dice() * from.length)] as T;

/** Names the dialect reads somewhere, and some it does not. */
const NAMES = [
  "amount", "currency", "customer", "payment_method", "payment_intent", "charge", "confirm", "capture_method", "description", "email", "name",
  "metadata", "expand", "limit", "starting_after", "created", "url", "enabled_events", "automatic_payment_methods", "return_url", "reason",
  "card", "type", "query", "items", "price", "shipping", "address", "off_session", "nonsense", "__proto__", "constructor", "",
];
const INNER = ["", "0", "1", "999999999", "enabled", "allow_redirects", "gte", "order", "line1", "number", "token", "a b", "]", "[", "é"];
const VALUES = [
  "1999", "0", "-1", "1e9", "1.5", "99999999999999999999", "usd", "EUR", "xxx", "true", "false", "", "null", "pm_card_visa", "tok_visa",
  "pm_card_visa_chargeDeclined", "data.customer", "latest_charge.balance_transaction.source.payment_intent", "always", "never", "*",
  "https://shop.test/hook", "ftp://x", "é\u{1f4b6}", "a".repeat(600), "email:'x'", "amount>1 AND", "{}", "[1]", "%", "\u0000",
];

/** How a piece of a form may be written: as it ought to be, less, or not at all. */
function written(dice: Dice, text: string): string {
  const how = dice();
  if (how < 0.8) return encodeURIComponent(text);
  if (how < 0.9) return encodeURIComponent(text).replaceAll("%20", "+");
  return one(dice, [text.replaceAll(/[\r\n\u0000]/g, ""), `${text}%zz`, "%ff%fe", "%"]).replaceAll(/[^\u0021-\u007e]/g, "");
}

function form(dice: Dice, ids: readonly string[]): string {
  const pairs: string[] = [];
  for (let pair = Math.floor(dice() * 7); pair > 0; pair -= 1) {
    let name = written(dice, one(dice, NAMES));
    for (; dice() < 0.35; ) name += dice() < 0.9 ? `[${written(dice, one(dice, INNER))}]` : one(dice, ["[", "]", "%5B0%5D", "[["]);
    const value = written(dice, dice() < 0.25 ? one(dice, ids) : one(dice, VALUES));
    pairs.push(dice() < 0.95 ? `${name}=${value}` : name);
  }
  return pairs.join(one(dice, ["&", "&", "&", "&&"]));
}

/** Sends `count` requests and checks each answer. */
async function fuzz(fetch: Fetch, origin: string, seed: number, count: number): Promise<Map<number, number>> {
  const dice = diceOf(`fuzz ${seed}`);
  const routes = stripeRoutes();
  const ids = ["cus_1", "x", "pi_00000000000000000000000000"];
  const seen = new Map<number, number>();
  for (let step = 0; step < count; step += 1) {
    const { method, path } = one(dice, routes);
    const filled = path.replaceAll(":id", () => encodeURIComponent(one(dice, ids)));
    const text = form(dice, ids);
    const target = method === "POST" ? filled : `${filled}?${text.replaceAll("#", "")}`;
    const headers: Record<string, string> = { authorization: "Bearer sk_test_fuzz", "content-type": "application/x-www-form-urlencoded" };
    if (dice() < 0.3) headers["idempotency-key"] = `k${Math.floor(dice() * 30)}`;
    const answer = await fetch(`${origin}${target}`, { method, headers, ...(method === "POST" && { body: text }) });
    const body = await answer.text();
    const what = `seed ${seed}, step ${step}: ${method} ${target} ${text} -> ${answer.status} ${body.slice(0, 300)}`;
    assert.ok(answer.status < 500, what);
    if (/csv|octet|pdf/.test(answer.headers.get("content-type") ?? "")) continue;
    const json = JSON.parse(body) as { id?: unknown; error?: { type?: unknown; message?: unknown } };
    if (answer.status >= 400) assert.ok(typeof json.error?.type === "string" && typeof json.error.message === "string", what);
    else assert.equal(json.error, undefined, what);
    if (typeof json.id === "string" && ids.length < 60) ids.push(json.id);
    seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
  }
  return seen;
}

test("in process, 6,000 forms from six seeds are answered or refused", async () => {
  const seen = new Map<number, number>();
  for (let seed = 0; seed < 6; seed += 1) {
    const gateway = createGateway({ dialect: "stripe", seed });
    for (const [status, often] of await fuzz(gateway.fetch, "http://gateway", seed, 1_000)) seen.set(status, (seen.get(status) ?? 0) + often);
    await gateway.close();
  }
  for (const status of [200, 400, 404]) assert.ok((seen.get(status) ?? 0) > 100, `${status}: ${seen.get(status)}`);
});

test("over HTTP, 500 forms do the same", async () => {
  const server = await serve({ gateway: { dialect: "stripe", clock: "virtual", deliver: () => Promise.resolve(new Response()) } });
  await fuzz((input, init) => fetch(input, init), server.url, 77, 500);
  await server.close();
});
