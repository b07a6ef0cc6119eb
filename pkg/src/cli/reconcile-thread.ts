/** One thread of `tillproof reconcile --workers N`: reads its stretches of the files, and tells those of the report that it is handed. */

import { parentPort, workerData } from "node:worker_threads";

import { handOver, readOther } from "../reconcile/lanes.js";
import { tellStretch, type Readable } from "../reconcile/sieving.js";
import { Mailbox } from "./mailbox.js";
import { readable } from "./reconcile-files.js";
import type { Task } from "./reconcile-lanes.js";
import type { Answer, Order } from "./reconcile-messages.js";

const { document, key, lane, ends, ledger, settlement } = workerData as Task;

const port = parentPort as NonNullable<typeof parentPort>;
const box = new Mailbox(port);

/** Bytes that are handed over are not here any more. */
function say(answer: Answer, given: ArrayBuffer[] = []): void {
  port.postMessage(answer, given);
}

/** What is printed is written by the first thread, which knows when its turn has come, and how much of it came where this one dies. */
function tell(stretch: Uint8Array): void {
  tellStretch(stretch, (bytes) => {
    const piece = bytes.slice();
    say({ kind: "piece", piece }, [piece.buffer]);
  });
  say({ kind: "told" });
}

const files = (side: Task["ledger"]): Readable[] => side.map(([descriptor, length]) => readable(descriptor, length));
const sides = [files(ledger), files(settlement)] as const;
say({ kind: "lines", lines: readOther(document, key, sides, ends, lane, (told) => say({ kind: "rows", told }, [told.bytes.buffer])) });
for (let order = await box.next<Order>(); order !== undefined; order = await box.next<Order>()) {
  if (order.kind === "staying") say({ kind: "kept", kept: handOver(sides, order.staying) });
  else tell(order.stretch);
}
port.close();
