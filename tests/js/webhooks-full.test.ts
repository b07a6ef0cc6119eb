import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { TillproofError } from "../../pkg/src/shell/errors.js";
import { VERSION } from "../../pkg/src/shell/version.js";
import { artefactInstead, fullWebhooks, provideFullWebhooks, type FullGlue } from "../../pkg/src/shell/webhooks-full.js";

/** Stands in for the generated module: what it exports does not matter here, only which one is taken. */
const glue = (name: string): FullGlue => ({ initSync: () => undefined, __wbg_reset_state: () => undefined, name }) as unknown as FullGlue;
const source = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
const refused = (code: string): TillproofError => new TillproofError({ code, message: code });

test("where the artefact cannot be found, the error names the one line to add", () => {
  // This file is a bundle outside of the package, and sees what a merchant's bundle sees.
  for (const ask of [fullWebhooks, () => artefactInstead(refused("scheme_not_loaded"))]) {
    assert.throws(ask, (error: TillproofError) => {
      assert.equal(error.code, "scheme_not_loaded");
      assert.match(error.message, /add the line import "tillproof\/webhooks\/full";/);
      return true;
    });
  }
});

test("the first that is provided is the one for the whole process, also for another copy of the shell", () => {
  provideFullWebhooks({ glue: glue("first"), source });
  provideFullWebhooks({ glue: glue("second"), source });
  const artefact = fullWebhooks();
  assert.equal(artefact.raw((exports) => (exports as unknown as { name: string }).name), "first");
  assert.equal(artefactInstead(refused("scheme_not_loaded")), artefact);
  const registered = Object.getOwnPropertySymbols(globalThis).filter((symbol) => String(symbol).includes("tillproof/"));
  assert.deepEqual(registered, [Symbol.for(`tillproof/${VERSION}/webhooks-full`)]);
});

test("no other refusal leads to the artefact", () => {
  for (const refusal of [refused("unknown_scheme"), new Error("scheme_not_loaded"), undefined]) {
    assert.throws(() => artefactInstead(refusal), (error) => error === refusal);
  }
});

test("the version of the shell is that of the package", () => {
  assert.equal(JSON.parse(readFileSync("pkg/package.json", "utf8")).version, VERSION);
});
