/**
 * What a queue of webhook events promises to receivers and workers.
 *
 * States of a job: `ready` (waits, perhaps for its next attempt) → `taken` (one worker has it, until its lease ends) →
 * `done` | `quarantined`; `done` → `ready` by {@link Queue.replay}, `quarantined` → `ready` by {@link Queue.release}.
 *
 * Invariant: an event that was added stays in exactly one of these states until its retention ends, whatever dies. Of
 * the workers that think they have a job, only the one with its newest fence can change it.
 *
 * An engine has one clock, its own, so that workers whose clocks disagree still agree on leases; hence the contract
 * knows durations and no `now`.
 */

/** What is known of an event beside the body it came in. */
export interface EventFacts {
  /** What repeated deliveries of the event have in common. */
  readonly id: string;
  /** Whether the signature covers the id. */
  readonly idIsSigned: boolean;
  /** Where the id is not signed: the digest of what is. */
  readonly digest?: string;
  /** The type, as the provider names it. */
  readonly type: string;
  /** When it happened, in milliseconds since the epoch, where the signed body says so. */
  readonly occurredAt?: number;
  /** Where it stands in the list of a delivery that carries several, from 0. */
  readonly index?: number;
}

/** A delivery exactly as it came in, but for the headers nobody will ask for again. */
export interface RawDelivery {
  /** The scheme that verified it. */
  readonly scheme: string;
  /** When it came in, in milliseconds since the epoch. */
  readonly receivedAt: number;
  /** When it was signed, in milliseconds since the epoch, where the scheme signs that. */
  readonly signedAt?: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The bytes that were authenticated. */
  readonly body: Uint8Array;
}

/** One event of a delivery that is to be stored. */
export interface NewJob {
  readonly event: EventFacts;
  /** Two jobs with the same one of these are the same job: 1 to 2 texts that every database can index. */
  readonly identities: readonly string[];
  /** Jobs with the same key run one after the other, in the order in which they were added. */
  readonly orderKey?: string;
}

/** A job that a worker has, until its lease ends. */
export interface TakenJob {
  /** Stable over all attempts and replays. */
  readonly id: string;
  /** Which taking of the job this is; an older one can no longer change it. */
  readonly fence: string;
  /** From 1; a worker that died counts, one that gave the job back does not where the engine can tell. */
  readonly attempt: number;
  readonly event: EventFacts;
  readonly delivery: RawDelivery;
  readonly orderKey?: string;
}

/** What becomes of a taken job. */
export type Ending =
  | { readonly as: "done" }
  /** Ready again after a wait. */
  | { readonly as: "retry"; readonly delayMs: number; readonly error: string }
  /** Put aside with its error until somebody releases it. */
  | { readonly as: "quarantined"; readonly error: string }
  /** Ready again at once, as if it had not been taken. */
  | { readonly as: "returned" };

/** A job that failed too often. */
export interface QuarantinedJob {
  readonly id: string;
  readonly event: EventFacts;
  readonly delivery: RawDelivery;
  /** What the last attempt failed with. */
  readonly error: string;
  /** Attempts so far. */
  readonly attempts: number;
  /** When it was put aside, in milliseconds since the epoch. */
  readonly quarantinedAt: number;
}

/** How a queue stands. */
export interface QueueCounts {
  /** Could be taken now. */
  readonly ready: number;
  /** Wait for their next attempt. */
  readonly delayed: number;
  /** Are with a worker. */
  readonly taken: number;
  readonly quarantined: number;
  /** For how long the job that is due longest has been due, in milliseconds; 0 when none is. */
  readonly lagMs: number;
  /** Age of the oldest job that is neither done nor quarantined, in milliseconds since it was received; 0 without any. */
  readonly oldestAgeMs: number;
  /** Most attempts of any job that is neither done nor quarantined. */
  readonly attemptsMost: number;
}

/** Which jobs run again. */
export interface ReplayOptions {
  /** Received at this time or later, in milliseconds since the epoch. */
  readonly from: number;
  /** Received before this time; open when left out. */
  readonly to?: number;
  /** Of this type only. */
  readonly type?: string;
}

/** The contract between receivers, workers and whatever keeps the jobs. A lost lease is an answer, not an error. */
export interface Queue {
  /** Keeps several queues in one database apart. */
  readonly name: string;
  /** Whether jobs with one order key run one after the other. */
  readonly keepsOrder: boolean;
  /** The lease the engine gives whatever is asked for, in milliseconds; absent where it gives what is asked for. */
  readonly leaseMs?: number;
  /**
   * Stores a delivery with its jobs, all or nothing; when it resolves they survive the death of this process. Tells of
   * each job whether it is new; a delivery without a new job is not stored.
   */
  add(delivery: RawDelivery, jobs: readonly NewJob[]): Promise<boolean[]>;
  /** Up to `limit` jobs that are due, or whose worker let its lease end: earliest first. They are this worker's now. */
  take(request: { readonly limit: number; readonly leaseMs: number }): Promise<TakenJob[]>;
  /** Begins a lease anew; `false` when the job is another's by now. */
  renew(job: TakenJob, leaseMs: number): Promise<boolean>;
  /** Ends the taking; `false`, with nothing changed, when the job is another's by now. */
  settle(job: TakenJob, ending: Ending): Promise<boolean>;
  /** How the queue stands. */
  counts(): Promise<QueueCounts>;
  /** Jobs put aside, the longest there first. */
  quarantined(limit: number): Promise<QuarantinedJob[]>;
  /** Makes a job that was put aside ready, with all its attempts before it; `false` when it is not there. */
  release(id: string): Promise<boolean>;
  /** Makes jobs that are done ready again, as long as their bodies are kept; tells how many. */
  replay(options: ReplayOptions): Promise<number>;
  /** Drops what is older than the retention, in a bounded step; tells how many records were changed. */
  purge(): Promise<number>;
  /** Calls `listener` when this process adds a job; returns what ends that. */
  onAdded(listener: () => void): () => void;
  /** Ends what the engine itself opened; what the caller handed in stays open. */
  close(): Promise<void>;
}

/** What became of a transaction. */
export type Transacted = "done" | "lost";

/** A queue whose jobs are finished in the same transaction as what the handler writes. */
export interface TransactionalQueue<Tx> extends Queue {
  /** Whether its transactions run one after the other, so that taking several jobs at a time would only keep them waiting. */
  readonly serial: boolean;
  /**
   * Runs `work` in a transaction that also makes the job `done`: both become true or neither does. `lost` when the job
   * is another's by now; rejects with what `work` throws, with nothing written. Once `signal` is aborted, the transaction
   * is rolled back and this rejects with its reason, whatever `work` still does.
   */
  transact(job: TakenJob, work: (tx: Tx) => unknown, signal: AbortSignal): Promise<Transacted>;
}
