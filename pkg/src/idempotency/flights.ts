/**
 * Requests of one key that come in while one of them is being run in this process.
 *
 * Invariant: at most one run of a key at a time in a process, and no more than so many that wait for one. Between processes
 * the store decides; a flight saves the work of finding out, and hands its end to all who wait.
 */

/** What became of a wait: the end of the flight, `late`, or `full` where too many wait already. */
export type Landing<T> = { readonly end: T } | "late" | "full";

/** The flights of one `Idempotency`. */
export class Flights<T> {
  readonly #flights = new Map<string, Promise<T>>();
  readonly #most: number;
  #waiting = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Whether a key is being run. */
  has(key: string): boolean {
    return this.#flights.has(key);
  }

  /** Runs a key that nobody runs. `told` is what those who wait are told, also when `work` rejects. */
  async run<R>(key: string, work: () => Promise<R>, told: (end: R | undefined, error: unknown) => T): Promise<R> {
    let land: (end: T) => void = () => undefined;
    this.#flights.set(key, new Promise<T>((resolve) => (land = resolve)));
    try {
      const end = await work();
      land(told(end, undefined));
      return end;
    } catch (error) {
      land(told(undefined, error));
      throw error;
    } finally {
      this.#flights.delete(key);
    }
  }

  /** Waits for the end of a flight. */
  async wait(key: string, patienceMs: number): Promise<Landing<T>> {
    const flight = this.#flights.get(key);
    if (flight === undefined || patienceMs <= 0) return "late";
    if (this.#waiting >= this.#most) return "full";
    this.#waiting += 1;
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      const late = new Promise<"late">((resolve) => (timer = setTimeout(resolve, patienceMs, "late")));
      return await Promise.race([flight.then((end) => ({ end })), late]);
    } finally {
      clearTimeout(timer);
      this.#waiting -= 1;
    }
  }
}
