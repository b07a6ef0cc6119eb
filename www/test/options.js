// What a visitor pastes beside the secret, as options of a verifier.
import assert from "node:assert/strict";
import { test } from "node:test";

import { createVerifier } from "tillproof/webhooks";
import { sourceOf } from "./source.js";

/** An Ed25519 key, made for this test; the last line looks like a name and a value. */
const PEM = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE\nabcd=\n-----END PUBLIC KEY-----";
const JWK = { kty: "EC", crv: "P-256", x: "rC2IjphegJuTn4-v3buWYIBSi3Zcq9csoF-Yb4E1qYQ", y: "V1yi3w9ZH1bAxv1XdFtBtdkChHthB4dymFs8p3J7uO4" };

test("options are read line by line, and a key of several lines is one value", async () => {
  const { optionsIn } = await sourceOf("desk/options.ts");
  assert.deepEqual(optionsIn(""), {});
  assert.deepEqual(optionsIn("  toleranceSeconds = 600\nstrict=true\n\naccessKey=a=b\n"), { toleranceSeconds: 600, strict: true, accessKey: "a=b" });
  assert.deepEqual(optionsIn(`publicKeyPem=${PEM}\ntoleranceSeconds=60`), { publicKeyPem: PEM, toleranceSeconds: 60 });
  assert.deepEqual(optionsIn(`jwk=${JSON.stringify(JWK, null, 2)}\nstrict=false`), { jwk: JWK, strict: false });
  assert.throws(() => optionsIn("jwk=mine"), /jwk is not a JSON document/);
  assert.throws(() => optionsIn("strict=yes"), /strict is yes: write true or false/);
  // The package says which names it knows.
  assert.deepEqual(optionsIn("public_key_id=x"), { public_key_id: "x" });
});

test("a verifier is made of a key as it was pasted", async () => {
  const { optionsIn } = await sourceOf("desk/options.ts");
  const verifier = createVerifier({ scheme: "plaid-jwt-es256", secrets: "", ...optionsIn(`jwk=${JSON.stringify(JWK, null, 2)}`) });
  assert.equal(verifier.verify({ body: "{}", headers: {} }).ok, false);
});
