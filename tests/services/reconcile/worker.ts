/** A process that makes parts until it is killed: `node worker.mjs <engine> <name> <milliseconds a file takes>`. */

import { readFile } from "node:fs/promises";
import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { open, type EngineName } from "./engines.js";

const [engine = "", name = "", slow = "0"] = process.argv.slice(2);
if (engine !== "") {
  const { reconciler } = await open(engine as EngineName, name, async (path) => {
    // Written before anything else can happen to this process.
    writeSync(1, ".");
    await sleep(Number(slow));
    return readFile(path);
  }, true);
  await reconciler.work();
}
