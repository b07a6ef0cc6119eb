/** A receiver as a merchant writes it, over the store that TORTURE_STORE names; deliveries come from its parent. */

import { setTimeout as sleep } from "node:timers/promises";

import { Redis } from "ioredis";
import pg from "pg";

import { postgresStore } from "../../../pkg/src/stores/postgres.js";
import { redisStore } from "../../../pkg/src/stores/redis.js";
import { sqliteStore } from "../../../pkg/src/stores/sqlite.js";
import { createInbox, createVerifier, type Receipt } from "../../../pkg/src/webhooks/index.js";
import { openDatabase } from "./databases.js";
import { type Answer, type Parcel, SECRET } from "./provider.js";

const verifier = createVerifier({ scheme: "stripe-v1", secrets: SECRET });

/** One handler in a hundred takes its time, so that kills also strike in the middle of one. */
const dawdle = async (): Promise<void> => {
  if (Math.random() < 0.01) await sleep(Math.random() * 5);
};

type Receive = (parcel: Parcel) => Promise<Receipt>;

const OPEN: Record<string, () => Receive> = {
  sqlite() {
    const database = openDatabase(process.env["TORTURE_FILE"] ?? "");
    const inbox = createInbox({ store: sqliteStore(database, { busyTimeoutMs: 20_000 }), verifier });
    const effect = database.prepare("INSERT INTO effects VALUES (?)");
    return (parcel) =>
      inbox.receive(parcel, async (event, batch) => {
        effect.run(event.id);
        await dawdle();
        batch.add({ key: `effect/${event.id}`, expected: 0, value: event.type });
      });
  },

  postgres() {
    const pool = new pg.Pool({ connectionString: process.env["POSTGRES_URL"], max: 6 });
    const inbox = createInbox({ store: postgresStore(pool, { table: "torture_records" }), verifier });
    return (parcel) =>
      inbox.receive(parcel, async (event, batch, { client }) => {
        await client.query("INSERT INTO torture_effects VALUES ($1)", [event.id]);
        await dawdle();
        batch.add({ key: `effect/${event.id}`, expected: 0, value: event.type });
      });
  },

  redis() {
    const client = new Redis(process.env["REDIS_URL"] ?? "");
    const inbox = createInbox({ store: redisStore(client, { name: "torture" }), verifier, leaseMs: 3_000, patienceMs: 500 });
    return (parcel) =>
      inbox.receive(parcel, async (event, batch, { id }) => {
        // An effect outside of the store: the id is all that a repetition can be told by.
        await client.hincrby("torture-effects", id, 1);
        await dawdle();
        batch.add({ key: `effect/${event.id}`, expected: 0, value: event.type });
      });
  },
};

const receive = OPEN[process.env["TORTURE_STORE"] ?? ""]?.();
if (receive === undefined) throw new Error("TORTURE_STORE names no store");

const answer = (message: Answer): void => void process.send?.(message);

process.on("message", (parcel: Parcel) => {
  receive(parcel).then(
    ({ status, httpStatus }) => answer({ number: parcel.number, status, httpStatus }),
    (error: Error) => {
      console.error(error);
      answer({ number: parcel.number, status: "failed", httpStatus: 500 });
    },
  );
});
process.send?.("ready");
