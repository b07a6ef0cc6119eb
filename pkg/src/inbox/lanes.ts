/**
 * One at a time within this process, by name.
 *
 * Invariant: a lane exists only while somebody is in it or waits for it, so names do not add up. Between processes the
 * store decides; a lane only saves the work of finding out.
 */

import type { TillproofError } from "../shell/errors.js";
import { Turns } from "../stores/turns.js";

/** The lanes of one inbox. */
export class Lanes {
  readonly #lanes = new Map<string, Turns>();

  /** Runs `work` when nobody else is in the lane; rejects with `late()` when that has not come to be in time. */
  async in<T>(name: string, patienceMs: number, late: () => TillproofError, work: () => Promise<T>): Promise<T> {
    let lane = this.#lanes.get(name);
    if (lane === undefined) this.#lanes.set(name, (lane = new Turns()));
    await lane.take(patienceMs, late);
    try {
      return await work();
    } finally {
      lane.give();
      if (lane.idle) this.#lanes.delete(name);
    }
  }
}
