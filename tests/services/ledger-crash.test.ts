import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import type { Found } from "./ledger-process.js";
import { DATABASES, makePlace } from "./payments-crash/databases.js";
import { server } from "./servers.js";

const PROGRAM = fileURLToPath(new URL("ledger-process.mjs", import.meta.url));
/** A hundred thousand take some minutes: `LEDGER_POSTINGS=100000`. */
const POSTINGS = Number(process.env["LEDGER_POSTINGS"] ?? 2_000);
const KILLS = Number(process.env["LEDGER_KILLS"] ?? 5);

const ended = (child: ChildProcess): Promise<NodeJS.Signals | number | null> =>
  new Promise((resolve) => child.once("exit", (status, signal) => resolve(signal ?? status)));

for (const database of DATABASES) {
  test(`${database}: processes that are killed while they post lose nothing they acknowledged, and the books balance`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "tillproof-ledger-"));
    const file = join(folder, "acknowledged");
    const place = await makePlace(database);
    const acknowledged = (): string[] => (existsSync(file) ? readFileSync(file, "utf8").split("\n").filter((line) => line !== "") : []);
    const start = (): ChildProcess =>
      spawn(server("MODERN_NODE"), [PROGRAM, database, place.name, file, "0", String(POSTINGS)], { stdio: ["ignore", "ignore", "inherit"] });
    let running: ChildProcess | undefined;
    try {
      for (let kills = 0; kills < KILLS; kills += 1) {
        running = start();
        const end = ended(running);
        const before = acknowledged().length;
        const wanted = Math.floor(((kills + 1) * POSTINGS) / (KILLS + 1));
        // In the middle of the work: after some more were acknowledged, whatever it is doing then.
        while (acknowledged().length < before + Math.min(wanted, POSTINGS / 4) && running.exitCode === null) await sleep(2);
        running.kill("SIGKILL");
        await end;
      }
      running = start();
      assert.equal(await ended(running), 0);
      const { stdout } = spawnSync(server("MODERN_NODE"), [PROGRAM, database, place.name, file, "check"], { encoding: "utf8" });
      const { acknowledged: count, ...found } = JSON.parse(stdout) as Found;
      const paid = String((POSTINGS / 4) * 3 * 300);
      assert.deepEqual(found, { valid: true, length: POSTINGS, missing: [], sound: true, paid });
      console.log(`${database}: ${POSTINGS} entries, ${KILLS} SIGKILLs, ${count} acknowledged, none missing`);
    } finally {
      running?.kill("SIGKILL");
      await place.remove();
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
