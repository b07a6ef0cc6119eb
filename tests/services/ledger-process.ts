/**
 * A merchant's process of the ledger crash tests: `node ledger-process.mjs <database> <place> <file> <from> <to>`.
 *
 * Posts sales and transfers between wallets, twenty at once, and writes the ids of those that were acknowledged into the file,
 * so that whoever killed it knows what it had been promised. With `check` in the place of the numbers it posts nothing, and
 * prints what it finds.
 */

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";

import { Ledger, templates, type EntryInput } from "../../pkg/src/ledger/index.js";
import { openStore, type Database } from "./payments-crash/databases.js";

/** Entries of one call. */
const TOGETHER = 20;

const [database = "", place = "", file = "", from = "0", to = "0"] = process.argv.slice(2);

/** What `check` prints. */
export interface Found {
  readonly valid: boolean;
  readonly length: number;
  readonly acknowledged: number;
  readonly missing: readonly string[];
  readonly sound: boolean;
  readonly paid: string;
}

/** The entry of a number: the same in every process. */
export function entryOf(number: number): EntryInput {
  const event = { currency: "EUR", occurredAt: 1_772_323_200_000 + number * 1_000, recordedAt: 1_772_323_200_000, cause: `evt_${number}` };
  return number % 4 === 0
    ? templates.walletToppedUp({ ...event, id: `entry:${number}`, gateway: "native", wallet: "anna", amount: 1_000 })
    : templates.walletTransfer({ ...event, id: `entry:${number}`, from: "anna", to: "ben", amount: 300 });
}

if (database !== "") {
  const { store, close } = await openStore(database as Database, place);
  const ledger = await Ledger.open({ store });
  if (from === "check") {
    const ids = existsSync(file) ? readFileSync(file, "utf8").split("\n").filter((line) => line !== "") : [];
    const { balanced, indexHolds, overdrawn } = ledger.audit();
    const found: Found = {
      valid: (await ledger.verify()).valid,
      length: ledger.length,
      acknowledged: ids.length,
      missing: ids.filter((id) => ledger.entry(id) === null),
      sound: balanced && indexHolds && overdrawn.length === 0,
      paid: String(ledger.balance("Liabilities:Wallet:ben:EUR", "EUR").balance),
    };
    console.log(JSON.stringify(found));
  }
  for (let number = Number(from); number < Number(to); number += TOGETHER) {
    const entries = Array.from({ length: TOGETHER }, (_, index) => entryOf(number + index));
    await ledger.postAll(entries);
    const handle = openSync(file, "a");
    writeSync(handle, entries.map(({ id }) => `${id}\n`).join(""));
    fsyncSync(handle);
    closeSync(handle);
  }
  await close();
}
