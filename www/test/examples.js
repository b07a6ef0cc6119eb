// The examples of the webhook desk, scheme by scheme, with the package as it is shipped.
import assert from "node:assert/strict";
import { test } from "node:test";

import { signDelivery } from "tillproof/testing";
import { createVerifier, schemes } from "tillproof/webhooks";
import { sourceOf } from "./source.js";

/** Schemes of which no example can be made here, and why. */
const WITHOUT = {
  cannot_sign: /ed25519|rsa|ecdsa|es256|-v1a$/,
  missing_option: /^rapyd$/,
  missing_field: /^(braintree|midtrans-sha512|noon-sha512|novalnet-sha256|nuvei-dmn-sha256|twilio-body)$/,
};

test("every example of every scheme is what its button says", async () => {
  const { exampleOf, EXAMPLE_URL } = await sourceOf("desk/example.ts");
  const now = Date.now();
  let tried = 0;
  for (const { name, signsUrl, signsTime, strength } of schemes()) {
    const verdict = (kind) => {
      const { secret, headers, body } = exampleOf(kind, name, signDelivery, now);
      const verifier = createVerifier({ scheme: name, secrets: secret, ...(signsUrl ? { url: EXAMPLE_URL } : {}) });
      const pairs = headers.split("\n").filter((line) => line.includes(":"));
      return verifier.verify({ body, headers: pairs.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]), now });
    };
    try {
      const genuine = verdict("genuine");
      assert.ok(genuine.ok, `${name}: ${genuine.message}`);
    } catch (error) {
      assert.match(name, WITHOUT[error.code] ?? /^$/, `${name}: ${error.message}`);
      continue;
    }
    tried += 1;
    assert.equal(verdict("wrong-secret").ok, false, `${name} with another secret`);
    if (strength === "signed_body") assert.equal(verdict("reserialised").ok, false, `${name} printed again`);
    if (name === "stripe-v1") assert.ok(signsTime && !verdict("old").ok);
  }
  assert.ok(tried > 40, `${tried} schemes were tried`);
});
