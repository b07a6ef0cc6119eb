/**
 * A worker process of the crash tests: `node worker-process.mjs <engine> <name> <folder>`, until it dies or is drained.
 *
 * It dies by its own SIGKILL, which no handler sees: the first of all processes that is where the order of {@link orderOf}
 * in the folder says. Whoever killed it from outside might come when it is through.
 */

import { renameSync, writeSync } from "node:fs";
import { join } from "node:path";

import type { WorkerSettings } from "../../pkg/src/worker/settings.js";
import { connect } from "./worker-engines.js";

/** The file that orders one process to die: when an attempt has begun, or when its handler is through and nothing is committed. */
export const orderOf = (folder: string, mark: "." | "+"): string => join(folder, mark === "." ? "dies-at-the-beginning" : "dies-at-the-end");

const [engine = "", name = "", folder = ""] = process.argv.slice(2);

/** Dies if that was ordered. A file is renamed once, so an order is for one. */
function dieAt(mark: "." | "+"): void {
  try {
    renameSync(orderOf(folder, mark), join(folder, `died-${process.pid}`));
  } catch {
    return;
  }
  process.kill(process.pid, "SIGKILL");
}

if (engine !== "") {
  const { worker } = await connect(engine, name);
  const settings: WorkerSettings = {
    concurrency: 6,
    leaseMs: 1_000,
    pollMs: 20,
    attemptsMax: 100,
    backoff: { baseMs: 20, capMs: 200 },
    drainMs: 2_000,
    signals: ["SIGTERM"],
    onError: (error, job) => console.error(job, error),
  };
  worker(settings, (mark) => {
    if (mark === "+") dieAt(mark);
    // Written before anything else can happen to this process.
    writeSync(1, mark);
    if (mark === ".") dieAt(mark);
  }).start();
}
