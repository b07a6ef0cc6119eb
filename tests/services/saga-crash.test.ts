import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { DATABASES, type Database, makePlace } from "./payments-crash/databases.js";
import { server } from "./servers.js";

const PROGRAM = fileURLToPath(new URL("saga-process.mjs", import.meta.url));

const FORWARD = ["step:order:42:charge", "step:order:42:stock", "step:order:42:ledger"];
const BACK = ["step:order:42:charge", "step:order:42:stock", "undo:order:42:stock", "undo:order:42:charge"];

/** Where the process dies, by the direction the saga takes. `stored` names the step the saga stands at afterwards. */
const POINTS: readonly [refuses: "no" | "yes", point: string][] = [
  ["no", "before step charge"], ["no", "after step charge"], ["no", "stored step stock"], ["no", "after step stock"],
  ["no", "before step ledger"], ["no", "after step ledger"],
  ["yes", "after step stock"], ["yes", "stored step ledger"], ["yes", "before undo stock"], ["yes", "after undo stock"],
  ["yes", "stored undo charge"], ["yes", "after undo charge"],
];

function run(database: Database, ...args: string[]): Promise<{ end: string; output: string }> {
  const child = spawn(server("MODERN_NODE"), [PROGRAM, database, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve) => child.once("close", (status, signal) => resolve({ end: String(signal ?? status), output })));
}

async function crashedAt(database: Database, refuses: "no" | "yes", point: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "tillproof-saga-"));
  const place = await makePlace(database);
  const file = join(folder, "effects");
  const where = `${database}, the ledger ${refuses === "yes" ? "refuses" : "takes it"}, killed ${point}`;
  try {
    assert.equal((await run(database, place.name, file, refuses, point)).end, "SIGKILL", where);
    assert.deepEqual(await run(database, place.name, file, refuses), { end: "0", output: refuses === "yes" ? "compensated" : "completed" }, where);
    const effects = existsSync(file) ? readFileSync(file, "utf8").split("\n").filter((line) => line !== "") : [];
    assert.deepEqual(effects, refuses === "yes" ? BACK : FORWARD, where);
  } finally {
    await place.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const database of DATABASES) {
  test(`${database}: whatever point the process is killed at, the next one finishes the saga, or takes all of it back`, async () => {
    // A few at a time: each waits for a lease, and the machine is not alone.
    const points = [...POINTS];
    const walk = async (): Promise<void> => {
      for (let next = points.shift(); next !== undefined; next = points.shift()) await crashedAt(database, ...next);
    };
    await Promise.all(Array.from({ length: 4 }, walk));
  });
}
