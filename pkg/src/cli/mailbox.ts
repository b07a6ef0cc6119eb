/**
 * Messages of another thread, asked for one by one.
 *
 * Invariant: none is lost that comes before somebody asks, and each answers one question, in order, as long as nothing comes
 * behind the end: who ends a mailbox has heard from Node that its thread is over and its port is empty.
 */

/** What a worker and the port of its parent have in common. */
interface Sender {
  on(event: "message", take: (message: unknown) => void): unknown;
}

/** What has come from a sender and was not asked for yet. */
export class Mailbox {
  readonly #come: unknown[] = [];
  #waiting: ((message: unknown) => void) | undefined;
  #isOver = false;

  constructor(sender: Sender) {
    sender.on("message", (message) => {
      if (this.#waiting === undefined) this.#come.push(message);
      else this.#waiting(message);
      this.#waiting = undefined;
    });
  }

  /** The next message; `undefined` once there are no more. */
  next<T>(): Promise<T | undefined> {
    return new Promise((resolve) => {
      if (this.#come.length > 0 || this.#isOver) resolve(this.#come.shift() as T | undefined);
      else this.#waiting = resolve as (message: unknown) => void;
    });
  }

  /** Nothing comes any more. */
  end(): void {
    this.#isOver = true;
    this.#waiting?.(undefined);
  }
}
