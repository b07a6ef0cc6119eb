/**
 * A wasm instance that is spoken to in documents: what crosses is JSON, and errors come back in it.
 *
 * Invariant: that of {@link Instance}, from which it has everything but the words. Apart, because an edge function that
 * verifies webhooks asks in numbers and counts bytes.
 */

import type { Compiled } from "./bytes.js";
import { Instance, type Glue } from "./instance.js";
import { open, type Sentences } from "./wire.js";

export type { Glue } from "./instance.js";

/** The door to one of the wasm files: `E` is the generated glue module, whose exports are called through it. */
export class Artefact<E extends Glue> extends Instance<E> {
  readonly #sentences: Sentences | undefined;

  /** `sentences` are those of a wordless artefact, whose errors come without. */
  constructor(name: string, glue: E, source: Compiled, sentences?: Sentences) {
    super(name, glue, source);
    this.#sentences = sentences;
  }

  /**
   * Calls an export that answers with an envelope, and opens it.
   *
   * Throws what the engine answered with, `internal_trap` or `wasm_unavailable`.
   */
  invoke<T>(call: (exports: E) => Uint8Array): T {
    return open<T>(this.raw(call), this.#sentences);
  }
}
