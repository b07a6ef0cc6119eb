import assert from "node:assert/strict";
import { test } from "node:test";

import { isTillproofError } from "../../pkg/src/shell/errors.js";
import { provided, provideWasm } from "../../pkg/src/slim/provided.js";

const module = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
const code = (expected: string) => (error: unknown): boolean => isTillproofError(error) && error.code === expected;

test("an artefact without a module says which call is missing", () => {
  assert.throws(provided("simulator"), code("module_not_provided"));
});

test("the first module of an artefact is the one that counts", () => {
  provideWasm("ledger", module);
  provideWasm("ledger", new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])));
  assert.equal(provided("ledger")(), module);
});

test("what is no module is refused at once", () => {
  for (const stranger of [undefined, null, "AGFzbQEAAAA=", new Uint8Array(8), {}]) {
    assert.throws(() => provideWasm("webhooks", stranger as WebAssembly.Module), code("module_expected"));
  }
  assert.throws(provided("webhooks"), code("module_not_provided"));
});
