/**
 * `tillproof/outbox`: the rest of the business hears of what happened, at least once and in order.
 *
 * A message is stored in the same commit as what it tells of, and delivered afterwards by whichever process has time:
 * to a function of yours, or with `toBullmq`, `toPgBoss` and `toJetStream` into what you run already.
 */

export type { ListedMessage, MessageState, NewMessage, OutboxMessage } from "./message.js";
export { createOutbox, Outbox } from "./outbox.js";
export type { AddOptions, ListOptions, OutboxFigures } from "./outbox.js";
export type { PaymentMessage, PaymentMessageType } from "./payments.js";
export type { BehindQuarantined, Deliver, DeliveryContext, OutboxOptions } from "./settings.js";
export type { OutboxCounts } from "./stream.js";
export { toBullmq, toJetStream, toPgBoss } from "./targets.js";
export type { BullmqTarget, JetStreamTarget, PgBossTarget } from "./targets.js";
