import assert from "node:assert/strict";
import { test } from "node:test";

import { paymentsTables } from "../../pkg/src/shell/payments-tables.js";
import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { webhooks } from "../../pkg/src/shell/webhooks.js";
import { encode, utf8 } from "../../pkg/src/shell/wire.js";
import { Door } from "../../pkg/src/webhooks/door.js";

/** More bytes than any allocator can serve: a real trap. */
const IMPOSSIBLE = 2 ** 32 - 1;

const code = (expected: string) => (error: unknown): boolean => isTillproofError(error) && error.code === expected;

test("a trap in the real module is one typed error, and the next call has a fresh instance", () => {
  for (const generation of [1, 2, 3]) {
    assert.throws(() => webhooks.raw((exports) => exports.webhooks_text(IMPOSSIBLE)), code("internal_trap"));
    assert.equal(webhooks.generation, generation);
    assert.ok(webhooks.raw((exports) => exports.webhooks_area()) > 0);
  }
});

test("a handle of the dead instance finds nothing in the fresh one", () => {
  const door = new Door(webhooks);
  const opened = door.open(new Uint8Array([0, 9, 0, 0, 0, ...utf8("stripe-v1"), 1, 1, 0, 0, 0, 115]), "stripe-v1");
  assert.throws(() => webhooks.raw((exports) => exports.webhooks_text(IMPOSSIBLE)), code("internal_trap"));
  const claim = { content: "{}", headers: [undefined], url: undefined, now: 0 };
  assert.ok("code" in door.verify(opened, claim));
});

test("artefacts trap apart", () => {
  const generation = paymentsTables.generation;
  assert.throws(() => webhooks.raw((exports) => exports.webhooks_text(IMPOSSIBLE)), code("internal_trap"));
  assert.equal(paymentsTables.generation, generation);
  assert.ok(paymentsTables.invoke<string>((exports) => exports.payments_random_key(encode({ version: 4, entropy: "0f".repeat(16), now: 0 }))).length > 0);
});

test("what the engine refuses arrives as the one error class", () => {
  assert.throws(
    () => paymentsTables.invoke((exports) => exports.payments_derive_key(encode({ secret: 7 }))),
    (error) => {
      assert.ok(isTillproofError(error));
      assert.equal(error.code, "field_invalid");
      assert.equal(error.advice, "fix_call");
      assert.notDeepEqual(error.details, {});
      return true;
    },
  );
});
