/**
 * A claim that is prolonged while its owner works.
 *
 * Invariant: each change is guarded by the version before, so a process that slept beyond its lease finds out at its next
 * change, and what it does after that counts for nothing.
 */

import type { Store, Write } from "../stores/store.js";
import { renew, type Claim, type TermsDocument } from "./engine.js";

/** Prolonged so often within a lease that two failures in a row do not lose it. */
const BEATS_PER_LEASE = 3;

/** What a lease needs of its key. */
export interface Held {
  readonly store: Store;
  readonly terms: TermsDocument;
  readonly leaseMs: number;
  readonly clock: () => number;
  /** What stands behind the record while the owner works; empty without an answer of before. */
  readonly behind: string;
}

/** A lease. */
export class Lease {
  readonly #held: Held;
  readonly #lost = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  #claim: Claim;
  #beating: Promise<void> = Promise.resolve();
  /** What was tried, and may have succeeded: the store could not say. */
  #untold: Renewal | undefined;

  constructor(held: Held, claim: Claim) {
    this.#held = held;
    this.#claim = claim;
    const beat = (): void => void (this.#beating = this.#beating.then(() => this.#prolong()));
    this.#timer = setInterval(beat, Math.ceil(held.leaseMs / BEATS_PER_LEASE));
    // Where the handler is all that is left, and waits for nothing, a process may end.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  /** Aborted when somebody else has taken over. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** Ends the prolonging; the claim as it stands. */
  async stop(): Promise<Claim> {
    clearInterval(this.#timer);
    await this.#beating;
    await this.#ask().catch(() => undefined);
    return this.#claim;
  }

  async #prolong(): Promise<void> {
    const { store, terms, clock, behind } = this.#held;
    if (this.#lost.signal.aborted) return;
    try {
      await this.#ask();
      const { claim, write } = renew({ now: clock(), claim: this.#claim, terms });
      this.#untold = { claim, write: { ...write, value: write.value + behind } };
      if (await store.commit([this.#untold.write])) this.#claim = claim;
      else this.#lost.abort(new Error("another process has taken over this Idempotency-Key"));
      this.#untold = undefined;
    } catch {
      // The next beat tries again. The lease may be over by then, and somebody else may have it.
    }
  }

  /** Finds out what became of the change whose fate the store did not tell. */
  async #ask(): Promise<void> {
    if (this.#untold === undefined) return;
    if (await isThere(this.#held.store, this.#untold.write)) this.#claim = this.#untold.claim;
    this.#untold = undefined;
  }
}

/** A prolonged claim and the change that makes it true. */
interface Renewal {
  readonly claim: Claim;
  readonly write: Write;
}

/**
 * Commits, and looks what became of it where the store does not know: a connection may end after the commit and before its
 * answer. The first write decides: nobody else would have written it, since it names its owner.
 */
export async function committed(store: Store, writes: readonly [Write, ...Write[]]): Promise<boolean> {
  try {
    return await store.commit(writes);
  } catch (error) {
    if (await isThere(store, writes[0]).catch(() => false)) return true;
    throw error;
  }
}

async function isThere(store: Store, { key, expected, value }: Write): Promise<boolean> {
  const record = await store.get(key);
  return record !== null && record.version === expected + 1 && record.value === value;
}
