import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { postgresLedgerMigrations } from "../../pkg/src/ledger/postgres.js";
import { postgresQueueSchema } from "../../pkg/src/queues/postgres.js";
import { sqliteQueueSchema } from "../../pkg/src/queues/sqlite.js";
import { reconcileSql } from "../../pkg/src/reconcile/sql.js";
import { postgresMigrations } from "../../pkg/src/stores/postgres.js";
import { sqliteMigrations } from "../../pkg/src/stores/sqlite.js";

/** Statements without comments and without the blanks people put between them. */
function statements(sql: string): string[] {
  const bare = sql.replaceAll(/--.*$/gm, "");
  return bare.split(";").map((statement) => statement.trim().replaceAll(/\s+/g, " ")).filter((statement) => statement !== "");
}

const FILES = {
  "sqlite-records.sql": sqliteMigrations().join(";"),
  "postgres-records.sql": postgresMigrations().join(";"),
  "sqlite-queue.sql": sqliteQueueSchema,
  "postgres-queue.sql": postgresQueueSchema,
};

for (const [file, code] of Object.entries(FILES)) {
  test(`${file} says what the code runs`, () => {
    const found = statements(readFileSync(join(process.cwd(), "pkg/sql", file), "utf8"));
    assert.deepEqual(found, statements(code));
    assert.ok(found.length >= 3, "statements");
    // Who runs it twice, or after the code did, changes nothing.
    for (const statement of found) assert.match(statement, /^CREATE (?:TABLE|INDEX|UNIQUE INDEX) IF NOT EXISTS /);
  });
}

test("postgres-ledger.sql says what the code runs", () => {
  const found = statements(readFileSync(join(process.cwd(), "pkg/sql", "postgres-ledger.sql"), "utf8"));
  const run = postgresLedgerMigrations();
  assert.deepEqual(found, statements(run.join(";")));
  for (const statement of run) {
    assert.match(statement.replaceAll(/^--.*\n/gm, ""), /^(?:CREATE (?:TABLE|INDEX|SEQUENCE) IF NOT EXISTS|CREATE OR REPLACE|INSERT INTO .* ON CONFLICT DO NOTHING$|SELECT tillproof_ledger_partitions)/);
  }
  assert.ok(postgresLedgerMigrations("other").every((statement) => !statement.includes("tillproof_ledger_")));
});

test("reconcile.sql says what the code gives, and nothing of a caller gets into it", () => {
  const found = statements(readFileSync(join(process.cwd(), "pkg/sql", "reconcile.sql"), "utf8"));
  assert.deepEqual(found, statements(reconcileSql()));
  assert.equal(found.length, 1);
  const other = reconcileSql({ ledger: "shop.books", settlement: "report", asOf: Date.UTC(2026, 2, 31), inFlightDays: 5 });
  for (const part of ["FROM shop.books\n", "FROM report\n", "TIMESTAMP '2026-03-31 00:00:00.000' AS as_of, 5 AS in_flight_days"]) {
    assert.ok(other.includes(part), part);
  }
  for (const ledger of ["books; DROP TABLE books", 'a"b', "a.b.c.d", "books b", ""]) {
    assert.throws(() => reconcileSql({ ledger }), { name: "TillproofError" }, ledger);
  }
  for (const inFlightDays of [-1, 0.5, 367, Number.NaN, "2; SELECT 1" as unknown as number]) {
    assert.throws(() => reconcileSql({ inFlightDays }), { code: "reconcile_window_invalid" }, String(inFlightDays));
  }
});
