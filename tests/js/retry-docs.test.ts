import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { createGovernor, printSchedule, retrySchedule, type GovernorOptions } from "../../pkg/src/payments/index.js";

const page = readFileSync("docs/retry.md", "utf8");

test("the page shows the schedule that is printed", () => {
  assert.ok(page.includes(printSchedule(retrySchedule({ jitter: "equal", attempts: 4 }))));
});

test("the page names every number of a governor, and each default is one it takes", () => {
  const rows = [...page.matchAll(/^\| `(\w+)\.(\w+)` \| ([\d,]+) \|/gm)];
  const named = new Map<string, string[]>();
  for (const [, part = "", name = "", shown = ""] of rows) {
    named.set(part, [...(named.get(part) ?? []), name]);
    createGovernor({ [part]: { [name]: Number(shown.replaceAll(",", "")) } } as GovernorOptions);
  }
  for (const [part, names] of named) {
    // The refusal of an unknown name lists those that are known.
    assert.throws(() => createGovernor({ [part]: { unknown: 1 } } as GovernorOptions), (error: Error) => {
      const known = /one of (.*)$/.exec(error.message)?.[1]?.split(", ") ?? [];
      assert.deepEqual([...names].sort(), [...known].sort(), part);
      return true;
    });
  }
  assert.deepEqual([...named.keys()], ["budget", "breaker", "bulkhead"]);
});
