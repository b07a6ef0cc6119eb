import assert from "node:assert/strict";
import { test } from "node:test";

import { payments } from "../../pkg/src/shell/payments.js";
import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { webhooks } from "../../pkg/src/shell/webhooks.js";
import { encode } from "../../pkg/src/shell/wire.js";

/** The glue asks the allocator for as many bytes as this says it has, which no allocator can serve: a real trap. */
const IMPOSSIBLE = { length: 2 ** 32 - 1 } as unknown as Uint8Array;

const code = (expected: string) => (error: unknown): boolean => isTillproofError(error) && error.code === expected;

test("a trap in the real module is one typed error, and the next call has a fresh instance", () => {
  const before = webhooks.invoke<unknown[]>((exports) => exports.webhooks_schemes());
  assert.ok(before.length > 0);
  for (const generation of [1, 2, 3]) {
    assert.throws(() => webhooks.invoke((exports) => exports.webhooks_verifier(IMPOSSIBLE)), code("internal_trap"));
    assert.equal(webhooks.generation, generation);
    assert.deepEqual(webhooks.invoke((exports) => exports.webhooks_schemes()), before);
  }
});

test("a handle of the dead instance is refused by the fresh one", () => {
  const options = encode({ scheme: "stripe-v1", secrets: ["whsec_test"] });
  const handle = webhooks.invoke<number>((exports) => exports.webhooks_verifier(options));
  assert.throws(() => webhooks.invoke((exports) => exports.webhooks_verifier(IMPOSSIBLE)), code("internal_trap"));
  const request = encode({ headers: [], now: 0 });
  assert.throws(() => webhooks.invoke((exports) => exports.webhooks_verify(handle, request, options)), code("unknown_handle"));
});

test("artefacts trap apart", () => {
  const generation = payments.generation;
  assert.throws(() => webhooks.invoke((exports) => exports.webhooks_verifier(IMPOSSIBLE)), code("internal_trap"));
  assert.equal(payments.generation, generation);
  assert.ok(payments.invoke<unknown[]>((exports) => exports.payments_profiles()).length > 0);
});

test("what the engine refuses arrives as the one error class", () => {
  assert.throws(
    () => payments.invoke((exports) => exports.payments_derive_key(encode({ secret: 7 }))),
    (error) => {
      assert.ok(isTillproofError(error));
      assert.equal(error.code, "field_invalid");
      assert.equal(error.advice, "fix_call");
      assert.notDeepEqual(error.details, {});
      return true;
    },
  );
});
