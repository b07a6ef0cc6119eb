import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { DuckDBInstance } from "@duckdb/node-api";
import pg from "pg";

import { reconcile, type Report } from "../../pkg/src/reconcile/index.js";
import { reconcileSql, SQL_KINDS, type ReconcileSqlOptions } from "../../pkg/src/reconcile/sql.js";
import { AS_OF, COLUMNS, csv, month, type GenericRow, type Sides } from "../js/reconcile-rows.js";
import { server } from "./servers.js";

const SEEDS = Number(process.env["RECONCILE_SEEDS"] ?? 24);
const folder = mkdtempSync(join(tmpdir(), "tillproof-sql-"));
const schema = `reconcile_sql_${process.pid}`;
const pool = new pg.Pool({ connectionString: server("POSTGRES_URL"), max: 1 });
after(async () => {
  await pool.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  await pool.end();
  rmSync(folder, { recursive: true, force: true });
});

type Found = Readonly<Record<string, unknown>>;
type Warehouse = (sides: Sides, options: ReconcileSqlOptions) => Promise<readonly Found[]>;

/** Reads the very files that the engine reads. */
const duckdb: Warehouse = async (sides, options) => {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    for (const side of ["ledger", "settlement"] as const) {
      const path = join(folder, `${side}.csv`);
      writeFileSync(path, csv(sides[side]));
      const present = COLUMNS.filter((name) => sides[side].some((row) => row[name] !== ""));
      const types = present.map((name) => `${name}: '${name.endsWith("_minor") ? "BIGINT" : name === "occurred_at" ? "TIMESTAMP" : "VARCHAR"}'`);
      const absent = COLUMNS.filter((name) => !present.includes(name)).map((name) => `, NULL AS ${name}`);
      await connection.run(`CREATE VIEW ${side} AS SELECT *${absent.join("")} FROM read_csv('${path}', header = true, auto_detect = false, delim = ',', columns = {${types.join(", ")}})`);
    }
    const result = await connection.runAndReadAll(reconcileSql(options));
    return result.getRowObjectsJson();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
};

const postgres: Warehouse = async (sides, options) => {
  await pool.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE; CREATE SCHEMA ${schema}`);
  for (const side of ["ledger", "settlement"] as const) {
    await pool.query(
      `CREATE TABLE ${schema}.${side} (reference text, id text, type text, amount_minor bigint, currency text, fee_minor bigint, status text, occurred_at timestamp, parent_reference text)`,
    );
    const rows = sides[side].map((row) => ({ ...row, fee_minor: row.fee_minor || null, occurred_at: row.occurred_at.replace("Z", "") || null }));
    await pool.query(`INSERT INTO ${schema}.${side} SELECT * FROM json_populate_recordset(NULL::${schema}.${side}, $1)`, [JSON.stringify(rows)]);
  }
  const { rows } = await pool.query<Found>(reconcileSql({ ...options, ledger: `${schema}.ledger`, settlement: `${schema}.settlement` }));
  return rows;
};

const text = (value: unknown): string => (value === null || value === undefined ? "-" : String(value));

/** What a warehouse found, a line each, by reference. */
function lines(found: readonly Found[], kinds: (kind: string) => boolean): string[] {
  return found
    .filter(({ kind }) => kinds(String(kind)))
    .map((row) => ["kind", "reference", "currency", "expected_minor", "found_minor", "difference_minor", "ledger_rows", "settlement_rows"].map((name) => text(row[name])).join(" "))
    .sort();
}

/** The same of a report. */
function told({ breaks }: Report): string[] {
  return breaks
    .filter(({ kind }) => (SQL_KINDS as readonly string[]).includes(kind))
    .map((one) =>
      [one.kind, one.reference, one.currency, one.expected_minor, one.found_minor, one.difference_minor, one.rows.ledger.length, one.rows.settlement.length].map(text).join(" "),
    )
    .sort();
}

const reference = (line: string): string => line.split(" ")[1] ?? "";
const seen = new Map<string, Set<string>>();

for (const [name, warehouse] of Object.entries({ DuckDB: duckdb, PostgreSQL: postgres })) {
  test(`${name} finds the breaks of the engine, kind and figures, and hands on what only the engine can tell`, async () => {
    const kinds = new Set<string>();
    seen.set(name, kinds);
    let undecided = 0;
    let rows = 0;
    for (let seed = 1; seed <= (name === "DuckDB" ? SEEDS : Math.ceil(SEEDS / 3)); seed += 1) {
      const sides = month(seed);
      const options = { asOf: seed % 5 === 0 ? undefined : AS_OF, inFlightDays: seed % 4 };
      const report = reconcile({ ledger: csv(sides.ledger), settlement: csv(sides.settlement), ...options });
      const found = await warehouse(sides, options);
      const open = new Set(found.filter(({ kind }) => kind === "undecided").map((row) => String(row["reference"])));
      const decided = (all: string[]): string[] => all.filter((line) => !open.has(reference(line)));
      const isBreak = (kind: string): boolean => kind !== "in_flight" && kind !== "undecided";
      assert.deepEqual(decided(lines(found, isBreak)), decided(told(report)), `seed ${seed}`);

      const due = found.filter(({ kind }) => kind === "in_flight").map((row) => `${text(row["reference"])} ${moment(row["due"])}`);
      assert.deepEqual(due.sort(), report.in_flight.filter((row) => !open.has(row.reference)).map((row) => `${row.reference} ${row.due}`).sort(), `seed ${seed}`);

      for (const { kind } of found) kinds.add(String(kind));
      undecided += open.size;
      rows += sides.ledger.length;
    }
    assert.deepEqual(SQL_KINDS.filter((kind) => !kinds.has(kind)), [], "kinds that no row was of");
    assert.ok(undecided > 0 && undecided < rows * 0.12, `${undecided} references of ${rows} rows undecided`);
  });
}

/** A moment as the engine writes it; DuckDB gives text, the driver of PostgreSQL a local date for what has no zone. */
function moment(value: unknown): string {
  const at = value instanceof Date ? new Date(value.getTime() - value.getTimezoneOffset() * 60_000) : new Date(`${text(value).replace(" ", "T")}Z`);
  return at.toISOString().replace(".000Z", "Z");
}

test("the rows of undecided references, given to the engine, make up what is missing", async () => {
  for (let seed = 1; seed <= Math.ceil(SEEDS / 3); seed += 1) {
    const sides = month(seed);
    const found = await duckdb(sides, { asOf: AS_OF });
    const open = new Set(found.filter(({ kind }) => kind === "undecided").map((row) => String(row["reference"])));
    // What is usual in these files is told by rows that agree, so some of them go along.
    const usual = new Set(sides.ledger.slice(0, 200).map((row) => row.reference).filter((one) => !found.some((row) => row["reference"] === one)));
    const goes = (row: GenericRow): boolean => open.has(row.reference) || usual.has(row.reference);
    const whole = reconcile({ ledger: csv(sides.ledger), settlement: csv(sides.settlement), asOf: AS_OF });
    const rest = reconcile({ ledger: csv(sides.ledger.filter(goes)), settlement: csv(sides.settlement.filter(goes)), asOf: AS_OF });
    const essence = (report: Report): string[] =>
      report.breaks.filter((one) => open.has(one.reference)).map((one) => [one.id, one.kind, one.reference, one.expected_minor, one.found_minor].map(text).join(" ")).sort();
    assert.deepEqual(essence(rest), essence(whole), `seed ${seed}`);
  }
});
