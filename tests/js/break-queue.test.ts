import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { entryFor } from "../../pkg/src/investigation/index.js";
import type { Break } from "../../pkg/src/reconcile/index.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import { sqliteStore, type SqliteDatabase } from "../../pkg/src/stores/sqlite.js";
import { breakQueueStory, fee, NAMES } from "./break-queue-story.js";

/** The driver is found where the package's own development finds it; bundling would lose its wasm file. */
const require = createRequire(join(process.cwd(), "pkg", "package.json"));
const folder = mkdtempSync(join(tmpdir(), "tillproof-break-queue-"));
type Handle = SqliteDatabase & { close(): void };
const { Database } = require("node-sqlite3-wasm") as { Database: new (path: string) => Handle };
const database = new Database(join(folder, "shop.db"));
after(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

let made = 0;
breakQueueStory("memory", () => memoryStore());
breakQueueStory("SQLite", () => sqliteStore(database, { table: `records_${(made += 1)}` }));

test("evident entries post the difference to where its kind belongs, and the others are left to people", () => {
  const shape = { ...fee, secondary: [], rows: { ledger: [], settlement: [], bank: [] } };
  const legs = (changes: Partial<Break>, names = NAMES): string | null => {
    const entry = entryFor({ ...shape, ...changes }, names);
    return entry === null ? null : entry.postings.map(({ side, account, amount }) => `${side} ${account} ${amount}`).join(", ");
  };
  const pending = "Assets:Gateway:stripe:Pending:EUR";
  const table: [Partial<Break>, string | null][] = [
    [{ kind: "fee_mismatch", difference_minor: "5" }, `debit Expenses:GatewayFee 5, credit ${pending} 5`],
    [{ kind: "fee_mismatch", difference_minor: "-5" }, `debit ${pending} 5, credit Expenses:GatewayFee 5`],
    [{ kind: "fee_unexpected", expected_minor: null, found_minor: "9", difference_minor: null }, `debit Expenses:GatewayFee 9, credit ${pending} 9`],
    [{ kind: "rounding", difference_minor: "-1" }, `debit Expenses:Rounding 1, credit ${pending} 1`],
    [{ kind: "bank_charge", difference_minor: "-250" }, "debit Expenses:BankCharge 250, credit Assets:Bank:main:EUR 250"],
    [{ kind: "reserve_or_netting", difference_minor: "-10000" }, `debit Assets:Gateway:stripe:Reserve:EUR 10000, credit ${pending} 10000`],
    [{ kind: "unexpected_bank_entry", expected_minor: null, found_minor: "70", difference_minor: null }, "debit Assets:Bank:main:EUR 70, credit Liabilities:Unidentified:EUR 70"],
    [{ kind: "missing_in_mirror", expected_minor: null, found_minor: "70", difference_minor: null }, null],
    [{ kind: "rounding", difference_minor: "0" }, null],
    [{ kind: "fee_mismatch", expected_minor: "5", found_minor: "6", difference_minor: null }, null],
  ];
  for (const [changes, expected] of table) assert.equal(legs(changes), expected, JSON.stringify(changes));
  assert.throws(() => entryFor({ ...shape, difference_minor: "5" }), { code: "text_expected" });
});
