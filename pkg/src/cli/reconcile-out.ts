/** What `tillproof reconcile --out DIR` leaves behind: the report for programs, for people, for spreadsheets and for auditors. */

import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import {
  proofInput, proofOf, toCsv, toHtml, toText, totalsOf,
  type LedgerRoot, type NamedSource, type ProofInput, type ReconcileOptions, type Report, type RulesDocument,
} from "../reconcile/index.js";
import { progress } from "./progress.js";
import { reason, shown, UsageError } from "./usage.js";

const SIDES = ["ledger", "settlement", "bank"] as const;

/** What is written, and of what. */
export interface Reports {
  readonly folder: string;
  readonly report: Report;
  readonly files: Readonly<Partial<Record<(typeof SIDES)[number], readonly NamedSource[]>>>;
  /** The files as they lie on the disk: what the proof speaks of. */
  readonly originals: readonly Original[];
  readonly columns?: ReconcileOptions["columns"];
  readonly inFlightDays?: number | undefined;
  readonly businessDays?: boolean | undefined;
  readonly key?: CryptoKey;
  readonly rules?: RulesDocument | undefined;
  readonly ledgerRoot?: LedgerRoot | undefined;
}

/** A file that a run was made of. */
export interface Original {
  readonly side: ProofInput["side"];
  readonly name: string;
  readonly data: Uint8Array;
}

/** The digests of those files. */
export function inputsOf(originals: readonly Original[]): Promise<ProofInput[]> {
  return Promise.all(originals.map(({ side, name, data }) => proofInput(side, name, data)));
}

/** Writes all of it. The files are read once more, to add them up. */
export async function writeReports({ folder, report, files, originals, columns, inFlightDays, businessDays, key, rules, ledgerRoot }: Reports): Promise<void> {
  const named = SIDES.flatMap((side) => (files[side] ?? []).map(({ name, data, lines }) => ({ side, name, data: bytesOf(data), lines })));
  const { rows } = report.summary;
  const bar = progress("adding up", rows.ledger + rows.settlement + rows.bank);
  let done = 0;
  const ofSide = (wanted: (typeof SIDES)[number]) => named.filter(({ side }) => side === wanted);
  const totals = await totalsOf(
    report,
    { ledger: ofSide("ledger"), settlement: ofSide("settlement"), bank: ofSide("bank"), columns: columns ?? {} },
    (more) => bar.to((done += more)),
  );
  bar.end();
  const inputs = await inputsOf(originals);
  const proof = await proofOf(report, { inputs, totals, inFlightDays, businessDays, rules, ledgerRoot, ...(key === undefined ? {} : { key }) });
  try {
    makeFolder(resolve(folder));
    writeFileSync(join(folder, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
    writeFileSync(join(folder, "report.txt"), toText(report));
    writeFileSync(join(folder, "breaks.csv"), toCsv(report));
    writeFileSync(join(folder, "report.html"), toHtml(report, { totals }));
    writeFileSync(join(folder, "proof.json"), `${JSON.stringify(proof, null, 2)}\n`);
  } catch (error) {
    throw new UsageError(`--out ${shown(folder)}: ${reason(error)}`);
  }
}

function bytesOf(data: NamedSource["data"]): Uint8Array {
  if (typeof data === "string") return new TextEncoder().encode(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}

/** Makes a folder and those above it. Node's own recursion never ends where folders cannot be made, as in /proc. */
function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return;
  const above = dirname(folder);
  if (above !== folder) makeFolder(above);
  mkdirSync(folder);
}
