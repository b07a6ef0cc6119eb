/**
 * A merchant's process of the saga crash tests: `node saga-process.mjs <database> <place> <file> <refuses> [point]`.
 *
 * It runs the saga `order` and sweeps until it has ended. Effects are lines of the file, made once for each key, as a
 * provider makes them. A point is `<place> <step>`: it dies `before` the effect of a step or compensation, `after` it, or
 * when it is `stored`.
 */

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";

import { defineSaga, refused } from "../../pkg/src/saga/index.js";
import { openStore, type Database } from "./payments-crash/databases.js";

const [database = "", place = "", file = "", refuses = "", point = ""] = process.argv.slice(2);

function dieAt(here: string): void {
  if (here !== point) return;
  process.kill(process.pid, "SIGKILL");
  throw new Error("dead");
}

/** An effect outside, on the disk before anything else can happen to this process. */
function effect(key: string): void {
  const [direction = "", , , step = ""] = key.split(":");
  dieAt(`before ${direction} ${step}`);
  if (!existsSync(file) || !readFileSync(file, "utf8").split("\n").includes(key)) {
    const handle = openSync(file, "a");
    writeSync(handle, `${key}\n`);
    fsyncSync(handle);
    closeSync(handle);
  }
  dieAt(`after ${direction} ${step}`);
}

if (database !== "") {
  const { store, close } = await openStore(database as Database, place);
  const order = defineSaga<null>({
    name: "order",
    store,
    timeoutMs: 100,
    backoff: { baseMs: 10, capMs: 50 },
    onTransition: ({ entries, step, back }) => void (entries.includes("done") && dieAt(`stored ${back ? "undo" : "step"} ${step}`)),
    steps: [
      { name: "charge", run: ({ key }) => effect(key), undo: ({ key }) => effect(key) },
      { name: "stock", run: ({ key }) => effect(key), undo: ({ key }) => effect(key) },
      {
        name: "ledger",
        run: ({ key }) => {
          if (refuses === "yes") return refused("period_closed", { proven: true });
          effect(key);
          return null;
        },
      },
    ],
  });
  let outcome = await order.run("42", null, { waitMs: 0 });
  while (outcome.status === "pending") {
    await new Promise((resolve) => setTimeout(resolve, 50));
    await order.sweep();
    outcome = (await order.find("42")) ?? outcome;
  }
  process.stdout.write(outcome.status);
  await close();
}
