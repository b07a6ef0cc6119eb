/**
 * A merchant's process: pays once with the official client over `createFetch`, or sweeps, and prints what it knows.
 *
 * `node create-fetch-process.mjs <store> <place> <port> pay|sweep <ahead>`; `store` is `sqlite` with a file, or `postgres` with
 * the name of a table, and its clock is so many milliseconds ahead of the wall's.
 */

import pg from "pg";
import Stripe from "stripe";

import { createFetch, withReference } from "../../pkg/src/payments/index.js";
import { postgresStore } from "../../pkg/src/stores/postgres.js";
import { sqliteStore, type SqliteDatabase } from "../../pkg/src/stores/sqlite.js";
import type { Store } from "../../pkg/src/stores/store.js";
import { server } from "./servers.js";

/** Longer than any machine takes: the lease of a killed process ends by the clock of the next one. */
export const TIMEOUT_MS = 300_000;

async function storeAt(kind: string, place: string): Promise<Store> {
  if (kind === "postgres") {
    const store = postgresStore(new pg.Pool({ connectionString: server("POSTGRES_URL"), max: 2 }), { table: place });
    await store.migrate();
    return store;
  }
  const { DatabaseSync } = (await import("node:sqlite" as string)) as { DatabaseSync: new (path: string) => SqliteDatabase };
  const database = new DatabaseSync(place);
  (database as unknown as { exec(sql: string): void }).exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  return sqliteStore(database);
}

const [kind = "", place = "", port = "", what = "", ahead = "0"] = process.argv.slice(2);
if (kind !== "") {
  const safe = createFetch({
    provider: {
      profile: "stripe",
      baseUrl: `http://127.0.0.1:${port}`,
      merchantId: "shop",
      // A process that only sweeps has no client from which it could learn them.
      ...(what === "sweep" ? { headers: { authorization: "Bearer sk_test_x" }, account: "" } : { account: "" }),
    },
    store: await storeAt(kind, place),
    secret: "sixteen bytes and more",
    timeoutMs: TIMEOUT_MS,
    now: () => Date.now() + Number(ahead),
  });
  if (what === "sweep") {
    while ((await safe.payments.find("order_1"))?.status !== "settled") {
      await safe.payments.sweep();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    console.log("swept");
  } else {
    const httpClient = Stripe.createFetchHttpClient(safe);
    const stripe = new Stripe("sk_test_x", { host: "127.0.0.1", port, protocol: "http", httpClient, telemetry: false });
    const intent = await withReference("order_1", () =>
      stripe.paymentIntents.create({ amount: 1_000, currency: "eur", payment_method: "pm_card_visa", confirm: true }),
    );
    console.log(intent.id);
  }
  process.exit(0);
}
