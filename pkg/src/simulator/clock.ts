/** What time it is for a gateway: wall-clock or virtual time, plus what was advanced. Never runs backwards. */

/** Which time a gateway lives in. */
export type ClockKind = "virtual" | "real";

/** Where virtual time begins when nothing is said: 2026-01-01T00:00:00Z. Any fixed moment serves; tests need one. */
export const VIRTUAL_START_MS = 1_767_225_600_000;

/** A clock that can be moved forwards. */
export class Clock {
  readonly kind: ClockKind;
  /** Virtual: the time. Real: what was advanced beyond the wall clock. */
  #ms: number;

  constructor(kind: ClockKind, ms: number) {
    this.kind = kind;
    this.#ms = ms;
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.kind === "virtual" ? this.#ms : Date.now() + this.#ms;
  }

  /** Moves the clock to `ms`, unless it is there already or beyond. */
  moveTo(ms: number): void {
    const ahead = ms - this.now();
    if (ahead > 0) this.#ms += ahead;
  }

  /** What a snapshot keeps: the virtual time, or what was advanced. */
  get state(): number {
    return this.#ms;
  }
}

/** Waits in real time; rejects with the reason of the signal when that comes first. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
