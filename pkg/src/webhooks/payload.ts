/**
 * The JSON document inside authenticated bytes, with every integer exact.
 *
 * Invariant: no integer is rounded. One that a `number` does not hold comes out as a `bigint`.
 */

import { TillproofError } from "../shell/errors.js";
import { isUnicode, utf8 } from "../shell/wire.js";

const INTEGER = /^-?\d+$/;

/** The strings and numbers of a document that is known to be JSON. */
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

type Reviver = (key: string, value: unknown, context?: { readonly source?: string }) => unknown;

/** `JSON.parse` tells the text of a number since V8 11.4 (Node 21); the types do not know it yet. */
const parseWith = JSON.parse as (text: string, reviver: Reviver) => unknown;

let decoder: TextDecoder | undefined;

/** The document. `known` says that a text is Unicode, which otherwise is looked at. Throws `payload_not_json`. */
export function parsePayload(body: Uint8Array | string, known = false): unknown {
  try {
    // Half a surrogate pair has no bytes, and bytes were authenticated; a byte order mark is no part of a document.
    if (typeof body === "string" && (known || isUnicode(body)) && !body.startsWith("\uFEFF")) return parseExact(body);
    decoder ??= new TextDecoder("utf-8", { fatal: true });
    return parseExact(decoder.decode(typeof body === "string" ? utf8(body) : body));
  } catch (cause) {
    throw new TillproofError({
      code: "payload_not_json",
      message: "the delivery is genuine but its body is no JSON document: read `bytes` instead of `payload`",
      cause,
    });
  }
}

/** As `JSON.parse`, but for integers beyond 2^53 - 1. `tellsSource` is there for tests. */
export function parseExact(text: string, tellsSource?: boolean): unknown {
  if (!hasLongDigits(text)) return JSON.parse(text);
  if (tellsSource ?? sourceIsTold()) return parseWith(text, (_key, value, context) => exact(value, context?.source));
  // Refuses what is not JSON, so that the tokens below are what they seem.
  JSON.parse(text);
  return unmarked(JSON.parse(text.replace(TOKENS, marked)));
}

/** Shorter runs of digits are always safe integers. */
const LONG = 16;

/** Whether so many digits stand in a row. Such a run covers one of every 16th character: only those are looked at. */
function hasLongDigits(text: string): boolean {
  for (let at = LONG - 1; at < text.length; at += LONG) {
    if (!isDigit(text.charCodeAt(at))) continue;
    let [from, to] = [at, at];
    while (isDigit(text.charCodeAt(from - 1))) from -= 1;
    while (isDigit(text.charCodeAt(to + 1))) to += 1;
    if (to - from + 1 >= LONG) return true;
    at = to;
  }
  return false;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function sourceIsTold(): boolean {
  return parseWith("1", (_key, _value, context) => context?.source) === "1";
}

function exact(value: unknown, source: string | undefined): unknown {
  const rounded = typeof value === "number" && !Number.isSafeInteger(value);
  return rounded && source !== undefined && INTEGER.test(source) ? BigInt(source) : value;
}

/** Every string gets a letter in front, also names, so that a large integer can travel as a string with another. */
function marked(token: string): string {
  if (token.startsWith('"')) return `"s${token.slice(1)}`;
  return INTEGER.test(token) && !Number.isSafeInteger(Number(token)) ? `"n${token}"` : token;
}

function unmarked(value: unknown): unknown {
  if (typeof value === "string") return value.startsWith("n") ? BigInt(value.slice(1)) : value.slice(1);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(unmarked);
  // fromEntries defines members, so that one called __proto__ is a member like any other.
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name.slice(1), unmarked(inner)]));
}
