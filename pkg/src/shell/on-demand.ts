/**
 * An artefact that is loaded when it is needed, and carried by a bundle only if the program asks for it by name.
 *
 * Invariant: a process has at most one instance of it, however many copies of this module there are (ES module beside
 * CommonJS, two chunks of one bundle). Where it comes from, in this order: an import of its entry anywhere in the
 * program; the installed package, in Node, Bun and Deno.
 */

import type { Artefact, Glue } from "./artefact.js";
import type { Compiled } from "./bytes.js";
import { TillproofError } from "./errors.js";
import { VERSION } from "./version.js";

/** What an artefact is started from: the exports of a module of parts. */
export interface Parts<E extends Glue> {
  readonly glue: E;
  readonly source: Compiled;
  /** What makes an artefact of them, so that who only might need one does not carry it. */
  readonly Artefact: new (name: string, glue: E, source: Compiled) => Artefact<E>;
}

/** What is said where it has to be imported by name. */
export interface Missing {
  readonly code: string;
  /** What is kept in a file of its own. */
  readonly what: string;
  /** The entry behind `tillproof/`. */
  readonly entry: string;
}

type Builtins = { getBuiltinModule?: (name: "node:module") => { createRequire(from: string): (id: string) => unknown } };

/** What a process has of an artefact: the instance, and what came with it. */
interface Provided<E extends Glue, P> {
  readonly artefact: Artefact<E>;
  readonly parts: P;
}

/** Where the one instance of an artefact is found; `P` are its parts, with whatever else comes with the artefact. */
export class OnDemand<E extends Glue, P extends Parts<E> = Parts<E>> {
  readonly #name: string;
  readonly #missing: Missing;
  /** Registered, so that all copies of this module mean the same; with the version, since the exports belong to it. */
  readonly #key: symbol;

  constructor(name: string, missing: Missing) {
    this.#name = name;
    this.#missing = missing;
    this.#key = Symbol.for(`tillproof/${VERSION}/${name}`);
  }

  /** Says where the artefact is to be had; starts nothing. The first word counts. */
  provide(parts: P): void {
    this.#process[this.#key] ??= { artefact: new parts.Artefact(this.#name, parts.glue, parts.source), parts };
  }

  /** The one instance, found when it is first asked for. Throws the code of `missing` where it has to be imported. */
  get(): Provided<E, P> {
    if (this.#process[this.#key] === undefined) this.provide(this.#installed());
    return this.#process[this.#key] as Provided<E, P>;
  }

  get #process(): Record<symbol, Provided<E, P> | undefined> {
    return globalThis as unknown as Record<symbol, Provided<E, P> | undefined>;
  }

  /**
   * From the package as it was installed. The name that is asked for exists for files of the package alone, so that a
   * bundle finds nothing, instead of the files of another version that happen to lie near it.
   */
  #installed(): P {
    try {
      const builtins = (globalThis as { process?: Builtins }).process;
      // Bundlers follow `import()` and `require`, and would carry the bytes along; this they do not see.
      const load = builtins?.getBuiltinModule?.("node:module").createRequire(import.meta.url);
      if (load !== undefined) return load(`#on-demand/${this.#name}`) as P;
    } catch (cause) {
      throw this.#notLoaded(cause);
    }
    throw this.#notLoaded();
  }

  #notLoaded(cause?: unknown): TillproofError {
    const { code, what, entry } = this.#missing;
    return new TillproofError({
      code,
      message:
        `${what} are kept in a file of their own, which is not loaded by itself in a bundle, a page or a worker: add the ` +
        `line import "tillproof/${entry}"; (import "tillproof/slim/${entry}"; with tillproof/slim)`,
      details: { expected: `import "tillproof/${entry}";` },
      cause,
    });
  }
}
