/**
 * The headers a scheme reads, out of whatever shape a framework gives them in.
 *
 * Invariant: nothing is joined, trimmed or guessed. A header that arrived several times crosses as such, and the
 * engine refuses it.
 */

import { TillproofError } from "../shell/errors.js";

/** The value of a header in a record; a list means that it arrived several times. */
export type HeaderInput = string | readonly string[] | undefined;

/** Headers as frameworks give them: `Headers`, Node's `IncomingHttpHeaders`, a record, a `Map` or a list of pairs. */
export type HeadersLike =
  | Iterable<readonly [string, HeaderInput]>
  | { readonly [name: string]: HeaderInput };

/** A header as it crosses. */
export type HeaderPair = readonly [string, string | readonly string[]];

/** The headers called one of `names` (in lower case), in any order. Throws `headers_not_readable`. */
export function pick(headers: unknown, names: ReadonlySet<string>): HeaderPair[] {
  if (typeof headers !== "object" || headers === null) throw unreadable("not an object");
  const picked: HeaderPair[] = [];
  for (const entry of isIterable(headers) ? headers : Object.entries(headers)) {
    if (!Array.isArray(entry) || entry.length !== 2 || typeof entry[0] !== "string") {
      throw unreadable("a list with something else than pairs in it");
    }
    const name = entry[0].toLowerCase();
    const value: unknown = entry[1];
    if (!names.has(name) || value === undefined || value === null) continue;
    picked.push([name, valueOf(name, value)]);
  }
  return picked;
}

function valueOf(name: string, value: unknown): string | readonly string[] {
  if (typeof value === "string") return value;
  // What the values are does not matter: the engine refuses a header that arrived several times.
  if (Array.isArray(value)) return value.map(String);
  throw unreadable(`a ${typeof value} under ${name}`);
}

function isIterable(value: object): value is Iterable<unknown> {
  return typeof (value as { [Symbol.iterator]?: unknown })[Symbol.iterator] === "function";
}

function unreadable(found: string): TillproofError {
  return new TillproofError({
    code: "headers_not_readable",
    message: `the headers hold ${found}: pass the request's Headers, Node's req.headers, a record or a list of pairs`,
    details: { found },
  });
}
