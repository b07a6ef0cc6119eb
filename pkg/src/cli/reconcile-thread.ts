/** One thread of `tillproof reconcile --workers N`: makes the part of its share, and then its stretch of the report. */

import { parentPort, workerData } from "node:worker_threads";

import { joined } from "../reconcile/joined.js";
import { printReport, sievedPart } from "../reconcile/sieving.js";
import { opened, type Task, type Telling } from "./reconcile-large.js";

const { document, ledger, settlement, bank } = workerData as Task;
const [ours, theirs] = [opened(ledger), opened(settlement)];
const part = ours === undefined || theirs === undefined ? undefined : sievedPart(document, { ledger: ours, settlement: theirs, bank });
// What comes back is the whole run; nothing where it is told elsewhere.
parentPort?.once("message", (telling: Telling | undefined) => {
  if (telling === undefined) return;
  const pieces: Uint8Array[] = [];
  printReport(telling.part, telling.terms, telling, (piece) => pieces.push(piece.slice()));
  const text = joined(pieces);
  parentPort?.postMessage(text, [text.buffer]);
});
parentPort?.postMessage(part);
