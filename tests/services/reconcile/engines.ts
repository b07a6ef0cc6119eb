/** Reconcilers on real servers, each on a queue of its own. */

import * as bullmq from "bullmq";
import { PgBoss } from "pg-boss";

import { bullmqReconciler } from "../../../pkg/src/reconcile/bullmq.js";
import { pgBossReconciler } from "../../../pkg/src/reconcile/pgboss.js";
import type { ReadFile, Reconciler } from "../../../pkg/src/reconcile/jobs.js";
import { server } from "../servers.js";

export const ENGINES = ["bullmq", "pg-boss"] as const;

export type EngineName = (typeof ENGINES)[number];

/** What a test has of a reconciler. */
export interface Opened {
  readonly reconciler: Reconciler;
  close(): Promise<void>;
}

/**
 * A reconciler. Where workers `die`, they are found as soon as the engine allows; elsewhere a lease outlives every pause of
 * a slow machine.
 */
export async function open(engine: EngineName, name: string, read: ReadFile, die = false): Promise<Opened> {
  if (engine === "bullmq") {
    const { hostname, port } = new URL(server("REDIS_URL"));
    const connection = { host: hostname, port: Number(port), maxRetriesPerRequest: null };
    const reconciler = bullmqReconciler({ Queue: bullmq.Queue, Worker: bullmq.Worker, connection, name, read, leaseMs: die ? 2_000 : 600_000 });
    return { reconciler, close: () => reconciler.close() };
  }
  const boss = new PgBoss({
    connectionString: server("POSTGRES_URL"), schema: `boss_${name.replaceAll("-", "_")}`, max: 4,
    superviseIntervalSeconds: 1, monitorIntervalSeconds: 1,
  });
  boss.on("error", () => undefined);
  await boss.start();
  const reconciler = pgBossReconciler(boss, { name, read, heartbeatSeconds: die ? 10 : 600 });
  return { reconciler, close: () => boss.stop({ graceful: false, close: true }) };
}
