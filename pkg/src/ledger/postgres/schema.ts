/**
 * The statements that make the books in PostgreSQL, under the prefix of the caller.
 *
 * Invariant: running them again changes nothing. They equal `sql/postgres-ledger.sql` of the package.
 */

import { refusal, text } from "../../shell/guard.js";
import { KEEPING } from "./schema-keeping.js";
import { POSTING } from "./schema-posting.js";
import { TABLES } from "./schema-tables.js";

/** What all tables and functions begin with, unless the caller says otherwise. */
export const PREFIX = "tillproof_ledger";

/** A longer one would not leave room for the names of indexes, of which PostgreSQL keeps 63 letters. */
const PREFIX_SHAPE = /^[a-z_][a-z0-9_]{0,39}$/;

/** Where a statement ends: the bodies of functions are indented. */
const END = /;\n+(?=(?:--|CREATE|INSERT|SELECT) )/;

/** A prefix, safe to stand in a statement. Throws `postgres_prefix_invalid`. */
export function checkedPrefix(prefix: unknown): string {
  const name = text("options.prefix", prefix);
  if (PREFIX_SHAPE.test(name)) return name;
  throw refusal("postgres_prefix_invalid", "options.prefix", name, "is no prefix: expected 1 to 40 small letters, digits and _, no digit first");
}

/** The statements, one by one and in order. Each may run again. */
export function migrationsOf(prefix: string): readonly string[] {
  const statements = `${TABLES}\n${POSTING}\n${KEEPING}`.trim().replace(/;$/, "").split(END);
  return statements.map((statement) => statement.replaceAll(PREFIX, prefix));
}
