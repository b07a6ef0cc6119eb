import assert from "node:assert/strict";
import { test } from "node:test";

import * as parts from "../../pkg/src/shell/webhooks-full-parts.js";
import { provideFullWebhooks } from "../../pkg/src/shell/webhooks-full.js";
import { signWebhook } from "../../pkg/src/testing/index.js";
import { createVerifier, diagnose, type Delivery, type Verifier } from "../../pkg/src/webhooks/index.js";

const NOW = 1_700_000_000_000;
const SECRET = "whsec_test";
const EVENT = JSON.stringify({ id: "evt_1", type: "charge.succeeded", livemode: false, data: { amount: 1000 } }, null, 2);
const headers = signWebhook({ scheme: "stripe-v1", secret: SECRET, body: EVENT, timestamp: NOW });

const stripe = (secrets = SECRET): Verifier => createVerifier({ scheme: "stripe-v1", secrets });
const compacted: Delivery = { body: JSON.stringify(JSON.parse(EVENT)), headers, now: NOW };

test("without the file that finds causes there is a verdict and no hint", () => {
  const result = stripe().verify(compacted);
  assert.ok(!result.ok && result.code === "signature_mismatch" && result.hint === undefined);
  assert.throws(() => diagnose(stripe(), compacted), { code: "scheme_not_loaded" });
  provideFullWebhooks(parts);
  assert.notEqual(diagnose(stripe(), compacted), undefined);
});

test("a refusal says what happened and what to do", () => {
  const result = stripe().verify(compacted);
  assert.ok(!result.ok);
  assert.equal(
    result.hint,
    "The body was parsed and written again before it was verified: the signature holds for the same document indented by " +
      'two spaces. Give this route the body as bytes before any parser runs, for example with express.raw({ type: "*/*" }), ' +
      "await request.arrayBuffer() or Fastify's rawBody, and parse after verifying.",
  );
  assert.deepEqual(diagnose(stripe(), compacted), {
    code: "body_reserialised",
    confidence: "proven",
    sentence:
      "the body was parsed and written again before it was verified: the signature holds for the same document indented by " +
      "two spaces",
    fix:
      'give this route the body as bytes before any parser runs, for example with express.raw({ type: "*/*" }), await ' +
      "request.arrayBuffer() or Fastify's rawBody, and parse after verifying",
    details: { original: "the same document indented by two spaces" },
  });
});

test("a hint is found when it is asked for, once, and is not written down with the result", () => {
  const verifier = stripe();
  const result = verifier.verify(compacted);
  assert.ok(!result.ok);
  const { hint } = result;
  for (let read = 0; read < 50; read += 1) assert.equal(result.hint, hint);
  assert.notEqual(diagnose(verifier, compacted), undefined);
  assert.deepEqual(Object.keys(JSON.parse(JSON.stringify(result)) as object), ["ok", "code", "message"]);
});

test("headers are read in every shape frameworks give them in", () => {
  const shapes: Delivery["headers"][] = [
    headers,
    new Headers(headers),
    Object.entries(headers),
    new Map(Object.entries(headers)),
    { ...headers, "set-cookie": ["a", "b"], missing: undefined },
  ];
  for (const shape of shapes) {
    assert.equal(diagnose(stripe(), { ...compacted, headers: shape })?.code, "body_reserialised");
  }
});

test("what a server must not do with its body is told apart", () => {
  const bodies: [body: unknown, hint: RegExp][] = [
    [JSON.parse(EVENT), /was parsed before/],
    [undefined, /no body here/],
    [null, /no body here/],
    [Promise.resolve(EVENT), /is a promise/],
    [new Response(EVENT).body, /is a stream/],
  ];
  for (const [body, hint] of bodies) {
    const result = stripe().verify({ ...compacted, body: body as string });
    assert.ok(!result.ok && result.code === "body_not_bytes");
    assert.match(result.hint ?? "", hint);
  }
});

test("a sender cannot keep a server busy with diagnoses", () => {
  const verifier = stripe();
  const hints = (count: number, now: number): number => {
    const results = Array.from({ length: count }, () => verifier.verify({ ...compacted, now }));
    return results.filter((result) => !result.ok && result.hint !== undefined).length;
  };
  assert.equal(hints(50, NOW), 10);
  assert.equal(hints(50, NOW + 1_999), 0);
  assert.equal(hints(50, NOW + 6_000), 3);
  assert.equal(diagnose(verifier, { ...compacted, now: NOW + 6_000 }), undefined);
  // Another verifier has its own.
  assert.notEqual(diagnose(stripe(), compacted), undefined);
});

test("a result that nobody asks costs no diagnosis", () => {
  const verifier = stripe();
  for (let delivery = 0; delivery < 50; delivery += 1) verifier.verify(compacted);
  assert.notEqual(diagnose(verifier, compacted), undefined);
});

test("nothing of a secret or a body is in a diagnosis", () => {
  const deliveries: [verifier: Verifier, delivery: Delivery][] = [
    [stripe("whsec_hush_hush"), compacted],
    [stripe('"whsec_test"'), { ...compacted, body: EVENT }],
    [stripe("sk_live_hush_hush"), compacted],
    [stripe(), { ...compacted, body: `${EVENT}\nevt_2` }],
  ];
  for (const [verifier, delivery] of deliveries) {
    const text = JSON.stringify(diagnose(verifier, delivery));
    assert.doesNotMatch(text, /hush|whsec_test|evt_|charge|1000/);
  }
});

test("a genuine delivery, and one whose refusal says it all, have no diagnosis", () => {
  assert.equal(diagnose(stripe(), { ...compacted, body: EVENT }), undefined);
  const long = { "stripe-signature": "x".repeat(5_000) };
  assert.equal(diagnose(stripe(), { ...compacted, headers: long }), undefined);
});

test("what cannot be diagnosed is said, and is no hint", () => {
  const foreign = { scheme: "stripe-v1", verify: () => ({ ok: false, code: "c", message: "m" }) } as unknown as Verifier;
  assert.throws(() => diagnose(foreign, compacted), { code: "argument_invalid" });
  assert.throws(() => diagnose(stripe(), { ...compacted, body: {} as string }), { code: "bytes_expected" });
  assert.throws(() => diagnose(stripe(), { ...compacted, now: Number.NaN }), { code: "time_not_milliseconds" });
  assert.throws(() => diagnose(stripe(), null as unknown as Delivery), { code: "argument_invalid" });
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  for (const none of ["", "t=1,v1=00", undefined, null, 7, [1, 2], proxy]) {
    const unreadable = { ...compacted, headers: none as unknown as Delivery["headers"] };
    assert.throws(() => diagnose(stripe(), unreadable), { code: "headers_not_readable" });
  }
  const throwing = { [Symbol.iterator]: () => assert.fail("no headers") } as unknown as Delivery["headers"];
  const result = stripe().verify({ ...compacted, headers: throwing });
  assert.ok(!result.ok && result.hint === undefined);
});

test("a delivery that can be read once has a refusal and no hint, and nothing is thrown", () => {
  let read = 0;
  const once = {
    ...compacted,
    get body() {
      read += 1;
      return read === 1 ? compacted.body : assert.fail("read again");
    },
  };
  const result = stripe().verify(once);
  assert.ok(!result.ok && result.code === "signature_mismatch");
  assert.equal(result.hint, undefined);
  assert.equal(read, 2);
});
