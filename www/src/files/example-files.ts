/** Three files to try: the books of a shop, what Adyen settled, and a bank that writes its table in German. */

import bank from "./example/kontoauszug.csv?url";
import ledger from "./example/ledger.csv?url";
import settlement from "./example/settlement-detail-report.csv?url";
import type { Side } from "./reading.js";
import type { Known } from "./use-readings.js";

/** What the bank's table does not tell of itself, as its customer knows it. */
const GERMAN = { encoding: "windows-1252", answers: { currency: "EUR" } } as const;

/** Fetched when somebody asks for them. Rejects where a file is not there. */
export async function exampleFiles(): Promise<Readonly<Record<Side, readonly Known[]>>> {
  const one = async (name: string, url: string, known: Partial<Known> = {}): Promise<readonly Known[]> => {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${url} was answered with ${response.status}`);
    return [{ name, data: new Uint8Array(await response.arrayBuffer()), ...known }];
  };
  const [ours, theirs, banks] = await Promise.all([
    one("ledger.csv", ledger),
    one("settlement-detail-report.csv", settlement),
    one("kontoauszug.csv", bank, GERMAN),
  ]);
  return { ledger: ours, settlement: theirs, bank: banks };
}
