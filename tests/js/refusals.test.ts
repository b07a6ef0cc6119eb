import assert from "node:assert/strict";
import { test } from "node:test";

import * as full from "../../pkg/wasm/refusals.full.js";
import * as short from "../../pkg/wasm/refusals.short.js";

/** What stands in the braces of a sentence, in order. */
const facts = (sentence: string): string[] => [...sentence.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);

for (const table of ["refusals", "reasons"] as const) {
  test(`${table}: a bundle says the same codes and facts as a server, line by line`, () => {
    assert.ok(full[table].length > 4);
    const shape = (lines: typeof full.refusals) => lines.map(([code, sentence]) => [code, ...facts(sentence)]);
    assert.deepEqual(shape(short[table]), shape(full[table]));
  });
}

test("the short form is the code in words, with each fact under its name", () => {
  const said = new Map(short.refusals);
  assert.equal(said.get("signature_mismatch"), "signature mismatch");
  assert.equal(said.get("malformed_header"), "malformed header: header {header}, expected {expected}");
  assert.equal(said.get("timestamp_too_old"), "timestamp too old: found {found}, tolerance {tolerance}");
});
