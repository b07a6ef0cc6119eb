import assert from "node:assert/strict";
import { test } from "node:test";

import { isTillproofError, TillproofError } from "../../pkg/src/shell/errors.js";

const refused = new TillproofError({ code: "a_code", message: "A sentence.", details: { found: "x" } });

test("an error carries code, sentence, advice and details", () => {
  assert.equal(refused.name, "TillproofError");
  assert.equal(refused.code, "a_code");
  assert.equal(refused.message, "A sentence.");
  assert.equal(refused.advice, "fix_call");
  assert.deepEqual(refused.details, { found: "x" });
  assert.ok(refused instanceof Error);
});

test("an error has a wire form without its stack", () => {
  assert.equal(
    JSON.stringify(refused),
    '{"code":"a_code","message":"A sentence.","advice":"fix_call","details":{"found":"x"}}',
  );
});

test("an error of another copy of the package is recognised", () => {
  const other = Object.assign(new Error("A sentence."), { [Symbol.for("tillproof.error")]: true });
  assert.ok(isTillproofError(refused));
  assert.ok(isTillproofError(other));
  assert.ok(!(other instanceof TillproofError));
});

test("what merely looks like one is not recognised", () => {
  for (const stranger of [null, undefined, "TillproofError", 1, {}, new Error("x"), { code: "a_code", name: "TillproofError" }]) {
    assert.ok(!isTillproofError(stranger));
  }
});

test("the cause is kept where there is one and absent where there is none", () => {
  const cause = new RangeError("why");
  assert.equal(new TillproofError({ code: "c", message: "m", cause }).cause, cause);
  assert.ok(!("cause" in refused));
});
