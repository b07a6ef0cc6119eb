import assert from "node:assert/strict";
import { test } from "node:test";
import { runInNewContext } from "node:vm";

import { isTillproofError, type TillproofError } from "../../pkg/src/shell/errors.js";
import { amountDigits, bytes, count, flag, fn, list, object, onlyKnown, optionalText, text, timeMs } from "../../pkg/src/shell/guard.js";

/** The error a call throws; a call that returns is a failure. */
function refusal(call: () => unknown): TillproofError {
  let answer: unknown;
  try {
    answer = call();
  } catch (error) {
    assert.ok(isTillproofError(error), `threw ${String(error)}`);
    assert.equal(error.advice, "fix_call");
    return error;
  }
  return assert.fail(`accepted as ${String(answer)}`);
}

test("amounts are taken as bigint, safe integer or canonical digits", () => {
  const table: [unknown, string][] = [
    [0, "0"],
    [-0, "0"],
    [1050, "1050"],
    [Number.MAX_SAFE_INTEGER, "9007199254740991"],
    [0n, "0"],
    [2n ** 63n - 1n, "9223372036854775807"],
    ["0", "0"],
    ["1050", "1050"],
    ["9223372036854775807", "9223372036854775807"],
  ];
  for (const [given, digits] of table) assert.equal(amountDigits("amount", given), digits);
});

test("everything else is refused as an amount, with the code the engine would use", () => {
  const table: [unknown, string, string][] = [
    [-1, "amount_not_an_integer", "-1"],
    [-1n, "amount_not_an_integer", "-1"],
    [1.5, "amount_not_an_integer", "1.5"],
    [NaN, "amount_not_an_integer", "NaN"],
    [Infinity, "amount_not_an_integer", "Infinity"],
    [2 ** 53, "amount_unsafe_number", "9007199254740992"],
    [2n ** 63n, "amount_too_large", "9223372036854775808"],
    [2n ** 64n + 7n, "amount_too_large", "18446744073709551623"],
    ["9223372036854775808", "amount_too_large", '"9223372036854775808"'],
    ["1".repeat(1_000_000), "amount_too_large", `"${"1".repeat(40)}"…`],
    ["", "amount_not_an_integer", '""'],
    ["-1", "amount_not_an_integer", '"-1"'],
    ["+1", "amount_not_an_integer", '"+1"'],
    ["1e3", "amount_not_an_integer", '"1e3"'],
    ["0x10", "amount_not_an_integer", '"0x10"'],
    ["01", "amount_not_an_integer", '"01"'],
    [" 1", "amount_not_an_integer", '" 1"'],
    ["1\n", "amount_not_an_integer", '"1\\n"'],
    ["1_000", "amount_not_an_integer", '"1_000"'],
    ["١٢", "amount_not_an_integer", '"١٢"'],
    [true, "amount_not_an_integer", "true"],
    [null, "amount_not_an_integer", "null"],
    [undefined, "amount_not_an_integer", "undefined"],
    [{ valueOf: () => 5 }, "amount_not_an_integer", "a value of type Object"],
    [[5], "amount_not_an_integer", "a value of type Array"],
    [Symbol("5"), "amount_not_an_integer", "a value of type Symbol"],
    [new Number(5), "amount_not_an_integer", "a value of type Number"],
  ];
  for (const [given, code, found] of table) {
    const error = refusal(() => amountDigits("amount", given));
    assert.equal(error.code, code, String(error.message));
    assert.deepEqual(error.details, { argument: "amount", found });
    assert.ok(error.message.startsWith("amount: "), error.message);
    assert.ok(error.message.includes(found), error.message);
  }
});

test("a refusal says what was found, what was expected and what to do", () => {
  const messages = [
    () => amountDigits("amount", 1.5),
    () => amountDigits("amount", 2 ** 53),
    () => amountDigits("amount", 2n ** 63n),
    () => timeMs("now", new Date(0)),
    () => text("scheme", 7),
    () => bytes("body", 7),
    () => bytes("body", { id: 1 }),
    () => text("reference", "caf\ud83d"),
    () => count("limit", -1),
    () => count("timeoutMs", "5", 1),
    () => flag("strict", "yes"),
    () => fn("handler", 7),
    () => list("postings", { length: 1 } as never),
    () => object("options", new Map()),
    () => onlyKnown("options", { secret: 1, ["epohc\n".repeat(100)]: 2 } as { secret: number; epoch?: number }, ["secret", "epoch"]),
  ].map((call) => refusal(call).message);
  assert.deepEqual(messages, [
    "amount: 1.5 is not an amount: expected minor units as a bigint, a safe integer or plain digits, without sign, fraction or space",
    "amount: the number 9007199254740992 is beyond 9007199254740991, where JavaScript begins to round: pass a bigint or a string of digits",
    "amount: 9223372036854775808 minor units are too many: at most 9223372036854775807 are kept",
    "now: a value of type Date is not a time: expected whole milliseconds since 1970 as a number, such as Date.now() or date.getTime()",
    "scheme: 7 is not a string: pass the text itself",
    "body: 7 is not bytes: expected a Uint8Array, an ArrayBuffer or a string",
    'body: a value of type Object is not bytes: expected a Uint8Array, an ArrayBuffer or a string; if a body parser ran before, hand over the raw body instead, for example with express.raw({ type: "*/*" })',
    'reference: "caf\\ud83d" holds half a surrogate pair: pass text as it came, not cut',
    "limit: -1 is not a count: expected a whole number from 0",
    'timeoutMs: "5" is not a count: expected a whole number from 1',
    'strict: "yes" is neither true nor false',
    "handler: 7 is not a function",
    "postings: a value of type Object is not an array",
    "options: a value of type Map is not an object of named values",
    'options: "epohc\\nepohc\\nepohc\\nepohc\\nepohc\\nepohc\\nepoh"… is not known here: remove it or mend its name, one of secret, epoch',
  ]);
});

test("times are whole milliseconds up to the year 9999", () => {
  for (const given of [0, 1, 1_770_000_000_000, 253_402_300_799_999]) assert.equal(timeMs("now", given), given);
  assert.ok(Object.is(timeMs("now", -0), 0));
  for (const given of [-1, 0.5, NaN, Infinity, 253_402_300_800_000, 2 ** 53, 5n, "5", new Date(), null, undefined]) {
    assert.equal(refusal(() => timeMs("now", given)).code, "time_not_milliseconds");
  }
});

test("texts are strings and nothing else", () => {
  assert.equal(text("scheme", ""), "");
  for (const given of [1, 1n, null, undefined, {}, new String("x")]) {
    assert.equal(refusal(() => text("scheme", given)).code, "text_expected");
  }
});

test("texts are whole characters, also those of two units", () => {
  for (const given of ["\u{1f980}", "a\u{10ffff}", "\uffff", "\u0000"]) assert.equal(text("name", given), given);
  for (const given of ["\ud83d", "\udd80", "\udd80\ud83d", "a\ud83db"]) {
    assert.equal(refusal(() => text("name", given)).code, "text_not_unicode");
  }
  assert.equal(optionalText("name", undefined), undefined);
  assert.equal(refusal(() => optionalText("name", null)).code, "text_expected");
});

test("objects are options of any realm and class, with known names only where that is asked", () => {
  class Options {
    readonly seed = 1;
  }
  const bare = Object.assign(Object.create(null) as object, { seed: 1 });
  for (const given of [{ seed: 1 }, new Options(), bare, runInNewContext("({ seed: 1 })") as { seed: number }]) {
    assert.equal(object("options", given), given);
    assert.equal(onlyKnown("options", given as { seed: number }, ["seed"]), given);
    assert.equal(refusal(() => onlyKnown("options", given as { sed?: number }, ["sed"])).code, "unknown_option");
  }
  for (const given of [null, undefined, [], () => 1, new Date(), "text", 7n]) {
    assert.equal(refusal(() => onlyKnown("options", given as { seed?: number }, ["seed"])).code, "argument_invalid");
  }
});

test("bytes come from arrays of any realm, buffers and strings, exactly", () => {
  const foreign = runInNewContext("new Uint8Array([1, 2, 255])") as Uint8Array;
  assert.ok(!(foreign instanceof Uint8Array));
  const window = new Uint8Array([9, 1, 2, 255, 9]).subarray(1, 4);
  for (const given of [foreign, window, Buffer.from([1, 2, 255]), new Uint8Array([1, 2, 255]).buffer]) {
    assert.deepEqual([...bytes("body", given)], [1, 2, 255]);
  }
  assert.deepEqual([...bytes("body", "€")], [0xe2, 0x82, 0xac]);
  assert.deepEqual([...bytes("body", "")], []);
});

test("what wasm-bindgen would turn into garbage is refused as bytes", () => {
  const impostor = { length: 2, 0: 300, 1: -1 };
  const dressed = Object.defineProperty({ length: 3 }, Symbol.toStringTag, { value: "Uint8Array" });
  const forged = { [Symbol.toStringTag]: "ArrayBuffer", byteLength: 3 };
  const wide = new Uint16Array([1, 2]);
  const gone = new Uint8Array(8);
  structuredClone(gone.buffer, { transfer: [gone.buffer] });
  for (const given of [gone, gone.buffer, impostor, dressed, forged, wide, new DataView(new ArrayBuffer(2)), [1, 2], { id: 1 }, 1, null, undefined]) {
    assert.equal(refusal(() => bytes("body", given)).code, "bytes_expected");
  }
});

test("no refusal shows the inside of an object", () => {
  const secret = { apiKey: "sk_live_1", toString: () => "sk_live_1" };
  for (const call of [() => amountDigits("a", secret), () => text("a", secret), () => bytes("a", secret), () => timeMs("a", secret)]) {
    assert.ok(!JSON.stringify(refusal(call)).includes("sk_live_1"));
  }
});
