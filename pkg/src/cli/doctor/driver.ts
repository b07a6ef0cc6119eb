/**
 * The drivers of stores, as the merchant installed them, and what every store of tables is asked.
 *
 * Invariant: a driver is found where the merchant's program finds it, in the folder the doctor is called from.
 */

import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { broken, fine, type Finding } from "./finding.js";

/** What is said of whether a store is there, */
export const CHECK = "store";

/** and of whether it keeps what it was told to keep. */
export const DURABLE = "store: durability";

/** The table of records, where no other name was chosen. */
export const TABLE = "tillproof_records";

const COLUMNS = ["key", "version", "value", "wake_at", "expires_at"];

/** Milliseconds to wait for a server. */
export const PATIENCE_MS = 8_000;

/** A package that the merchant has installed, or nothing. */
export async function driver(name: string): Promise<Record<string, unknown> | undefined> {
  try {
    const found = createRequire(join(process.cwd(), "package.json")).resolve(name);
    const module = (await import(pathToFileURL(found).href)) as Record<string, unknown> & { default?: Record<string, unknown> };
    return { ...module.default, ...module };
  } catch (error) {
    if ((error as { code?: unknown }).code === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

/** The one finding where there is no driver. */
export function noDriver(kind: string, names: string): Finding[] {
  return [broken(CHECK, `no driver of ${kind} is installed in this folder`, `npm install ${names}, or call the doctor from the folder of the shop`)];
}

/** Whether the table has the columns of this version. */
export function migrated(kind: string, columns: readonly string[], fix: { readonly absent: string; readonly old: string }): Finding {
  if (columns.length === 0) return broken(CHECK, `${kind} answers, and has no table ${TABLE}`, fix.absent);
  const missing = COLUMNS.filter((column) => !columns.includes(column));
  if (missing.length > 0) return broken(CHECK, `the table ${TABLE} is of an earlier version: it has no ${missing.join(", ")}`, fix.old);
  return fine(CHECK, `${kind} answers, and ${TABLE} is of this version`);
}
