/**
 * What a call that moves money is called.
 *
 * Invariant: a name comes from whoever makes the call and never from what the call says. Two equal purchases are two
 * names, and an agent that asks again in other words keeps the one it had.
 */

import { TillproofError } from "../shell/errors.js";
import { fn, text } from "../shell/guard.js";

/** The header a caller may name a call with. It never leaves the process. */
export const REFERENCE_HEADER = "tillproof-reference";

/** The part of `AsyncLocalStorage` that is used here. */
interface AsyncContext {
  run<T>(value: string, body: () => T): T;
  getStore(): string | undefined;
}

type Builtins = {
  getBuiltinModule?: (name: "node:async_hooks") => { AsyncLocalStorage: new () => AsyncContext } | undefined;
};

/** Shared by all copies of the package in one process, as ES modules and as CommonJS. */
const CONTEXT = Symbol.for("tillproof.reference");

/**
 * Runs `body` with a name for the call to the provider that it makes, however deep inside an SDK that happens.
 *
 * One name is one call: a second call with other content is refused before it is sent. Repeating the whole with the same
 * name is safe after anything. Rejects or throws as `body` does.
 *
 * Throws `async_context_missing` where the host has no `AsyncLocalStorage` (browsers, Node before 20.16).
 */
export function withReference<T>(reference: string, body: () => T): T {
  text("reference", reference);
  fn("body", body);
  const context = asyncContext();
  if (context === undefined) {
    throw new TillproofError({
      code: "async_context_missing",
      message:
        "withReference needs AsyncLocalStorage, which this host does not have: name the call with the header " +
        "Tillproof-Reference, or with the option `reference` of createFetch",
    });
  }
  return context.run(reference, body);
}

/** The name {@link withReference} gave to what runs now. */
export function currentReference(): string | undefined {
  return asyncContext()?.getStore();
}

function asyncContext(): AsyncContext | undefined {
  const shared = globalThis as { [CONTEXT]?: AsyncContext | undefined; process?: Builtins };
  if (shared[CONTEXT] === undefined) {
    // Asked for at run time, because a bundle for browsers must not import it.
    const hooks = shared.process?.getBuiltinModule?.("node:async_hooks");
    if (hooks === undefined) return undefined;
    shared[CONTEXT] = new hooks.AsyncLocalStorage();
  }
  return shared[CONTEXT];
}

/** Where a name may come from, in the order in which it is looked for. */
export interface Names {
  /** The option `reference`, asked with the request. */
  readonly chosen: string | undefined;
  /** The header {@link REFERENCE_HEADER}. */
  readonly header: string | null;
  /** The idempotency key that was already in the request. */
  readonly callersKey: string | undefined;
}

/** The name of a call, and whether it is the key the caller had put into it. */
export interface Name {
  readonly reference: string;
  readonly isCallersKey: boolean;
}

/** The name of a call; `undefined` when nobody gave it one. */
export function nameOf({ chosen, header, callersKey }: Names): Name | undefined {
  const given = chosen ?? header ?? currentReference();
  if (given !== undefined) return { reference: text("reference", given), isCallersKey: false };
  return callersKey === undefined ? undefined : { reference: text("the idempotency key", callersKey), isCallersKey: true };
}

/** What is thrown for a call without a name. */
export function withoutName(method: string, path: string): TillproofError {
  return new TillproofError({
    code: "reference_missing",
    message:
      `${method} ${path.slice(0, 80)} moves money and has no name, so that nobody could tell a repetition from a second ` +
      "purchase: wrap it in withReference(orderId, () => ...), send the header Tillproof-Reference, or give createFetch " +
      'the option `reference`; unnamed: "pass" sends such calls as they are, without protection',
    details: { method, path: path.slice(0, 200) },
  });
}
