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
  readonly #byLength: (number[] | undefined)[];
  readonly #none: readonly Found[];

  constructor(names: readonly string[]) {
    this.names = names;
    // Without holes, which would be looked for in the prototype.
    this.#byLength = new Array(NAME_LENGTH_MAX + 1).fill(undefined);
    names.forEach((name, slot) => (this.#byLength[name.length] ??= []).push(slot));
    this.#none = names.map(() => undefined);
  }

  /** What `headers` has of each name. Throws `headers_not_readable`. */
  find(headers: unknown): Found[] {
    const found = this.#none.slice();
    if (typeof headers !== "object" || headers === null) throw unreadable("not an object");
    if (isHeaders(headers)) this.names.forEach((name, slot) => put(found, slot, name, headers.get(name)));
    else if (isIterable(headers)) eachPair(headers, (name, value) => this.#take(found, name, value));
    else {
      const byLength = this.#byLength;
      for (const name in headers) {
        // Most names have a length that is not looked for, and are not looked at any closer.
        if (byLength[name.length] !== undefined && Object.hasOwn(headers, name)) {
          this.#take(found, name, (headers as Record<string, unknown>)[name]);
        }
      }
    }
    return found;
  }

  #take(found: Found[], name: string, value: unknown): void {
    const candidates = this.#byLength[name.length];
    if (candidates === undefined) return;
    for (const slot of candidates) {
      const wanted = this.names[slot];
      if (wanted === name || wanted === name.toLowerCase()) {
        put(found, slot, name, value);
        return;
      }
    }
  }
}

/** Longer names are not looked for. */
const NAME_LENGTH_MAX = 63;

/** A header as it stands in a document. */
export type HeaderPair = readonly [string, string | readonly string[]];

/** The headers called one of `names` (in lower case), in any order. Throws `headers_not_readable`. */
export function pick(headers: unknown, names: ReadonlySet<string>): HeaderPair[] {
  const picked: HeaderPair[] = [];
  each(headers, (name, value) => {
    const lower = name.toLowerCase();
    if (!names.has(lower) || value === undefined || value === null) return;
    picked.push([lower, Array.isArray(value) ? value.map(String) : once(name, value)]);
  });
  return picked;
}

/** Shows every header of a record, or of a list of pairs. */
function each(headers: unknown, take: (name: string, value: unknown) => void): void {
  if (typeof headers !== "object" || headers === null) throw unreadable("not an object");
  if (isIterable(headers)) eachPair(headers, take);
  else for (const [name, value] of Object.entries(headers)) take(name, value);
}

function eachPair(headers: Iterable<unknown>, take: (name: string, value: unknown) => void): void {
  for (const entry of headers) {
    if (!Array.isArray(entry) || entry.length !== 2 || typeof entry[0] !== "string") {
      throw unreadable("a list with something else than pairs in it");
    }
    take(entry[0], entry[1]);
  }
}

function put(found: Found[], slot: number, name: string, value: unknown): void {
  if (value === undefined || value === null) return;
  if (Array.isArray(value)) found[slot] = SEVERAL;
  else found[slot] = found[slot] === undefined ? once(name, value) : SEVERAL;
}

function once(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw unreadable(`a ${typeof value} under ${name.toLowerCase()}`);
}

function isIterable(value: object): value is Iterable<unknown> {
  return typeof (value as { [Symbol.iterator]?: unknown })[Symbol.iterator] === "function";
}

/** By its tag: naming the class would make Node load its whole `fetch`. */
function isHeaders(value: object): value is { get(name: string): unknown } {
  const { [Symbol.toStringTag]: tag, get } = value as { [Symbol.toStringTag]?: unknown; get?: unknown };
  return tag === "Headers" && typeof get === "function";
}

/** The error of headers that hold something else than names and texts. */
export function unreadable(found: string): TillproofError {
  return new TillproofError({
    code: "headers_not_readable",
    message: `the headers hold ${found}: pass the request's Headers, Node's req.headers, a record or a list of pairs`,
    details: { found },
  });
}
