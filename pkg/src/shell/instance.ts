/**
 * One wasm instance, started at the first call and started again after a trap.
 *
 * Invariant: no call ever runs on an instance that has trapped. A trap (a bug, exhausted memory, a stack overflow)
 * leaves linear memory in an unknown state; the instance is thrown away, {@link Instance.generation} rises, and the
 * caller gets `internal_trap`. Whoever keeps handles of engines compares generations and rebuilds from what it stored.
 */

import type { Compiled } from "./bytes.js";
import { TillproofError } from "./errors.js";

/** What every generated glue module has beside the exports of the crate. */
export interface Glue {
  initSync(input: { module: WebAssembly.Module | undefined }): { readonly memory: WebAssembly.Memory };
  /** Replaces the instance by a fresh one of the same module. */
  __wbg_reset_state(): void;
}

/** Not started yet; started; trapped, with the old instance still in place. */
type State = "idle" | "ready" | "trapped";

/** What `initSync` is given where it runs already, and is only asked for the exports: it is not looked at. */
const STARTED = { module: undefined };

/** The door to one of the wasm files, for exports that take and return numbers: `E` are those exports. */
export class Instance<E extends Glue> {
  readonly #name: string;
  readonly #glue: E;
  readonly #source: Compiled;
  #state: State = "idle";
  #generation = 0;

  constructor(name: string, glue: E, source: Compiled) {
    this.#name = name;
    this.#glue = glue;
    this.#source = source;
  }

  /** How often the instance was thrown away. A handle of an engine is good for the generation it was made in. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * The exports of the instance that runs, for calls so short that the closure of {@link raw} would be a part of them.
   * What such a call throws goes through {@link told}.
   */
  get exports(): E {
    this.#start();
    return this.#glue;
  }

  /** What is to be thrown for what an export has thrown: after a trap `internal_trap`, and the instance is given up. */
  told(error: unknown): unknown {
    if (!isTrap(error)) return error;
    this.#state = "trapped";
    this.#generation += 1;
    return this.#trapped(error);
  }

  /**
   * Calls an export and returns what it returns.
   *
   * Throws `internal_trap` or `wasm_unavailable`.
   */
  raw<T>(call: (exports: E) => T): T {
    this.#start();
    try {
      return call(this.#glue);
    } catch (error) {
      throw this.told(error);
    }
  }

  /**
   * The linear memory of the instance, for areas that both sides know. Its buffer is another one after it grew and
   * after a trap. Throws `wasm_unavailable`.
   */
  memory(): WebAssembly.Memory {
    this.#start();
    // A started module answers with the exports of its present instance, whatever it is given.
    return this.#glue.initSync(STARTED).memory;
  }

  #start(): void {
    if (this.#state === "ready") return;
    try {
      // The reset waits for the next call: right after exhausted memory there may be no room for a new instance.
      if (this.#state === "trapped") this.#glue.__wbg_reset_state();
      else this.#glue.initSync({ module: typeof this.#source === "function" ? this.#source() : this.#source });
    } catch (error) {
      if (error instanceof TillproofError) throw error;
      throw this.#unavailable(error);
    }
    this.#state = "ready";
  }

  #trapped(cause: unknown): TillproofError {
    return new TillproofError({
      code: "internal_trap",
      message:
        `tillproof/${this.#name} stopped inside wasm (${textOf(cause)}) and was started again: ` +
        "nothing was returned by this call; please report it with the steps that led here",
      advice: "report_bug",
      details: { artefact: this.#name, generation: String(this.#generation), found: textOf(cause) },
      cause,
    });
  }

  #unavailable(cause: unknown): TillproofError {
    return new TillproofError({
      code: "wasm_unavailable",
      message:
        `tillproof/${this.#name} could not start its wasm module (${textOf(cause)}): a page with a ` +
        "Content-Security-Policy needs script-src 'wasm-unsafe-eval'; a platform that refuses to compile bytes needs " +
        `provideWasm("${this.#name}", module) of tillproof/slim`,
      details: { artefact: this.#name, found: textOf(cause) },
      cause,
    });
  }
}

/**
 * Whether the instance died. By name as well as by class: an error of another realm fails `instanceof`. A stack
 * overflow is a RangeError in V8 and JavaScriptCore and an InternalError in SpiderMonkey.
 */
function isTrap(error: unknown): boolean {
  const name = (error as { name?: unknown } | null | undefined)?.name;
  return name === "RuntimeError" || name === "RangeError" || name === "InternalError";
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
