import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { inspect } from "node:util";

import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { webhooks } from "../../pkg/src/shell/webhooks.js";
import { createVerifier, diagnose, schemes, type HeadersLike, type VerifyResult } from "../../pkg/src/webhooks/full.js";
import { parseExact } from "../../pkg/src/webhooks/payload.js";
import { signDelivery, signWebhook } from "../../pkg/src/webhooks/sign.js";

const SECRET = "whsec_test_secret";
const BODY = '{"id":"evt_1","type":"charge.succeeded","created":1699999999,"data":{"amount":9007199254740993}}';
const NOW = 1_700_000_000_000;

const stripe = createVerifier({ scheme: "stripe-v1", secrets: SECRET });
const header = signWebhook({ scheme: "stripe-v1", secret: SECRET, body: BODY, timestamp: NOW })["stripe-signature"] ?? "";

const codeOf = (result: VerifyResult): string => (result.ok ? "ok" : result.code);

/** What `run` throws must be a TillproofError; its code. */
function thrown(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(isTillproofError(error), String(error));
    return error.code;
  }
  return "nothing";
}

interface Vector {
  readonly id: string;
  readonly scheme: string;
  readonly secret: string;
  readonly headers: Record<string, string | string[]>;
  readonly url?: string;
  readonly public_key_id?: string;
  readonly access_key?: string;
  readonly body?: string;
  readonly body_base64?: string;
  readonly timestamp_now: number;
  readonly tolerance_s?: number;
  readonly jwk?: Record<string, unknown>;
  readonly public_key_pem?: string;
  readonly certificate_pem?: string;
  readonly expect: "valid" | "invalid";
}

test("every vector gets its verdict through the package", () => {
  const files = ["webhooks.jsonl", "webhooks-catalogue.jsonl"];
  const lines = files.flatMap((file) => readFileSync(`tests/vectors/${file}`, "utf8").trim().split("\n"));
  const known = new Set(schemes().map(({ name }) => name));
  let agreed = 0;
  for (const vector of lines.map((line) => JSON.parse(line) as Vector)) {
    if (!known.has(vector.scheme)) continue;
    const { scheme, secret, headers, url, timestamp_now, tolerance_s, public_key_id, access_key } = vector;
    const { jwk, public_key_pem, certificate_pem } = vector;
    const body = vector.body_base64 === undefined ? (vector.body ?? "") : Buffer.from(vector.body_base64, "base64");
    const options = {
      scheme,
      secrets: secret,
      ...(tolerance_s === undefined ? {} : { toleranceSeconds: tolerance_s }),
      ...(url === undefined ? {} : { url }),
      ...(public_key_id === undefined ? {} : { publicKeyId: public_key_id }),
      ...(access_key === undefined ? {} : { accessKey: access_key }),
      ...(jwk === undefined ? {} : { jwk }),
      ...(public_key_pem === undefined ? {} : { publicKeyPem: public_key_pem }),
      ...(certificate_pem === undefined ? {} : { certificatePem: certificate_pem }),
    };
    let found = "invalid";
    try {
      if (createVerifier(options).verify({ body, headers, now: timestamp_now * 1000 }).ok) found = "valid";
    } catch (error) {
      assert.ok(isTillproofError(error), vector.id);
    }
    assert.equal(found, vector.expect, vector.id);
    agreed += 1;
  }
  assert.ok(agreed >= 200, `${agreed} vectors`);
});

test("a genuine delivery comes out with its event, exact integers and the very bytes", () => {
  const body = new TextEncoder().encode(BODY);
  const result = stripe.verify({ body, headers: { "stripe-signature": header }, now: NOW });
  assert.ok(result.ok);
  const { events, ...rest } = result;
  assert.deepEqual(rest, { ok: true, scheme: "stripe-v1", secretIndex: 0, timestamp: NOW });
  const [event] = events;
  assert.ok(event !== undefined && events.length === 1);
  assert.equal(event.id, "evt_1");
  assert.equal(event.idIsSigned, true);
  assert.equal(event.type, "charge.succeeded");
  assert.equal(event.occurredAt, 1_699_999_999_000);
  assert.deepEqual(event.bytes, body);
  const payload = event.payload as unknown as { data: { amount: bigint } };
  assert.equal(payload.data.amount, 9007199254740993n);
  assert.equal(event.payload, payload);
});

test("what was verified is what is read, although its buffer is filled with something else in between", () => {
  const room = (length: number, shared: boolean): Uint8Array =>
    new Uint8Array(shared ? new SharedArrayBuffer(length) : new ArrayBuffer(length));
  for (const length of [0, 4_000, 4_096, 5_000, 16_384, 100_000]) {
    for (const shared of [false, true]) {
      const text = BODY.padEnd(length);
      const headers = signWebhook({ scheme: "stripe-v1", secret: SECRET, body: text, timestamp: NOW });
      const body = room(text.length, shared);
      body.set(new TextEncoder().encode(text));
      const results = [1, 2, 3].map(() => stripe.verify({ body, headers, now: NOW }));
      body.set(new TextEncoder().encode(text.replace("evt_1", "evt_9").replace("charge.succeeded", "charge.refunded!")));
      for (const result of results) {
        assert.ok(result.ok);
        const [event] = result.events;
        assert.deepEqual([event?.id, event?.type], ["evt_1", "charge.succeeded"], `${length}`);
        assert.equal((event?.payload as { id?: unknown }).id, "evt_1");
        assert.equal(new TextDecoder().decode(event?.bytes), text);
        assert.equal(event?.bytes.buffer.byteLength, text.length, "nothing of another delivery is in its buffer");
      }
    }
  }
});

test("a result as JSON has its events, though they are read on first access only", () => {
  const result = stripe.verify({ body: BODY, headers: { "stripe-signature": header }, now: NOW });
  const { events, ...rest } = JSON.parse(JSON.stringify(result)) as { events: Record<string, unknown>[] };
  assert.deepEqual(rest, { ok: true, scheme: "stripe-v1", secretIndex: 0, timestamp: NOW });
  assert.deepEqual(events.map(({ id, type }) => [id, type]), [["evt_1", "charge.succeeded"]]);
});

test("events are those of the delivery they are asked of, whatever was verified in between", () => {
  const deliveries = ["é", "\uFFFD", "\uD800", "x"].map((note, index) => {
    const body = `{"id":"evt_${index}","note":"${note}"}`;
    const headers = signWebhook({ scheme: "stripe-v1", secret: SECRET, body: new TextEncoder().encode(body), timestamp: NOW });
    return { body, headers, now: NOW };
  });
  const expected = [["evt_0", "é"], ["evt_1", "\uFFFD"], ["evt_2", "\uFFFD"], ["evt_3", "x"]];
  const read = (result: VerifyResult): unknown => {
    assert.ok(result.ok);
    const [event] = result.events;
    return [event?.id, (event?.payload as { note: string }).note];
  };
  assert.deepEqual(deliveries.map((delivery) => read(stripe.verify(delivery))), expected);
  assert.deepEqual(deliveries.map((delivery) => stripe.verify(delivery)).map(read), expected);
});

test("headers are found in every shape frameworks give them in, whatever the case of their names", () => {
  const shapes: HeadersLike[] = [
    { "stripe-signature": header },
    { "Stripe-Signature": header, host: undefined, "set-cookie": ["a", "b"] },
    new Headers({ "STRIPE-SIGNATURE": header }),
    new Map([["Stripe-Signature", header]]),
    [
      ["host", "shop.example"],
      ["Stripe-Signature", header],
    ],
  ];
  for (const headers of shapes) assert.equal(codeOf(stripe.verify({ body: BODY, headers, now: NOW })), "ok");
});

test("a header that arrived several times is refused, in every shape", () => {
  const shapes: HeadersLike[] = [
    { "stripe-signature": [header] },
    { "stripe-signature": [header, header] },
    { "stripe-signature": header, "Stripe-Signature": header },
    [
      ["stripe-signature", header],
      ["stripe-signature", header],
    ],
  ];
  for (const headers of shapes) {
    const result = stripe.verify({ body: BODY, headers, now: NOW });
    assert.equal(codeOf(result), "repeated_header");
    assert.match(result.ok ? "" : result.message, /came as a list of values, or several times: expected it once, as one text$/);
  }
});

test("a now in seconds is refused, instead of being a time in 1970", () => {
  for (const now of [NOW / 1000, 0, 99_999_999_999]) {
    const delivery = { body: BODY, headers: { "stripe-signature": header }, now };
    const result = stripe.verify(delivery);
    assert.ok(!result.ok && result.code === "time_not_milliseconds");
    assert.match(result.message, /^now: \d+ looks like seconds: /);
    assert.throws(() => diagnose(stripe, delivery), { code: "time_not_milliseconds" });
  }
});

test("an unknown scheme is told before missing secrets, with the name that was meant", () => {
  const loose = createVerifier as (options: object) => unknown;
  const table: [options: object, code: string, message: RegExp][] = [
    [{ scheme: "stripe" }, "unknown_scheme", /^no scheme is called "stripe": did you mean stripe-v1\? schemes\(\) lists/],
    [{ scheme: "Paddle", secrets: "" }, "unknown_scheme", /did you mean paddle-h1\?/],
    [{ scheme: "nobody" }, "unknown_scheme", /^no scheme is called "nobody": schemes\(\) lists/],
    [{ scheme: "stripe-v1" }, "missing_secret", /^no secret was given/],
    [{ scheme: "stripe-v1", secrets: "" }, "empty_secret", /index 0 is empty/],
    [{ scheme: "plaid-jwt-es256" }, "missing_option", /needs the option `jwk`/],
    [{ scheme: "wise-rsa-sha256", secrets: "" }, "missing_option", /needs the option `publicKeyPem`/],
    [{ scheme: "paypal-rsa-crc32", secrets: "1" }, "missing_option", /needs the option `certificatePem`/],
  ];
  for (const [options, code, message] of table) assert.throws(() => loose(options), { code, message });
});

test("a scheme whose key is an option needs no secrets", () => {
  const vectors = readFileSync("tests/vectors/webhooks.jsonl", "utf8").trim().split("\n").map((line) => JSON.parse(line) as Vector);
  const found = vectors.filter(({ scheme, expect }) => expect === "valid" && ["plaid-jwt-es256", "wise-rsa-sha256"].includes(scheme));
  assert.ok(found.some(({ jwk }) => jwk !== undefined) && found.some(({ public_key_pem: pem }) => pem !== undefined));
  for (const { id, scheme, headers, body, body_base64: base64, timestamp_now: now, jwk, public_key_pem: publicKeyPem } of found) {
    if (jwk === undefined && publicKeyPem === undefined) continue;
    const key = jwk === undefined ? { publicKeyPem: publicKeyPem as string } : { jwk };
    const delivery = { body: base64 === undefined ? (body ?? "") : Buffer.from(base64, "base64"), headers, now: now * 1000 };
    for (const secrets of [{}, { secrets: "" }, { secrets: [] }]) {
      assert.equal(codeOf(createVerifier({ scheme, ...key, ...secrets }).verify(delivery)), "ok", id);
    }
  }
});

test("a log shows what a refusal and an event are", () => {
  const genuine = stripe.verify({ body: BODY, headers: { "stripe-signature": header }, now: NOW });
  assert.ok(genuine.ok);
  assert.equal(inspect(genuine.events[0]), "{ id: 'evt_1', type: 'charge.succeeded', occurredAt: 1699999999000 }");
  const refused = stripe.verify({ body: `${BODY}\n`, headers: { "stripe-signature": header }, now: NOW });
  assert.ok(!refused.ok);
  const shown = inspect(refused);
  assert.match(shown, /code: 'signature_mismatch',\s+message:\s+'no signature matches/);
  assert.match(shown, /hint:\s+'The signature holds without the line feed at the end/);
  assert.doesNotMatch(shown, /whsec|evt_1/);
});

test("verify does not throw, whatever it is given", () => {
  const trap = new Proxy({}, { ownKeys: () => { throw new Error("trap"); } });
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  const hostile: unknown[] = [
    undefined, null, 0, 1n, "text", true, Symbol("s"), () => 1, [], [[]], [["a"]], [["a", "b", "c"]], [[1, 2]], cyclic, trap,
    { "stripe-signature": 7 }, { "stripe-signature": {} }, { "stripe-signature": null }, { "stripe-signature": "" },
    { "stripe-signature": "\ud800" }, { "stripe-signature": "\0" }, { "stripe-signature": "t=1,v1=\u00e9" },
    { "stripe-signature": "v1=".repeat(100_000) }, { "stripe-signature": [trap] }, { __proto__: null },
    new Headers(), new Map(), new Date(), new Uint8Array(4),
  ];
  for (const value of hostile) {
    const asHeaders = stripe.verify({ body: BODY, headers: value as HeadersLike, now: NOW });
    assert.equal(asHeaders.ok, false);
    assert.equal(typeof (asHeaders.ok ? undefined : asHeaders.message), "string");
    const asBody = stripe.verify({ body: value as string, headers: { "stripe-signature": header }, now: NOW });
    assert.equal(asBody.ok, false);
    // A time is not hostile when it is one, and none means now.
    if (value !== 0 && value !== undefined && value !== null) {
      assert.equal(stripe.verify({ body: BODY, headers: { "stripe-signature": header }, now: value as number }).ok, false);
    }
    assert.equal(stripe.verify(value as never).ok, false);
  }
});

test("a body that was parsed before is told so", () => {
  for (const body of [JSON.parse(BODY), [], undefined, null, 7]) {
    const result = stripe.verify({ body: body as string, headers: { "stripe-signature": header }, now: NOW });
    assert.ok(!result.ok && result.code === "body_not_bytes" && result.hint !== undefined);
    assert.equal(/was parsed/.test(result.hint), typeof body === "object" && body !== null);
  }
});

test("a verifier with bad options is refused when it is made", () => {
  const table: readonly (readonly [unknown, string])[] = [
    [{ scheme: "stripe", secrets: "s" }, "unknown_scheme"],
    [{ scheme: 7, secrets: "s" }, "text_expected"],
    [{ scheme: "stripe-v1" }, "missing_secret"],
    [{ scheme: "stripe-v1", secrets: [] }, "missing_secret"],
    [{ scheme: "stripe-v1", secrets: [" "] }, "empty_secret"],
    [{ scheme: "stripe-v1", secrets: [7n] }, "text_expected"],
    [{ scheme: "stripe-v1", secrets: Array(9).fill("s") }, "too_many_secrets"],
    [{ scheme: "standard-webhooks-v1", secrets: "whsec_?" }, "bad_secret"],
    [{ scheme: "stripe-v1", secrets: "s", toleranceSeconds: 1.5 }, "option_invalid"],
    [{ scheme: "stripe-v1", secrets: "s", toleranceSeconds: -1 }, "option_invalid"],
    [{ scheme: "stripe-v1", secrets: "s", toleranceSeconds: NaN }, "option_invalid"],
    [{ scheme: "stripe-v1", secrets: "s", tolerance: 1 }, "unknown_option"],
  ];
  for (const [options, code] of table) assert.equal(thrown(() => createVerifier(options as never)), code);
});

test("a key that is no JSON, and a file as long as a book in place of one, are no keys", () => {
  const cyclic: Record<string, unknown> = {};
  cyclic.x = cyclic;
  let deep: Record<string, unknown> = {};
  for (let level = 0; level < 100_000; level += 1) deep = { x: deep };
  const book = "x".repeat(1_000_000);
  const table: readonly (readonly [object, string])[] = [
    ...[cyclic, deep, { x: 1n }, { x: book }].map((jwk) => [{ scheme: "plaid-jwt-es256", jwk }, "bad_key"] as const),
    [{ scheme: "wise-rsa-sha256", publicKeyPem: book }, "bad_key"],
    [{ scheme: "paypal-rsa-crc32", secrets: "id", certificatePem: book }, "bad_key"],
    [{ scheme: "adyen-platform", secrets: book }, "bad_secret"],
  ];
  for (const [options, code] of table) assert.equal(thrown(() => createVerifier(options as never)), code);
});

test("a verifier outlives the instance it was made in", () => {
  const verifier = createVerifier({ scheme: "stripe-v1", secrets: ["old", SECRET] });
  const before = webhooks.generation;
  assert.throws(() => webhooks.raw(() => { throw new WebAssembly.RuntimeError("unreachable"); }));
  assert.equal(webhooks.generation, before + 1);
  const result = verifier.verify({ body: BODY, headers: { "stripe-signature": header }, now: NOW });
  assert.ok(result.ok && result.secretIndex === 1);
});

/** What some schemes need instead of the usual body. */
const BODIES: Record<string, string> = {
  "adyen-standard": '{"live":"false","notificationItems":[{"NotificationRequestItem":{"pspReference":"p1"}}]}',
  braintree: "bt_payload=PG4%2BCg%3D%3D",
  "midtrans-sha512": '{"order_id":"o1","status_code":"200","gross_amount":"10.00"}',
  "noon-sha512": '{"orderId":1,"orderStatus":"CAPTURED","eventId":"e1","eventType":"Capture","timeStamp":"2023"}',
  "novalnet-sha256": '{"event":{"type":"PAYMENT","tid":1},"result":{"status":"SUCCESS"}}',
  "nuvei-dmn-sha256": "totalAmount=1&currency=EUR&responseTimeStamp=2023&PPP_TransactionID=7&Status=APPROVED",
  "twilio-form": "CallSid=CA1&From=%2B14158675309",
};

test("every scheme verifies what it signs, and those of a private key say that nobody else signs", () => {
  for (const { name, signsUrl, headers, algorithm } of schemes()) {
    const secret = ["adyen-platform", "adyen-standard", "authorize-net-sha512"].includes(name) ? "00ff" : "d2hhdGV2ZXI=";
    const body = BODIES[name] ?? BODY;
    const digest = createHash("sha256").update(body).digest("hex");
    const url = `https://shop.example/hooks?bodySHA256=${digest}&data.id=1`;
    const options = { scheme: name, publicKeyId: "key", accessKey: "access" };
    const sign = () => signDelivery({ ...options, secret, body, id: "msg_1", url });
    if (algorithm === "public-key" || algorithm === "jws-es256") {
      assert.equal(thrown(sign), "cannot_sign", name);
      continue;
    }
    const signed = sign();
    assert.ok(Object.keys(signed.headers).every((header) => headers.includes(header)), name);
    const verifier = createVerifier({ ...options, secrets: secret, ...(signsUrl ? { url } : {}) });
    assert.equal(codeOf(verifier.verify(signed)), "ok", name);
    if (Object.keys(signed.headers).length === 0) {
      assert.equal(thrown(() => signWebhook({ ...options, secret, body, url })), "signature_in_body", name);
    }
  }
});

test("a delivery that is given no id has one where its scheme needs it", () => {
  for (const scheme of ["standard-webhooks-v1", "standard-webhooks-v1-utf8-key", "svix-v1", "github-sha256", "shopify", "razorpay"]) {
    const secret = "d2hhdGV2ZXI=";
    // Shopify gives one id to several topics, so its topic is part of what tells events apart.
    const headers = { ...signWebhook({ scheme, secret, body: BODY }), "x-shopify-topic": "orders/paid" };
    const result = createVerifier({ scheme, secrets: secret }).verify({ body: BODY, headers });
    assert.ok(result.ok, scheme);
    assert.equal(result.events[0]?.id, scheme === "shopify" ? "orders/paid:msg_test" : "msg_test", scheme);
  }
  assert.equal(thrown(() => signWebhook({ scheme: "stripe-v2", secret: SECRET, body: BODY })), "unknown_scheme");
});

test("integers are exact with and without the help of the platform", () => {
  const text = String.raw`{"a":[9007199254740993,-9007199254740993,1e20,1.12345678901234567,9007199254740991,"n9007199254740993"],"\"12345678901234567":"\\","__proto__":{"n1":12345678901234567890},"s":""}`;
  const withHelp = parseExact(text);
  const without = parseExact(text, false);
  assert.deepEqual(without, withHelp);
  const { a } = withHelp as { a: unknown[] };
  assert.deepEqual(a, [9007199254740993n, -9007199254740993n, 1e20, 1.12345678901234567, 9007199254740991, "n9007199254740993"]);
  assert.ok(Object.hasOwn(withHelp as object, "__proto__"));
  assert.equal(Object.getPrototypeOf(withHelp), Object.prototype);
  for (const bad of ["[012345678901234567]", "[12345678901234567", "nn12345678901234567", '"12345678901234567']) {
    assert.throws(() => parseExact(bad, false), SyntaxError);
    assert.throws(() => parseExact(bad), SyntaxError);
  }
});

test("a genuine body that is no JSON is told apart when its payload is read", () => {
  const signed = signWebhook({ scheme: "stripe-v1", secret: SECRET, body: "id=1", timestamp: NOW });
  const result = stripe.verify({ body: "id=1", headers: signed, now: NOW });
  assert.ok(result.ok);
  const [event] = result.events;
  assert.match(event?.id ?? "", /^sha256:[0-9a-f]{64}$/);
  assert.equal(event?.type, "unknown");
  assert.equal(thrown(() => event?.payload), "payload_not_json");
});
