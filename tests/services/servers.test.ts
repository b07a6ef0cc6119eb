import assert from "node:assert/strict";
import { test } from "node:test";

import { Client } from "pg";
import { createClient } from "redis";

import { server } from "./servers.js";

test("PostgreSQL flushes each commit, as the guarantees need it", async () => {
  const client = new Client({ connectionString: server("POSTGRES_URL") });
  await client.connect();
  try {
    for (const setting of ["fsync", "synchronous_commit", "full_page_writes"]) {
      const { rows } = await client.query<Record<string, string>>(`SHOW ${setting}`);
      assert.equal(rows[0]?.[setting], "on", setting);
    }
  } finally {
    await client.end();
  }
});

test("Redis flushes each write and drops nothing for want of memory", async () => {
  const client = createClient({ url: server("REDIS_URL") });
  await client.connect();
  try {
    for (const [setting, value] of [["appendonly", "yes"], ["appendfsync", "always"], ["maxmemory-policy", "noeviction"]]) {
      assert.equal((await client.configGet(setting!))[setting!], value);
    }
  } finally {
    client.destroy();
  }
});
