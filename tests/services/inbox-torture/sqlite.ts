/** Prepares and counts the SQLite file of the torture: `node sqlite.mjs FILE prepare|count`, an answer as JSON. */

import { sqliteMigrations } from "../../../pkg/src/stores/sqlite.js";
import { openDatabase } from "./databases.js";

const [file = "", question = ""] = process.argv.slice(2);
const database = openDatabase(file);
const pairs = (sql: string): unknown[] =>
  (database.prepare(sql).all() as { id: string; n: number }[]).map(({ id, n }) => [id, n]);

if (question === "prepare") {
  for (const statement of sqliteMigrations()) database.exec(statement);
  database.exec("CREATE TABLE effects (id TEXT NOT NULL)");
  console.log("null");
} else {
  console.log(
    JSON.stringify({
      effects: pairs("SELECT id, count(*) AS n FROM effects GROUP BY id"),
      records: pairs("SELECT substr(key, 8) AS id, version AS n FROM tillproof_records WHERE key LIKE 'effect/%'"),
    }),
  );
}
database.close();
