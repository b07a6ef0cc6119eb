import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { flaws, line, prove, STORES } from "./inbox-torture/proof.js";

const EVENTS = 2_000;

for (const store of STORES) {
  test(`${EVENTS} events on ${store}, to four processes that are killed again and again`, async (context) => {
    const programs = join(dirname(fileURLToPath(import.meta.url)), "inbox-torture");
    const proof = await prove(store, programs, { events: EVENTS, seed: 7, killEveryMs: 400 });
    context.diagnostic(line(proof));
    assert.deepEqual(flaws(proof), []);
  });
}
