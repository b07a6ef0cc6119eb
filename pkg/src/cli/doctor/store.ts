/**
 * Whether the store can be reached, has its tables, and keeps what it was told to keep.
 *
 * Invariant: nothing is written, and a password is never shown.
 */

import { UsageError } from "../usage.js";
import { CHECK } from "./driver.js";
import { broken, type Finding } from "./finding.js";
import { checkPostgres } from "./postgres.js";
import { checkRedis } from "./redis.js";
import { checkSqlite } from "./sqlite.js";

/** Looks at `sqlite:FILE`, `postgres://…` or `redis://…`. */
export async function checkStore(flag: string, address: string): Promise<Finding[]> {
  const [, kind = ""] = /^([a-z]+):/.exec(address) ?? [];
  switch (kind) {
    case "sqlite":
      return guarded(() => checkSqlite(address.replace(/^sqlite:(?:\/\/)?/, "")));
    case "postgres":
    case "postgresql":
      return guarded(() => checkPostgres(address));
    case "redis":
    case "rediss":
      return guarded(() => checkRedis(address));
    default:
      throw new UsageError(`--${flag}: expected sqlite:FILE, postgres://… or redis://…`);
  }
}

/** Whatever a driver throws is an answer too. Its message may hold the address, and with it the password. */
async function guarded(look: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await look();
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    const said = `${typeof code === "string" ? `${code}: ` : ""}${String(message ?? error)}`.split("\n")[0]?.replaceAll(/\/\/[^@\s]*@/g, "//…@");
    return [broken(CHECK, `cannot be used: ${said}`, "mend the address, the password or the network; then ask again")];
  }
}
