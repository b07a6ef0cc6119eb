import assert from "node:assert/strict";
import { test } from "node:test";

import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { decode, encode, open, openText, utf8 } from "../../pkg/src/shell/wire.js";

const EXPECTED = "expected plain objects, lists, strings, numbers, booleans and null";

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

test("a refusal says where, what was found and what was expected", () => {
  const circle: Record<string, unknown> = {};
  circle["around"] = [circle];
  const nested = (depth: number): unknown => (depth === 0 ? {} : { in: nested(depth - 1) });
  const table: readonly [unknown, string, string][] = [
    [{ a: [{ b: Number.NaN }] }, "number_not_finite", "a.0.b is NaN: expected a number JSON can carry"],
    [{ a: ["caf\ud83d"] }, "text_not_unicode", "a.0 is text with half a surrogate pair: pass it as it came, not cut"],
    [undefined, "value_not_json", `the value is undefined: ${EXPECTED}`],
    [{ a: {}, b: new Map() }, "value_not_json", `b is a value of type Map: ${EXPECTED}`],
    [{ a: new String("boxed") }, "value_not_json", `a is a value of type String: ${EXPECTED}`],
    [{ a: new Date(Number.NaN) }, "value_not_json", `a is a value of type Date: ${EXPECTED}`],
    [{ a: { toJSON: () => undefined } }, "value_not_json", `a is an instance of a class: ${EXPECTED}`],
    [{ a: [1, , 3] }, "value_not_json", `a.1 is undefined: ${EXPECTED}`],
    [circle, "value_not_json", `around.0 is inside itself: ${EXPECTED}`],
    [{ a: { get b() { throw new TypeError("mine"); } } }, "value_not_json", `a is not readable: ${EXPECTED}`],
    [{ a: { toJSON: () => { throw new Error("mine"); } } }, "value_not_json", `the value is not readable: ${EXPECTED}`],
    [{ ["k".repeat(1_000_000)]: () => 1 }, "value_not_json", `${"k".repeat(80)} is a value of type Function: ${EXPECTED}`],
    [nested(64), "json_too_deep", `${"in.".repeat(27).slice(0, 80)} is nested too deeply: at most 64 levels can be read`],
  ];
  for (const [given, code, message] of table) {
    assert.throws(() => encode(given), (error) => {
      assert.ok(isTillproofError(error));
      assert.deepEqual([error.code, error.message, error.advice], [code, message, "fix_call"]);
      return true;
    });
  }
  assert.equal(asText(nested(63)).length, 63 * '{"in":}'.length + 2);
});

test("what occurs twice, without standing inside itself, is written twice", () => {
  const shared = { s: [1] };
  assert.equal(asText({ a: shared, b: [shared, shared], c: 1 }), '{"a":{"s":[1]},"b":[{"s":[1]},{"s":[1]}],"c":1}');
});

test("what says itself how it looks in JSON is asked, and objects without a prototype are plain", () => {
  const bare = Object.assign(Object.create(null) as object, { n: 1n });
  assert.equal(asText({ at: new Date(0), bare, own: { toJSON: () => [1] } }), '{"at":"1970-01-01T00:00:00.000Z","bare":{"n":"1"},"own":[1]}');
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

test("an error of a wordless artefact is said in the sentence of its code", () => {
  const answer = (code: string, details: Record<string, string>): string => JSON.stringify({ error: { code, advice: "wait", details } });
  const sentences = { odd: 'the field {"field"} holds {found}, and {nothing}' };
  const said = (text: string): string => {
    try {
      openText(text, sentences);
    } catch (error) {
      return (error as Error).message;
    }
    return "fine";
  };
  assert.equal(said(answer("odd", { field: 'a"b', found: "7" })), 'the field "a\\"b" holds 7, and nothing');
  assert.equal(said(answer("of another version", {})), "of another version");
  assert.equal(said(JSON.stringify({ error: { code: "odd", message: "in its own words", advice: "wait", details: {} } })), "in its own words");
  assert.equal(openText(`{"ok":7}`, sentences), 7);
});
