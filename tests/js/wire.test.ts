import assert from "node:assert/strict";
import { test } from "node:test";

import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { decode, encode, open, utf8 } from "../../pkg/src/shell/wire.js";

const asText = (value: unknown): string => new TextDecoder().decode(encode(value));

test("a bigint crosses as its digits, in any depth", () => {
  assert.equal(asText({ a: 2n ** 63n, b: [1n, { c: -7n }] }), '{"a":"9223372036854775808","b":["1",{"c":"-7"}]}');
});

test("what is undefined is left out and what is null is kept", () => {
  assert.equal(asText({ a: undefined, b: null, c: false, d: 0, e: "" }), '{"b":null,"c":false,"d":0,"e":""}');
});

test("a number JSON cannot carry is refused by the name of its field", () => {
  for (const number of [NaN, Infinity, -Infinity]) {
    assert.throws(() => encode({ amount: number }), (error) => {
      assert.ok(isTillproofError(error));
      assert.equal(error.code, "number_not_finite");
      assert.equal(error.message, `amount is ${number}: expected a number JSON can carry`);
      return true;
    });
  }
});

test("a value without a JSON form is refused", () => {
  for (const value of [undefined, () => 1, Symbol("x")]) {
    assert.throws(() => encode(value), (error) => isTillproofError(error) && error.code === "value_not_json");
  }
});

test("what was encoded is decoded to the same", () => {
  const document = { text: "€ \u0000 \uFEFF \u{1F4B6}", list: [1, [2, {}]], none: null };
  assert.deepEqual(decode(encode(document)), document);
});

test("bytes that are not UTF-8 are not decoded to something else", () => {
  assert.throws(() => decode(new Uint8Array([0x22, 0xff, 0x22])), TypeError);
});

test("an envelope gives its value or throws its error", () => {
  assert.deepEqual(open(utf8('{"ok":{"a":"1"}}')), { a: "1" });
  assert.equal(open(utf8('{"ok":null}')), null);
  const refused = '{"error":{"code":"c","message":"m","advice":"wait","details":{"found":"f"}}}';
  assert.throws(() => open(utf8(refused)), (error) => {
    assert.ok(isTillproofError(error));
    assert.deepEqual(error.toJSON(), { code: "c", message: "m", advice: "wait", details: { found: "f" } });
    return true;
  });
});
