/**
 * Waiting for a pass: callers with their patience, and intents nobody waits for.
 *
 * Invariant: each place in a queue is left exactly once, by a pass, by who loses patience, or by the end of the client.
 * What is parked here is parked in the store as well: a process that dies loses places, and nothing else.
 */

import type { Gate, Lane, Pass } from "./gate.js";
import { sleep } from "./host.js";

/** Who waits: until when his turn is of use to him, and what ends the wait before. */
export interface Patience {
  readonly deadline: number;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/** The places that one client has in the queues of its gate. */
export class Turns {
  readonly #gate: Gate;
  readonly #closing: AbortSignal;
  /** Parked intents, each with what gives its place up. */
  readonly #parked = new Map<string, () => void>();

  constructor(gate: Gate, closing: AbortSignal) {
    this.#gate = gate;
    this.#closing = closing;
    closing.addEventListener("abort", () => {
      for (const key of [...this.#parked.keys()]) this.unpark(key);
    });
  }

  /** Intents that have a place and nobody who waits for them. */
  get parked(): number {
    return this.#parked.size;
  }

  isParked(key: string): boolean {
    return this.#parked.has(key);
  }

  /** Waits for a pass; `undefined` when the signal aborts, or at `until` where there is no place in the queue. */
  async wait(lane: Lane, until: number, { deadline, signal, now }: Patience): Promise<Pass | undefined> {
    if (signal.aborted) return undefined;
    return new Promise((resolve) => {
      let leave: (() => void) | undefined;
      const abort = (): void => {
        leave?.();
        resolve(undefined);
      };
      const admitted = (pass: Pass): void => {
        signal.removeEventListener("abort", abort);
        resolve(pass);
      };
      leave = this.#gate.queue(lane, now, deadline, admitted);
      if (leave === undefined) void sleep(Math.max(0, until - now()), signal).then(() => resolve(undefined));
      else signal.addEventListener("abort", abort, { once: true });
    });
  }

  /** Gives an intent a place; `resume` drives it when its turn has come. `false` when there is no place. */
  park(key: string, lane: Lane, now: () => number, resume: (pass: Pass) => void): boolean {
    if (this.#parked.has(key)) return true;
    if (this.#closing.aborted) return false;
    let admitted = false;
    const leave = this.#gate.queue(lane, now, Infinity, (pass) => {
      admitted = true;
      this.#parked.delete(key);
      resume(pass);
    });
    if (leave === undefined) return false;
    // The turn may have come at once.
    if (!admitted) this.#parked.set(key, leave);
    return true;
  }

  /** Gives the place of an intent up, because somebody drives it. */
  unpark(key: string): void {
    this.#parked.get(key)?.();
    this.#parked.delete(key);
  }
}
