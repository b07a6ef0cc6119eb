/**
 * A merchant's process of the tests of the books in PostgreSQL: `node ledger-postgres-process.mjs hold <prefix>`.
 *
 * Posts in a transaction, says so, and never ends it.
 */

import pg from "pg";

import { templates } from "../../pkg/src/ledger/index.js";
import { createPostgresLedger } from "../../pkg/src/ledger/postgres.js";
import { server } from "./servers.js";

const [work = "", prefix = ""] = process.argv.slice(2);

if (work === "hold") {
  const pool = new pg.Pool({ connectionString: server("POSTGRES_URL"), max: 2 });
  const ledger = createPostgresLedger({ database: pool, prefix });
  const client = await pool.connect();
  await client.query("BEGIN");
  const at = Date.parse("2026-03-01T12:00:00Z");
  const event = { id: "w", currency: "EUR", occurredAt: at, recordedAt: at, cause: "c" };
  await ledger.post(templates.walletTransfer({ ...event, from: "anna", to: "ben", amount: 100 }), { client });
  console.log("posted");
  setInterval(() => undefined, 1_000);
}
