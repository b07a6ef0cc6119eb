import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { FetchedKeys, unavailable } from "../../pkg/src/webhooks/fetched-keys.js";
import { paypalCertificate, refetchPaypalEvent } from "../../pkg/src/webhooks/paypal.js";
import { plaidKeys, type PlaidKey } from "../../pkg/src/webhooks/plaid.js";

const NOW = 1_770_000_000_000;
const HOUR = 3_600_000;
const PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const CERTS = "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-";

/** Answers every request with the same, and counts them. */
function answering(body: BodyInit | null, init?: ResponseInit): { fetch: (request: Request) => Promise<Response>; asked: Request[] } {
  const asked: Request[] = [];
  return { asked, fetch: async (request) => (asked.push(request), new Response(body, init)) };
}

test("a certificate of PayPal is fetched once a day, however many deliveries ask for it at once", async () => {
  const { fetch, asked } = answering(PEM);
  const url = `${CERTS}once`;
  const ask = (now: number): ReturnType<typeof paypalCertificate> => paypalCertificate(url, { fetch, now });
  for (const found of await Promise.all([ask(NOW), ask(NOW), ask(NOW)])) assert.deepEqual(found, { ok: true, key: PEM });
  await ask(NOW + 23 * HOUR);
  assert.equal(asked.length, 1);
  await ask(NOW + 24 * HOUR);
  assert.equal(asked.length, 2);
  assert.deepEqual([asked[0]?.url, asked[0]?.method, asked[0]?.redirect], [url, "GET", "error"]);
});

test("no address but that of a certificate of PayPal is ever asked", async () => {
  const { fetch, asked } = answering(PEM);
  const strangers: unknown[] = [
    undefined,
    null,
    "",
    ["https://api.paypal.com/v1/notifications/certs/a", "https://evil.example/v1/notifications/certs/a"],
    "http://api.paypal.com/v1/notifications/certs/a",
    "https://paypal.com/v1/notifications/certs/a",
    "https://api.paypal.com.evil.example/v1/notifications/certs/a",
    "https://evilpaypal.com/v1/notifications/certs/a",
    "https://api.paypal.com:8443/v1/notifications/certs/a",
    "https://api.paypal.com@evil.example/v1/notifications/certs/a",
    "https://evil.example/https://api.paypal.com/v1/notifications/certs/a",
    "https://evil.example#.paypal.com/v1/notifications/certs/a",
    "https://evil.example\\.paypal.com/v1/notifications/certs/a",
    "https://api.paypal.com/v1/notifications/certs/../webhooks",
    "https://api.paypal.com/v1/notifications/certs/%2e%2e",
    "https://api.paypal.com/v1/notifications/certs/",
    "https://api.paypal.com/v1/notifications/certs/a?b",
    "https://api.paypal.com/v1/notifications/certs/a#b",
    "https://api.paypal.com/v1/notifications/certs/a\n",
    " https://api.paypal.com/v1/notifications/certs/a",
    `https://api.paypal.com/v1/notifications/certs/${"a".repeat(129)}`,
  ];
  for (const url of strangers) {
    const found = await paypalCertificate(url, { fetch, now: NOW });
    assert.equal(!found.ok && found.code, "certificate_url_refused", String(url));
  }
  assert.equal(asked.length, 0);
});

test("what is no certificate within bounds is not kept, and says to answer so that it is sent again", async (context) => {
  const open: NodeJS.Timeout[] = [];
  context.after(() => open.forEach(clearInterval));
  const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(4096)) });
  const table: [string, (request: Request) => Promise<Response>][] = [
    ["status 500", answering(PEM, { status: 500 }).fetch],
    ["no certificate", answering("<html>").fetch],
    ["16384 bytes", answering(endless).fetch],
    ["no network", async () => Promise.reject(new Error("no network"))],
    // Never, and deaf to the signal, over a connection that stays open.
    ["timeout", async () => new Promise(() => void open.push(setInterval(() => undefined, 1_000)))],
  ];
  for (const [index, [expected, fetch]] of table.entries()) {
    const url = `${CERTS}failing-${index}`;
    const found = await paypalCertificate(url, { fetch, now: NOW + index * 60_000, timeoutMs: expected === "timeout" ? 50 : 300_000 });
    assert.equal(!found.ok && found.code, "key_unavailable");
    assert.match(found.ok ? "" : found.message, new RegExp(expected), expected);
    const later = answering(PEM);
    const again = async (ms: number): Promise<boolean> =>
      (await paypalCertificate(url, { fetch: later.fetch, now: NOW + index * 60_000 + ms })).ok;
    assert.deepEqual([await again(29_999), later.asked.length], [false, 0], "a failure is remembered for a while");
    assert.deepEqual([await again(30_000), later.asked.length], [true, 1]);
  }
});

test("strangers who name a thousand keys cause twenty requests a minute, and known keys stay at hand", async () => {
  const keys = new FetchedKeys<string>(HOUR);
  let fetches = 0;
  const fetched = async (name: string, now: number): Promise<boolean> =>
    (await keys.get(name, now, async () => (fetches += 1, name === "genuine" ? { ok: true, key: name } : unavailable("unknown")))).ok;
  assert.equal(await fetched("genuine", NOW), true);
  for (let index = 0; index < 1000; index += 1) assert.equal(await fetched(`stranger ${index}`, NOW), false);
  assert.equal(fetches, 20);
  assert.equal(await fetched("genuine", NOW), true);
  await fetched("the next minute", NOW + 60_000);
  assert.equal(fetches, 21);
});

test("strangers who name invented keys, minute by minute, keep no known key from being asked for again", async () => {
  const keys = new FetchedKeys<string>(HOUR);
  let version = 0;
  const genuine = (now: number): Promise<unknown> =>
    keys.get("genuine", now, async () => ({ ok: true, key: `genuine ${(version += 1)}` }));
  await genuine(NOW);
  for (let minute = 0; minute <= 60; minute += 1) {
    for (let index = 0; index < 25; index += 1) {
      await keys.get(`${minute} ${index}`, NOW + minute * 60_000, async () => unavailable("unknown"));
    }
    await genuine(NOW + minute * 60_000);
  }
  assert.equal(version, 2, "once at first, and once when its hour was over");
});

test("strangers who name keys that exist do not push out one that is in use", async () => {
  const keys = new FetchedKeys<string>(1000 * HOUR);
  let fetches = 0;
  const genuine = (): Promise<unknown> => keys.get("genuine", NOW, async () => ({ ok: true, key: `${(fetches += 1)}` }));
  for (let index = 0; index < 100; index += 1) {
    await keys.get(`other ${index}`, NOW + index * 60_000, async () => ({ ok: true, key: "other" }));
    await genuine();
  }
  assert.equal(fetches, 1);
});

test("a known key serves for a day more while it cannot be asked for, which is tried twice a minute", async () => {
  const keys = new FetchedKeys<string>(HOUR);
  let fetches = 0;
  const got = async (now: number): Promise<string> => {
    const found = await keys.get("genuine", now, async () =>
      (fetches += 1) === 1 ? { ok: true, key: "kept" } : unavailable("down"));
    return found.ok ? found.key : found.message;
  };
  const over = NOW + HOUR;
  const table: [now: number, expected: string, fetches: number][] = [
    [NOW, "kept", 1],
    [over, "kept", 2],
    [over + 29_999, "kept", 2],
    [over + 30_000, "kept", 3],
    [over + 24 * HOUR - 1, "kept", 4],
    [over + 24 * HOUR, "down", 4],
    [over + 25 * HOUR, "down", 5],
  ];
  for (const [now, expected, asked] of table) assert.deepEqual([await got(now), fetches], [expected, asked], String(now - NOW));
});

test("of more keys than are kept, the one asked for longest ago is forgotten", async () => {
  const keys = new FetchedKeys<number>(1000 * HOUR);
  let fetches = 0;
  const get = (name: number): ReturnType<typeof keys.get> =>
    keys.get(String(name), NOW + name * 60_000, async () => (fetches += 1, { ok: true, key: name }));
  for (let name = 0; name < 33; name += 1) await get(name);
  assert.equal(fetches, 33);
  await get(32);
  await get(1);
  assert.equal(fetches, 33);
  await get(0);
  assert.equal(fetches, 34);
});

test("an event is fetched again from PayPal, and an answer about another event does not pass for it", async () => {
  const event = '{"id":"WH-1","resource":{"amount":{"value":9007199254740993}}}';
  const { fetch, asked } = answering(event);
  const found = await refetchPaypalEvent("WH-1", { accessToken: "token", fetch });
  assert.deepEqual(found, { ok: true, event: { id: "WH-1", resource: { amount: { value: 9007199254740993n } } } });
  assert.equal(asked[0]?.url, "https://api-m.paypal.com/v1/notifications/webhooks-events/WH-1");
  assert.equal(asked[0]?.headers.get("authorization"), "Bearer token");
  await refetchPaypalEvent("WH-1", { accessToken: "token", sandbox: true, fetch });
  assert.equal(asked[1]?.url, "https://api-m.sandbox.paypal.com/v1/notifications/webhooks-events/WH-1");

  const table: [string, BodyInit | null, ResponseInit, string][] = [
    ["WH-2", event, {}, "event_unavailable"],
    ["WH-1", "null", {}, "event_unavailable"],
    ["WH-1", "{", {}, "event_unavailable"],
    ["WH-1", event, { status: 401 }, "event_unavailable"],
    ["WH-1", "{}", { status: 404 }, "event_not_found"],
    ["../../v2/payments", event, {}, "event_not_found"],
  ];
  for (const [id, body, init, expected] of table) {
    const refused = await refetchPaypalEvent(id, { accessToken: "token", fetch: answering(body, init).fetch });
    assert.equal(!refused.ok && refused.code, expected, id);
  }
});

interface Vector {
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly jwk: PlaidKey;
}
const vectors = readFileSync("tests/vectors/public-keys.jsonl", "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Vector);
const plaid = vectors.find(({ id }) => id === "plaid-valid") as Vector;
const token = plaid.headers["plaid-verification"];

test("Plaid is asked once for the key that a delivery names", async () => {
  const asked: string[] = [];
  const plaidKey = plaidKeys({ fetchKey: async (keyId) => (asked.push(keyId), plaid.jwk) });
  assert.deepEqual(await plaidKey(token, NOW), { ok: true, key: plaid.jwk });
  await plaidKey(token, NOW + HOUR - 1);
  assert.deepEqual(asked, [plaid.jwk.kid]);
  await plaidKey(token, NOW + HOUR);
  assert.equal(asked.length, 2);
});

test("an expired key of Plaid and a key under another's name are refused", async () => {
  const table: [Partial<PlaidKey> | undefined, string | undefined][] = [
    [{ expired_at: NOW / 1000 }, "key_expired"],
    [{ expired_at: NOW / 1000 + 1 }, undefined],
    [{ expired_at: null }, undefined],
    [{ kid: "another" }, "key_unavailable"],
    [undefined, "key_unavailable"],
  ];
  for (const [change, expected] of table) {
    const fetchKey = async (): Promise<PlaidKey> => (change && { ...plaid.jwk, ...change }) as PlaidKey;
    const found = await plaidKeys({ fetchKey })(token, NOW);
    assert.equal(found.ok ? undefined : found.code, expected, JSON.stringify(change));
  }
  const failing = plaidKeys({ fetchKey: async () => Promise.reject(new Error("down")) });
  const found = await failing(token, NOW);
  assert.equal(!found.ok && found.code, "key_unavailable");
});

test("a key of Plaid serves while Plaid cannot be asked, until it expires", async () => {
  let up = true;
  const key = { ...plaid.jwk, expired_at: (NOW + 2 * HOUR) / 1000 };
  const plaidKey = plaidKeys({ fetchKey: async () => (up ? key : Promise.reject(new Error("down"))) });
  assert.equal((await plaidKey(token, NOW)).ok, true);
  up = false;
  assert.deepEqual(await plaidKey(token, NOW + 2 * HOUR - 1), { ok: true, key });
  const found = await plaidKey(token, NOW + 2 * HOUR);
  assert.equal(!found.ok && found.code, "key_expired");
});

test("a header that names no key of Plaid asks for none", async () => {
  const asked: string[] = [];
  const plaidKey = plaidKeys({ fetchKey: async (keyId) => (asked.push(keyId), plaid.jwk) });
  const header = (value: unknown): string => `${Buffer.from(JSON.stringify(value)).toString("base64url")}.e30.AA`;
  const strangers: unknown[] = [
    undefined,
    "",
    ".",
    "a".repeat(9000),
    [token],
    header({ alg: "HS256", kid: plaid.jwk.kid }),
    header({ alg: "ES256" }),
    header({ alg: "ES256", kid: 1 }),
    header({ alg: "ES256", kid: "../keys" }),
    header({ alg: "ES256", kid: "a".repeat(65) }),
    header(null),
  ];
  for (const stranger of strangers) {
    const found = await plaidKey(stranger, NOW);
    assert.equal(!found.ok && found.code, "key_id_missing", String(stranger).slice(0, 80));
  }
  assert.deepEqual(asked, []);
});
