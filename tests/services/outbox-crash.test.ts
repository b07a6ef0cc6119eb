import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { DATABASES, type Database, makePlace } from "./payments-crash/databases.js";
import { server } from "./servers.js";

const PROGRAM = fileURLToPath(new URL("outbox-process.mjs", import.meta.url));
const ORDERS = Number(process.env["OUTBOX_ORDERS"] ?? 30);
const KILLS = Number(process.env["OUTBOX_KILLS"] ?? 8);

/** A place, and the file in which deliveries are noted. */
async function inPlace(database: Database, body: (place: string, file: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "tillproof-outbox-"));
  const place = await makePlace(database);
  try {
    await body(place.name, join(folder, "delivered"));
  } finally {
    await place.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

function start(database: Database, place: string, file: string, work: string, point = ""): ChildProcess {
  return spawn(server("MODERN_NODE"), [PROGRAM, database, place, file, work, point], { stdio: ["ignore", "ignore", "inherit"] });
}

const ended = (child: ChildProcess): Promise<NodeJS.Signals | number | null> =>
  new Promise((resolve) => child.once("exit", (status, signal) => resolve(signal ?? status)));

const lines = (file: string): string[] => (existsSync(file) ? readFileSync(file, "utf8").split("\n").filter((line) => line !== "") : []);

for (const database of DATABASES) {
  test(`${database}: killed between the store and the delivery, the message is delivered by the next process`, async () => {
    await inPlace(database, async (place, file) => {
      assert.equal(await ended(start(database, place, file, "write1", "stored")), "SIGKILL");
      assert.deepEqual(lines(file), []);
      assert.equal(await ended(start(database, place, file, "deliver")), 0);
      assert.match(lines(file).join(), /^payment\.settled [0-9a-f]{32}-\d{16}-[0-9a-f]{8}$/);
    });
  });

  test(`${database}: killed between the delivery and its acknowledgement, the message comes again with the same id`, async () => {
    await inPlace(database, async (place, file) => {
      assert.equal(await ended(start(database, place, file, "write1")), 0);
      assert.equal(await ended(start(database, place, file, "deliver", "delivered")), "SIGKILL");
      assert.equal(await ended(start(database, place, file, "deliver")), 0);
      const [first, second, ...more] = lines(file);
      assert.ok(first !== undefined);
      assert.deepEqual([second, more], [first, []]);
    });
  });

  test(`${database}: processes that are killed again and again lose no message, and deliver no id of their own`, async () => {
    await inPlace(database, async (place, file) => {
      const crowd = new Set<ChildProcess>();
      const join = (): void => {
        const child = start(database, place, file, "run");
        crowd.add(child);
        child.once("exit", () => crowd.delete(child));
      };
      try {
        for (let count = 0; count < 2; count += 1) join();
        const writing = ended(start(database, place, file, `write${ORDERS}`));
        for (let kills = 0; kills < KILLS; kills += 1) {
          // In the middle of a delivery: a moment after the next one began.
          const before = lines(file).length;
          while (lines(file).length === before && before < ORDERS) await sleep(2);
          [...crowd][0]?.kill("SIGKILL");
          join();
        }
        assert.equal(await writing, 0);
        const ids = (): Set<string> => new Set(lines(file));
        for (const deadline = Date.now() + 600_000; ids().size < ORDERS && Date.now() < deadline; ) await sleep(50);
        console.log(`${database}: ${ORDERS} payments, ${KILLS} SIGKILLs: ${lines(file).length} deliveries of ${ids().size} messages`);
        assert.equal(ids().size, ORDERS);
      } finally {
        const ends = [...crowd].map(ended);
        for (const child of crowd) child.kill("SIGKILL");
        await Promise.all(ends);
      }
    });
  });
}
