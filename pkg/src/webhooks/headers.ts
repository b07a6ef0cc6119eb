/**
 * The headers a scheme reads, out of whatever shape a framework gives them in.
 *
 * Invariant: nothing is joined, trimmed or guessed. A header that arrived several times is told as such, and the engine
 * refuses it. Names are compared without regard to case, but only those of a length that is looked for.
 */

import { TillproofError } from "../shell/errors.js";
import { SEVERAL, type Found } from "./area.js";

/** The value of a header in a record; a list means that it arrived several times. */
export type HeaderInput = string | readonly string[] | undefined;

/** Headers as frameworks give them: `Headers`, Node's `IncomingHttpHeaders`, a record, a `Map` or a list of pairs. */
export type HeadersLike =
  | Iterable<readonly [string, HeaderInput]>
  | { readonly [name: string]: HeaderInput };

/** The names a scheme reads, in lower case. */
export class HeaderNames {
  readonly names: readonly string[];
  /** By length: where the names of that length stand in the list. */
  readonly #byLength: number[][] = [];

  constructor(names: readonly string[]) {
    this.names = names;
    names.forEach((name, slot) => (this.#byLength[name.length] ??= []).push(slot));
  }

  /** What `headers` has of each name. Throws `headers_not_readable`. */
  find(headers: unknown): Found[] {
    const found: Found[] = new Array(this.names.length).fill(undefined);
    if (typeof headers !== "object" || headers === null) throw unreadable("not an object");
    if (!isIterable(headers)) {
      for (const name in headers) {
        const slot = this.#slot(name);
        if (slot >= 0 && Object.hasOwn(headers, name)) put(found, slot, name, (headers as Record<string, unknown>)[name]);
      }
    } else if (isHeaders(headers)) {
      this.names.forEach((name, slot) => put(found, slot, name, headers.get(name)));
    } else {
      for (const entry of headers) {
        if (!Array.isArray(entry) || entry.length !== 2 || typeof entry[0] !== "string") {
          throw unreadable("a list with something else than pairs in it");
        }
        const slot = this.#slot(entry[0]);
        if (slot >= 0) put(found, slot, entry[0], entry[1]);
      }
    }
    return found;
  }

  #slot(name: string): number {
    const candidates = this.#byLength[name.length];
    if (candidates === undefined) return -1;
    for (const slot of candidates) {
      if (this.names[slot] === name || this.names[slot] === name.toLowerCase()) return slot;
    }
    return -1;
  }
}

function put(found: Found[], slot: number, name: string, value: unknown): void {
  if (value === undefined || value === null) return;
  if (typeof value === "string") found[slot] = found[slot] === undefined ? value : SEVERAL;
  else if (Array.isArray(value)) found[slot] = SEVERAL;
  else throw unreadable(`a ${typeof value} under ${name.toLowerCase()}`);
}

function isIterable(value: object): value is Iterable<unknown> {
  return typeof (value as { [Symbol.iterator]?: unknown })[Symbol.iterator] === "function";
}

/** By its tag: naming the class would make Node load its whole `fetch`. */
function isHeaders(value: object): value is { get(name: string): unknown } {
  const { [Symbol.toStringTag]: tag, get } = value as { [Symbol.toStringTag]?: unknown; get?: unknown };
  return tag === "Headers" && typeof get === "function";
}

function unreadable(found: string): TillproofError {
  return new TillproofError({
    code: "headers_not_readable",
    message: `the headers hold ${found}: pass the request's Headers, Node's req.headers, a record or a list of pairs`,
    details: { found },
  });
}
