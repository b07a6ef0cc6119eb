/**
 * Files that are held as a whole, since they were in a format of their own, through the sieve all the same: most of their rows plainly
 * agree.
 *
 * Invariant: what is printed is to the byte what comes of all rows, looked at one by one, or nothing is printed here.
 */

import { asked, type Side } from "../reconcile/asked.js";
import type { ReconcileOptions } from "../reconcile/index.js";
import { keptPart, keptWhole } from "../reconcile/sieving.js";
import { textHead, textOf } from "../reconcile/text.js";
import { packTerms } from "../reconcile/terms.js";
import type { ReportTaker } from "../reconcile/told.js";
import { isTillproofError } from "../shell/errors.js";
import { print } from "./reconcile-files.js";
import { tell, toldToFiles, type Given, type NamedReadable } from "./reconcile-large-out.js";
import type { Original } from "./reconcile-out.js";
import { FINE, NO } from "./usage.js";

/** Below this it takes no longer to look at every row. */
const BYTES_MIN = 262_144;

/** Tells the report and gives the exit status; `undefined` for few rows, and for files that are refused, of which nothing was printed. */
export async function toldHeld(options: ReconcileOptions, given: Omit<Given, "out"> & { readonly out?: string | undefined }, originals: () => readonly Original[]): Promise<number | undefined> {
  const run = askedOrNot(options);
  if (run === undefined || run.ledger.data.length + run.settlement.data.length < BYTES_MIN) return undefined;
  const { document, places, bank } = run;
  const [ledger, settlement] = [readables(run.ledger), readables(run.settlement)];
  const terms = packTerms(run.terms);
  const { out, json } = given;
  if (out !== undefined) {
    const { inFlightDays, businessDays, columns } = options;
    const files = filesOf(bank).map(({ name, data }) => ({ name, data, lines: bank.lines.get(name) }));
    const question = {
      document, terms, ledger, settlement, places, originals,
      bank: { data: bank.data, files, columns: columns?.bank },
      window: { inFlightDays, businessDays },
      isUnchanged: () => true,
      reading: <T>(read: () => T): T => read(),
    };
    return toldToFiles({ ...given, out }, question, print);
  }
  const whole = { ledger: run.ledger.data, settlement: run.settlement.data, bank: bank.data };
  if (!keptPart(document, { ledger, settlement, bank: bank.data }) && !isKeptWhole(document, whole)) return undefined;
  return tell(terms, places, printer(json)) === 0 ? FINE : NO;
}

/** A run; `undefined` where it is refused, which the other way does in words. */
function askedOrNot(options: ReconcileOptions): ReturnType<typeof asked> | undefined {
  return orNot(() => asked(options));
}

function isKeptWhole(document: Uint8Array, whole: Parameters<typeof keptWhole>[1]): boolean {
  return orNot(() => keptWhole(document, whole)) ?? false;
}

function orNot<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (isTillproofError(error)) return undefined;
    throw error;
  }
}

/** The files of a side, each with its bytes. */
function filesOf({ files, data }: Side): { readonly name: string; readonly data: Uint8Array }[] {
  let at = 0;
  return files.map(({ name, length }) => ({ name, data: data.subarray(at, (at += length)) }));
}

function readables(side: Side): NamedReadable[] {
  return filesOf(side).map(({ name, data }) => ({
    name,
    length: data.length,
    read(target, offset) {
      const bytes = data.subarray(offset, offset + target.length);
      target.set(bytes);
      return bytes.length;
    },
  }));
}

/** Prints a report as the command prints it. */
function printer(asJson: boolean): ReportTaker {
  const nothing = (): void => undefined;
  const written = (text: string): void => print(Buffer.from(text));
  return {
    json: asJson ? (piece) => (typeof piece === "string" ? written(piece) : print(piece)) : nothing,
    head: asJson ? nothing : (head) => written(textHead(head)),
    breaks: asJson ? nothing : (some) => written(some.map(textOf).join("")),
    inFlight: nothing,
  };
}
