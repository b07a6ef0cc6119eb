/** One thread of `tillproof reconcile --workers N`: reads its stretches of the files, and then tells its stretch of the report. */

import { parentPort, workerData } from "node:worker_threads";

import { handOver, readOther, type Sides, type Staying } from "../reconcile/lanes.js";
import { printReport, type Readable } from "../reconcile/sieving.js";
import { Mailbox } from "./mailbox.js";
import { print, readable } from "./reconcile-files.js";
import type { Task, Telling } from "./reconcile-lanes.js";

const { document, key, lane, ends, ledger, settlement } = workerData as Task;

const port = parentPort as NonNullable<typeof parentPort>;
const box = new Mailbox(port);

/** Hands over what comes of each step; nothing where the files are not for lanes. */
async function read([ours, theirs]: Sides): Promise<void> {
  const lines = readOther(document, key, [ours, theirs], ends, lane, (told) => port.postMessage(told, [told.bytes.buffer]));
  port.postMessage(lines);
  const staying = lines === undefined ? undefined : await box.next<Staying>();
  if (staying === undefined) return;
  const kept = handOver([ours, theirs], staying);
  port.postMessage(kept);
  const telling = kept === undefined ? undefined : await box.next<Telling>();
  if (telling === undefined) return;
  const pieces: Uint8Array[] = [];
  printReport(telling.part, telling.terms, telling, (piece) => pieces.push(piece.slice()));
  if ((await box.next<number>()) === undefined) return;
  for (const piece of pieces) print(piece);
  port.postMessage(true);
}

const files = (side: Task["ledger"]): Readable[] => side.map(([descriptor, length]) => readable(descriptor, length));
await read([files(ledger), files(settlement)]);
port.close();
