import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { sqliteQueue } from "../../pkg/src/queues/sqlite.js";
import type { SqliteDatabase } from "../../pkg/src/stores/sqlite.js";
import { queueConformance } from "../../pkg/src/worker/conformance.js";

/** Drivers are found where the package's own development finds them; bundling would lose their wasm file. */
const require = createRequire(join(process.cwd(), "pkg", "package.json"));
const folder = mkdtempSync(join(tmpdir(), "tillproof-queues-"));
const open: { close(): void }[] = [];
let files = 0;

after(() => {
  for (const database of open) database.close();
  rmSync(folder, { recursive: true, force: true });
});

type Closable = SqliteDatabase & { close(): void };

const DRIVERS: Record<string, (path: string) => Closable> = {
  "node-sqlite3-wasm": (path) => new (require("node-sqlite3-wasm") as { Database: new (path: string) => Closable }).Database(path),
};
const builtin = process.getBuiltinModule?.("node:sqlite") as { DatabaseSync: new (path: string) => Closable } | undefined;
if (builtin !== undefined) DRIVERS["node:sqlite"] = (path) => new builtin.DatabaseSync(path);

for (const [driver, connect] of Object.entries(DRIVERS)) {
  const make = () => {
    const database = connect(join(folder, `queue-${(files += 1)}.db`));
    open.push(database);
    return sqliteQueue(database);
  };
  for (const { name, run } of queueConformance(make)) test(`sqlite through ${driver}: ${name}`, run);
}
