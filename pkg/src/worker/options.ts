/** What callers hand in, checked before anything runs. */

import { refusal } from "../shell/guard.js";
import type { Queue, TransactionalQueue } from "./queue.js";

const FUNCTIONS = [
  "add",
  "take",
  "renew",
  "settle",
  "counts",
  "quarantined",
  "release",
  "replay",
  "purge",
  "onAdded",
  "close",
] as const satisfies readonly (keyof Queue)[];

/** A queue, by the functions it has. Throws `queue_invalid`. */
export function queueShape<Q extends Queue>(name: string, value: Q): Q {
  const members = (value ?? {}) as unknown as Record<string, unknown>;
  const missing = FUNCTIONS.find((member) => typeof members[member] !== "function");
  if (missing === undefined && typeof members["name"] === "string") return value;
  throw refusal(
    "queue_invalid",
    name,
    value,
    `is no queue (it has no ${missing ?? "name"}): pass what sqliteQueue, postgresQueue, bullmqQueue or pgBossQueue made`,
  );
}

/** A queue that can finish a job inside the handler's transaction. Throws `queue_not_transactional`. */
export function transactional(queue: Queue): TransactionalQueue<unknown> {
  if (typeof (queue as Partial<TransactionalQueue<unknown>>).transact === "function") {
    return queue as TransactionalQueue<unknown>;
  }
  throw refusal(
    "queue_not_transactional",
    "transaction",
    queue.name,
    "is a queue that shares no transaction with a handler: leave `transaction` out, and let the handler bear a second " +
      "run of the same event, or take an engine in the database the handler writes to",
  );
}
