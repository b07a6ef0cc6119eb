/** One thread of `tillproof reconcile --workers N`: makes the part of its share. */

import { parentPort, workerData } from "node:worker_threads";

import { sievedPart } from "../reconcile/sieving.js";
import { opened, type Task } from "./reconcile-large.js";

const { document, ledger, settlement, bank } = workerData as Task;
const [ours, theirs] = [opened(ledger), opened(settlement)];
const part = ours === undefined || theirs === undefined ? undefined : sievedPart(document, { ledger: ours, settlement: theirs, bank });
parentPort?.postMessage(part);
