/**
 * `tillproof/worker`: webhooks stored at once and applied later.
 *
 * A receiver verifies a delivery, stores it and answers; workers take the events from the queue, in this process or in
 * others. Where the jobs are kept is decided by one of `tillproof/queues/<engine>`.
 */

export { queueConformance, type QueueCheck } from "./conformance.js";
export { QueuedEvent } from "./event.js";
export type {
  Ending,
  EventFacts,
  NewJob,
  QuarantinedJob,
  Queue,
  QueueCounts,
  RawDelivery,
  ReplayOptions,
  TakenJob,
  Transacted,
  TransactionalQueue,
} from "./queue.js";
export { createReceiver } from "./receiver.js";
export type { Receiver, ReceiverCounts, ReceiverOptions, StoredEvent, StoredReceipt } from "./receiver.js";
export type { BackoffOptions } from "./verdict.js";
export type {
  DrainReport,
  JobContext,
  TransactionalWorkerOptions,
  Worker,
  WorkerCounts,
  WorkerMetrics,
  WorkerOptions,
  WorkerSettings,
} from "./settings.js";
export { createWorker } from "./worker.js";
