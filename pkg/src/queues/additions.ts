/**
 * Deliveries that come in together are stored together, and so wait for the disk once.
 *
 * Invariant: each delivery is answered after the write it was part of, and one that cannot be stored takes no other with
 * it: when a write of several fails, each of them is tried alone.
 */

import type { NewJob, RawDelivery } from "../worker/queue.js";
import { Listeners } from "./added.js";

/** A delivery that is to be stored. */
export interface Addition {
  readonly delivery: RawDelivery;
  readonly jobs: readonly NewJob[];
}

interface Pending extends Addition {
  readonly resolve: (added: boolean[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Most deliveries of one write. */
const DELIVERIES_MAX = 128;

/** Most bytes of bodies in one write, unless one delivery alone has more. */
const BYTES_MAX = 4 * 1_048_576;

/** Collects what comes in while others are being written. */
export class Additions {
  readonly #store: (additions: readonly Addition[]) => Promise<boolean[][]>;
  readonly #atOnce: number;
  readonly #listeners: Listeners;
  readonly #pending: Pending[] = [];
  #writing = 0;
  #scheduled = false;

  /** `store` writes some deliveries, all or nothing, and tells which jobs are new; `atOnce` writes run at a time. */
  constructor(store: (additions: readonly Addition[]) => Promise<boolean[][]>, listeners: Listeners, atOnce: number) {
    this.#store = store;
    this.#listeners = listeners;
    this.#atOnce = atOnce;
  }

  /** Stores a delivery with others that come in during this turn of the event loop. */
  add(delivery: RawDelivery, jobs: readonly NewJob[]): Promise<boolean[]> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ delivery, jobs, resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled || this.#pending.length === 0 || this.#writing >= this.#atOnce) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      const batch = this.#next();
      this.#writing += 1;
      void this.#write(batch).finally(() => {
        this.#writing -= 1;
        this.#schedule();
      });
      this.#schedule();
    });
  }

  #next(): Pending[] {
    let bytes = 0;
    let length = 0;
    for (const { delivery } of this.#pending) {
      bytes += delivery.body.length;
      if (length === DELIVERIES_MAX || (length > 0 && bytes > BYTES_MAX)) break;
      length += 1;
    }
    return this.#pending.splice(0, length);
  }

  async #write(batch: readonly Pending[]): Promise<void> {
    try {
      const added = await this.#store(batch);
      batch.forEach(({ resolve }, index) => resolve(added[index] ?? []));
      if (added.some((some) => some.includes(true))) this.#listeners.tell();
    } catch (error) {
      if (batch.length === 1) return batch[0]?.reject(error);
      for (const one of batch) await this.#write([one]);
    }
  }
}
