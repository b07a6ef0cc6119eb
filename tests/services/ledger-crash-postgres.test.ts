import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import pg from "pg";

import { createPostgresLedger } from "../../pkg/src/ledger/postgres.js";
import { beginning } from "./ledger-postgres-process.js";
import { server } from "./servers.js";

const PROGRAM = fileURLToPath(new URL("ledger-postgres-process.mjs", import.meta.url));
/** A hundred thousand take some minutes: `LEDGER_POSTINGS=100000`. */
const POSTINGS = Number(process.env["LEDGER_POSTINGS"] ?? 2_000);
const KILLS = Number(process.env["LEDGER_KILLS"] ?? 5);
/** Two processes post at once, and the server's own process for a connection dies too. */
const LANES = [0, 1];
/** How far back a new process begins: more than is ever under way. */
const AGAIN = 200;

test("two processes that are killed while they post, fold and seal lose nothing they acknowledged, and post nothing twice", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tillproof-books-"));
  const prefix = `crash_${process.pid}`;
  const pool = new pg.Pool({ connectionString: server("POSTGRES_URL"), max: 4 });
  const ledger = createPostgresLedger({ database: pool, prefix });
  const file = (lane: number): string => join(folder, `acknowledged-${lane}`);
  const acknowledged = (lane: number): string[] =>
    existsSync(file(lane)) ? readFileSync(file(lane), "utf8").split("\n").filter((line) => line !== "") : [];
  const size = (lane: number): number => (existsSync(file(lane)) ? statSync(file(lane)).size : 0);
  const running = new Map<number, { child: ChildProcess; end: Promise<unknown> }>();
  const start = (lane: number): void => {
    const last = acknowledged(lane).reduce((most, id) => Math.max(most, Number(id.slice("entry:".length))), 0);
    const args = [PROGRAM, "post", prefix, file(lane), String(Math.max(0, last - AGAIN)), String(POSTINGS), String(lane)];
    const child = spawn(server("MODERN_NODE"), args, { stdio: ["ignore", "ignore", "inherit"] });
    running.set(lane, { child, end: new Promise((resolve) => child.once("exit", (status, signal) => resolve(signal ?? status))) });
  };
  try {
    await ledger.migrate();
    await ledger.postAll(beginning(POSTINGS * 3));
    LANES.forEach(start);
    for (let kills = 0; kills < KILLS; kills += 1) {
      const lane = kills % LANES.length;
      const before = size(lane);
      const { child, end } = running.get(lane) as { child: ChildProcess; end: Promise<unknown> };
      const wanted = (POSTINGS / LANES.length / (KILLS + 1)) * `entry:${POSTINGS}`.length;
      while (size(lane) < before + wanted && child.exitCode === null) await sleep(5);
      child.kill("SIGKILL");
      await end;
      start(lane);
    }
    for (const { end } of running.values()) assert.equal(await end, 0);
    await ledger.maintain();
    const { valid, chain, findings } = await ledger.verify();
    assert.deepEqual({ valid, findings }, { valid: true, findings: [] });
    // Nothing twice and nothing too much.
    const expected = POSTINGS + beginning(1).length;
    assert.equal(chain.valid && chain.length, expected);
    const { rows } = await pool.query(`SELECT id FROM ${prefix}_entries`);
    const stored = new Set(rows.map((row) => (row as { id: string }).id));
    assert.deepEqual([rows.length, stored.size], [expected, expected]);
    const promised = LANES.flatMap(acknowledged);
    assert.deepEqual(promised.filter((id) => !stored.has(id)), []);
    const balance = async (name: string): Promise<bigint> => (await ledger.balance(`Liabilities:Wallet:${name}:EUR`, "EUR")).balance;
    assert.equal(await balance("ben"), BigInt((POSTINGS / 4) * 3 * 3));
    assert.equal(await balance("seller"), BigInt((POSTINGS / 4) * 1_000));
    console.log(`${POSTINGS} entries, ${KILLS} SIGKILLs, ${promised.length} acknowledgements, none missing, none twice`);
  } finally {
    for (const { child } of running.values()) child.kill("SIGKILL");
    await pool.end();
    rmSync(folder, { recursive: true, force: true });
  }
});
