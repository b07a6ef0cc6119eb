/**
 * One at a time on a connection that several want.
 *
 * Invariant: between {@link Turns.take} and {@link Turns.give} nobody else has the turn, and turns are given in the
 * order in which they were asked for.
 */

import type { TillproofError } from "../shell/errors.js";
import { storeBusy } from "./rules.js";

/** The turns of one connection. */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #taken = false;

  /** Whether nobody has the turn. */
  get idle(): boolean {
    return !this.#taken;
  }

  /** Waits for the turn. Rejects with `late()`, of itself `store_busy`, when it has not come after `patienceMs`. */
  async take(patienceMs: number, late: () => TillproofError = () => connectionBusy(patienceMs)): Promise<void> {
    if (!this.#taken) {
      this.#taken = true;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const mine = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(mine), 1);
        reject(late());
      }, patienceMs);
      this.#waiting.push(mine);
    });
  }

  /** Passes the turn on. */
  give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#taken = false;
    else next();
  }
}

const byConnection = new WeakMap<object, Turns>();

/** The turns of a connection: the same for every store over it. */
export function turnsOf(connection: object): Turns {
  let turns = byConnection.get(connection);
  if (turns === undefined) byConnection.set(connection, (turns = new Turns()));
  return turns;
}

function connectionBusy(patienceMs: number): TillproofError {
  return storeBusy(
    `a transaction on this connection has not ended for ${patienceMs} ms: what runs inside of one must use what the ` +
      "transaction hands out, since a call to the store itself waits for the end",
  );
}
