import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Artefact } from "../../pkg/src/shell/artefact.js";
import type { TillproofError } from "../../pkg/src/shell/errors.js";
import { VERSION } from "../../pkg/src/shell/version.js";
import { fullWebhooks, provideFullWebhooks, type FullGlue } from "../../pkg/src/shell/webhooks-full.js";

/** Stands in for the generated module: what it exports does not matter here, only which one is taken. */
const glue = (name: string): FullGlue => ({ initSync: () => undefined, __wbg_reset_state: () => undefined, name }) as unknown as FullGlue;
const source = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));

test("where the artefact cannot be found, the error names the one line to add", () => {
  // This file is a bundle outside of the package, and sees what a merchant's bundle sees.
  assert.throws(fullWebhooks, (error: TillproofError) => {
    assert.equal(error.code, "scheme_not_loaded");
    assert.match(error.message, /add the line import "tillproof\/webhooks\/full";/);
    return true;
  });
});

test("the first that is provided is the one for the whole process, also for another copy of the shell", () => {
  provideFullWebhooks({ glue: glue("first"), source, Artefact, hintOf: () => "first" });
  provideFullWebhooks({ glue: glue("second"), source, Artefact, hintOf: () => "second" });
  const artefact = fullWebhooks();
  assert.equal(artefact.raw((exports) => (exports as unknown as { name: string }).name), "first");
  const registered = Object.getOwnPropertySymbols(globalThis).filter((symbol) => String(symbol).includes("tillproof/"));
  assert.deepEqual(registered, [Symbol.for(`tillproof/${VERSION}/webhooks-full`)]);
});

test("the version of the shell is that of the package", () => {
  assert.equal(JSON.parse(readFileSync("pkg/package.json", "utf8")).version, VERSION);
});
