import { spawn } from "node:child_process";
import assert from "node:assert/strict";
import { after, test } from "node:test";

import { Redis } from "ioredis";
import pg from "pg";

import { openQueue } from "../../pkg/src/investigation/index.js";
import { Ledger } from "../../pkg/src/ledger/index.js";
import { reconcile } from "../../pkg/src/reconcile/index.js";
import { postgresStore } from "../../pkg/src/stores/postgres.js";
import { redisStore } from "../../pkg/src/stores/redis.js";
import type { Store } from "../../pkg/src/stores/store.js";
import { breakQueueStory, HEADER, row } from "../js/break-queue-story.js";
import { settleSlowly } from "./break-queue-process.js";
import { server } from "./servers.js";

/** With this in the environment the file is a process that settles what is approved, until it is killed. */
const CHILD = "BREAK_QUEUE_TABLE";
const pool = new pg.Pool({ connectionString: server("POSTGRES_URL"), max: 4 });
const child = process.env[CHILD];
if (child !== undefined) await settleSlowly(postgresStore(pool, { table: child }));

const redis = new Redis(server("REDIS_URL"));
after(async () => {
  await Promise.all([pool.end(), redis.quit()]);
});

let made = 0;
async function table(): Promise<Store> {
  const store = postgresStore(pool, { table: `break_queue_${(made += 1)}` });
  await store.migrate();
  return store;
}

breakQueueStory("PostgreSQL", table);
breakQueueStory("Redis", () => redisStore(redis, { name: `break_queue_${(made += 1)}` }));

test("PostgreSQL: processes that are killed while they post leave every approved entry in the ledger once", async () => {
  const store = await table();
  const queue = openQueue({ store });
  const rows = Array.from({ length: 60 }, (_, index) => row(String(index), 1_000, 30)).join("");
  await queue.sync(reconcile({ ledger: HEADER + rows, settlement: HEADER, asOf: Date.UTC(2026, 2, 20) }), { run: "monday" });
  const cases = await queue.list();
  assert.equal(cases.length, 60);
  const postings = [
    { account: "Expenses:GatewayFee", side: "debit", amount: 1, currency: "EUR" },
    { account: "Assets:Gateway:stripe:Pending:EUR", side: "credit", amount: 1, currency: "EUR" },
  ] as const;
  for (const { id } of cases) {
    await queue.propose(id, { by: "ann", reason: "price list", entry: { postings } });
    await queue.approve(id, { by: "bob", proposal: 1 });
  }
  const approved = async (): Promise<number> => (await queue.list({ state: "approved" })).length;
  let kills = 0;
  while ((await approved()) > 0) {
    const settler = spawn(process.execPath, process.argv.slice(1), {
      env: { ...process.env, [CHILD]: `break_queue_${made}`, NODE_TEST_CONTEXT: "" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = new Promise((resolve) => settler.once("close", resolve));
    let said = 0;
    settler.stdout.on("data", (text: Buffer) => {
      said += String(text).length;
      // After some posts, each time at another one: the ledger has it, and the queue does not know.
      if (said > kills % 7) settler.kill("SIGKILL");
    });
    await ended;
    kills += 1;
    assert.ok(said > 0, "a process ended before it posted anything");
  }
  const ledger = await Ledger.open({ store });
  assert.equal(ledger.length, cases.length);
  assert.equal((await queue.list({ state: "resolved" })).length, cases.length);
  assert.ok(kills > 1, "none was killed in the middle");
});
