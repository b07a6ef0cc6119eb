/** The public types beside their reports in pkg/api, which a person has seen. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { apiReports, REPORTS } from "../../scripts/api-report.mjs";
import { at } from "../../scripts/command.mjs";
import { ENTRIES } from "../../scripts/entries.mjs";

const reports = await apiReports();

test("no public type changes without its report", () => {
  const kept = readdirSync(at(REPORTS)).sort();
  assert.deepEqual([...reports.keys()].sort(), kept, "an entry came or went: node scripts/api-report.mjs, and a line in CHANGELOG.md");
  for (const [file, report] of reports) {
    assert.equal(
      report,
      readFileSync(at(REPORTS, file), "utf8"),
      `${REPORTS}/${file} is stale: node scripts/api-report.mjs writes it. A line that is gone or changed breaks somebody: ` +
        "it needs a line in CHANGELOG.md that says what to write instead",
    );
  }
});

test("every entry has a report, and no report is empty", () => {
  assert.ok(reports.size > ENTRIES.length);
  for (const [file, report] of reports) {
    assert.match(report, /^## API Report File for "tillproof/, file);
    assert.match(report, /export |import /, file);
  }
});

test("what is exported is documented", () => {
  for (const [file, report] of reports) {
    // A member may be said by its name and type, and an overload by the first of them; what is exported by itself may not.
    const exported = [...report.matchAll(/^\/\/ @public( \(undocumented\))?\nexport (?:abstract |declare )?\w+ (\w+)/gm)];
    const told = new Set(exported.filter(([, bare]) => bare === undefined).map(([, , name]) => name));
    const bare = exported.map(([, , name]) => name).filter((name) => !told.has(name));
    assert.deepEqual(bare, [], `${file}: give it a sentence`);
  }
});
