/** A worker process of the crash tests: `node worker-process.mjs <engine> <name>`, until it is killed or drained. */

import { writeSync } from "node:fs";

import type { WorkerSettings } from "../../pkg/src/worker/settings.js";
import { connect } from "./worker-engines.js";

const [engine = "", name = ""] = process.argv.slice(2);
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
  // Written before anything else can happen to this process.
  worker(settings, (mark) => void writeSync(1, mark)).start();
}
