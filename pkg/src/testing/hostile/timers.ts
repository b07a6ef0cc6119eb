/**
 * `setTimeout`, `setInterval`, `Date`, `AbortSignal.timeout` and `Math.random` of one run: time passes only when its driver
 * says so, and chance follows from the seed.
 *
 * Invariant: after {@link VirtualTimers.restore} the globals are those that were found, whatever happened in between.
 */

import { BodyReads } from "./reads.js";
import { diceOf } from "./script.js";

type Callback = (...args: unknown[]) => void;

/** What is put in the place of globals for the time of a run. */
const REPLACED = ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"] as const;

/** What `util.promisify` asks a function for. */
const PROMISIFIED = Symbol.for("nodejs.util.promisify.custom");

/** A timer as Node's: it can be cleared by itself or by its number. */
class VirtualTimer {
  readonly #timers: VirtualTimers;
  readonly id: number;
  readonly callback: () => void;
  readonly delay: number;
  readonly repeats: boolean;

  constructor(timers: VirtualTimers, id: number, callback: () => void, delay: number, repeats: boolean) {
    this.#timers = timers;
    this.id = id;
    this.callback = callback;
    this.delay = delay;
    this.repeats = repeats;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }

  refresh(): this {
    this.#timers.arm(this);
    return this;
  }

  close(): this {
    this.#timers.clear(this);
    return this;
  }

  [Symbol.toPrimitive](): number {
    return this.id;
  }
}

/** The timers of one run. */
export class VirtualTimers {
  /** What is being read of bodies: time waits for it. */
  readonly reads = new BodyReads();
  readonly #now: () => number;
  readonly #timers = new Map<number, { readonly timer: VirtualTimer; readonly due: number }>();
  readonly #found = new Map<string, PropertyDescriptor>();
  readonly #foundTimeout = AbortSignal.timeout;
  readonly #foundRandom = Math.random;
  /** Far above the numbers of real timers, which clear through the same functions. */
  #last = 2 ** 40;

  /** `now` is the clock these timers go by. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes the place of the globals. */
  install(seed: number): void {
    const globals = globalThis as unknown as Record<string, unknown>;
    for (const name of REPLACED) {
      const found = Object.getOwnPropertyDescriptor(globalThis, name);
      if (found !== undefined) this.#found.set(name, found);
    }
    const realClear = globalThis.clearTimeout as (timer: unknown) => void;
    const start = (repeats: boolean) => (callback: Callback, delay?: number, ...args: unknown[]) =>
      this.#start(() => callback(...args), delay, repeats);
    const clear = (timer: unknown): void => {
      if (!this.clear(timer)) realClear(timer);
    };
    const timeout = start(false);
    Object.defineProperty(timeout, PROMISIFIED, { value: (delay: number, value?: unknown) => this.wait(delay).then(() => value) });
    const values: Record<(typeof REPLACED)[number], unknown> = {
      setTimeout: timeout,
      clearTimeout: clear,
      setInterval: start(true),
      clearInterval: clear,
      Date: this.#date(),
    };
    for (const name of REPLACED) Object.defineProperty(globals, name, { value: values[name], configurable: true, writable: true });
    AbortSignal.timeout = (ms) => {
      const controller = new AbortController();
      this.#start(() => controller.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError")), ms, false);
      return controller.signal;
    };
    Math.random = diceOf(`${seed} random`);
    this.reads.install();
  }

  /** Puts the globals back and forgets what was still to come. */
  restore(): void {
    for (const [name, found] of this.#found) Object.defineProperty(globalThis, name, found);
    AbortSignal.timeout = this.#foundTimeout;
    Math.random = this.#foundRandom;
    this.reads.restore();
    this.#timers.clear();
  }

  /** When the next timer is due; `null` when there is none. */
  next(): number | null {
    let earliest: number | null = null;
    for (const { due } of this.#timers.values()) if (earliest === null || due < earliest) earliest = due;
    return earliest;
  }

  /** Calls back the first timer that is due, if any: one alone, since the next may be cleared by it. */
  fire(): void {
    const due = this.next();
    if (due === null || due > this.#now()) return;
    const first = [...this.#timers.values()].find((entry) => entry.due === due);
    if (first === undefined) return;
    this.#timers.delete(first.timer.id);
    if (first.timer.repeats) this.arm(first.timer);
    first.timer.callback();
  }

  /** Resolves after `ms`, or rejects with the reason of the signal. */
  wait(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.clear(timer);
        reject(signal?.reason as Error);
      };
      const timer = this.#start(
        () => {
          signal?.removeEventListener("abort", stop);
          resolve();
        },
        ms,
        false,
      );
      signal?.addEventListener("abort", stop, { once: true });
    });
  }

  /** Lets a timer begin anew. */
  arm(timer: VirtualTimer): void {
    this.#timers.delete(timer.id);
    this.#timers.set(timer.id, { timer, due: this.#now() + timer.delay });
  }

  /** Takes a timer away, by itself or by its number; says whether it is one of these. */
  clear(timer: unknown): boolean {
    const id = timer instanceof VirtualTimer ? timer.id : Number(timer);
    return this.#timers.delete(id) || timer instanceof VirtualTimer;
  }

  #start(callback: () => void, delay: number | undefined, repeats: boolean): VirtualTimer {
    this.#last += 1;
    // Node takes every delay that is not one millisecond or more for one millisecond.
    const ms = Number(delay) >= 1 ? Math.trunc(Number(delay)) : 1;
    const timer = new VirtualTimer(this, this.#last, callback, ms, repeats);
    this.arm(timer);
    return timer;
  }

  #date(): DateConstructor {
    const now = this.#now;
    return new Proxy(Date, {
      construct: (target, args: unknown[], called) =>
        Reflect.construct(target, args.length === 0 ? [now()] : args, called) as object,
      apply: (target) => new target(now()).toString(),
      get: (target, name, receiver) => (name === "now" ? now : (Reflect.get(target, name, receiver) as unknown)),
    });
  }
}
