/**
 * Where messages go, beside a function of your own: BullMQ, pg-boss, NATS JetStream.
 *
 * Invariant: the id of the message is what the target knows it by, so that a second delivery of the same message is
 * refused there for as long as the target remembers ids, and has the same id for whoever receives it later.
 */

import { fn, onlyKnown, refusal, text } from "../shell/guard.js";
import { utf8 } from "../shell/wire.js";
import { uuidOf } from "../worker/identity.js";
import type { OutboxMessage } from "./message.js";
import type { Deliver } from "./settings.js";

/** What is used of BullMQ's `Queue`. */
export interface BullmqTarget {
  add(name: string, data: unknown, options: { jobId: string }): Promise<unknown>;
}

/** What is used of pg-boss. */
export interface PgBossTarget {
  send(queue: string, data: object, options: { id: string }): Promise<string | null>;
}

/** What is used of the JetStream client of `nats`. */
export interface JetStreamTarget {
  publish(subject: string, data: Uint8Array, options: { msgID: string }): Promise<unknown>;
}

/** Into a queue of BullMQ: the type is the job's name, the message its data, the id its `jobId`. */
export function toBullmq(options: { readonly queue: BullmqTarget }): Deliver {
  const { queue } = onlyKnown("options", options, ["queue"]);
  fn("queue.add", queue?.add);
  return async (message) => void (await queue.add(message.type, message, { jobId: message.id }));
}

/** Into a queue of pg-boss, which must have been created: the message is the data, a UUID of its id the job's `id`. */
export function toPgBoss(options: { readonly boss: PgBossTarget; readonly queue: string }): Deliver {
  const { boss, queue } = onlyKnown("options", options, ["boss", "queue"]);
  fn("boss.send", boss?.send);
  const name = text("queue", queue);
  // `null` is pg-boss's answer for a job that is there already.
  return async (message) => void (await boss.send(name, message, { id: await uuidOf(message.id) }));
}

/**
 * Into a stream of NATS JetStream: one subject, or one for each message. `msgID` is the id; within the stream's
 * `duplicate_window` a second publication is acknowledged and not stored.
 */
export function toJetStream(options: {
  readonly jetstream: JetStreamTarget;
  readonly subject: string | ((message: OutboxMessage) => string);
}): Deliver {
  const { jetstream, subject } = onlyKnown("options", options, ["jetstream", "subject"]);
  fn("jetstream.publish", jetstream?.publish);
  const subjectOf = subjects(subject);
  return async (message) => {
    const data = utf8(JSON.stringify(message));
    await jetstream.publish(subjectOf(message), data, { msgID: message.id });
  };
}

function subjects(subject: unknown): (message: OutboxMessage) => string {
  if (typeof subject === "function") return (message) => text("subject", (subject as (message: OutboxMessage) => string)(message));
  if (typeof subject === "string" && subject !== "") return () => subject;
  throw refusal("argument_invalid", "subject", subject, "is no subject: expected its name, or a function that names it");
}
