/**
 * Documents as they cross into wasm: JSON text in UTF-8 bytes.
 *
 * Invariant: nothing is rounded, changed or dropped on the way. A `bigint` goes out as a string of digits, and what JSON
 * cannot carry (`NaN`, a `Map`, a function) is refused by its place instead of becoming `null` or `{}`.
 */

import { isTillproofError, shown, tag, TillproofError, type Advice, type ErrorDetails } from "./errors.js";

let encoder: TextEncoder | undefined;
let decoder: TextDecoder | undefined;

/**
 * Half of a surrogate pair without its other half. It is no character, and UTF-8 has no bytes for it. As numbers: to read
 * `\p{Surrogate}`, V8 goes through its tables of all characters, a third of a millisecond whether or not anybody asks.
 */
const LONE_SURROGATE = /[\uD800-\uDFFF]/u;

/** Whether a text has UTF-8 bytes that mean the same. */
export function isUnicode(text: string): boolean {
  // Node 20 and current browsers have a way that is a hundred times faster.
  return (text as { isWellFormed?: () => boolean }).isWellFormed?.() ?? !LONE_SURROGATE.test(text);
}

/** The UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  encoder ??= new TextEncoder();
  return encoder.encode(text);
}

/** One JSON document as bytes, when all of it went through guards: strings, safe integers, booleans, lists of them. */
export function encodeChecked(value: object): Uint8Array {
  return utf8(JSON.stringify(value));
}

/** Objects and lists in each other: as many as the engine reads, and far fewer than JavaScript's stack holds. */
const DEPTH_MAX = 64;

/** A name may be megabytes long; a message shows its beginning. */
const PATH_MAX = 80;

/**
 * One JSON document as bytes, whatever callers put into it. Members that are `undefined` are left out.
 *
 * Throws `number_not_finite`, `text_not_unicode`, `json_too_deep`, or `value_not_json` for what would not arrive as it
 * is: a function, a `Map`, bytes, an instance of a class without `toJSON`, an invalid date, a hole in a list, an object
 * inside itself.
 */
export function encode(value: unknown): Uint8Array {
  /** The objects around the member that is being written, and the names under which they stand in each other. */
  const around: unknown[] = [];
  const names: string[] = [];
  const refused = (code: string, name: readonly string[], found: string, problem: string, cause?: unknown) => {
    const field = [...names, ...name].slice(1).join(".").slice(0, PATH_MAX);
    const message = `${field || "the value"} is ${found}: ${problem}`;
    return new TillproofError({ code, message, details: { field, found }, cause });
  };

  function member(this: unknown, name: string, inner: unknown): unknown {
    while (around.length > 0 && around[around.length - 1] !== this) {
      around.pop();
      names.pop();
    }
    if (typeof inner === "bigint") return inner.toString();
    if (typeof inner === "number" && !Number.isFinite(inner)) {
      throw refused("number_not_finite", [name], String(inner), "expected a number JSON can carry");
    }
    if (typeof inner === "string" && !isUnicode(inner)) {
      throw refused("text_not_unicode", [name], "text with half a surrogate pair", "pass it as it came, not cut");
    }
    const hole = inner === undefined && (around.length === 0 || Array.isArray(this));
    // An invalid date says of itself that it is null, and JSON would believe it.
    if (hole || ((inner ?? null) === null && inner !== originalOf(this, name)) || !isPlain(inner)) {
      throw refused("value_not_json", [name], kindOf(originalOf(this, name)), EXPECTED);
    }
    if (typeof inner === "object" && inner !== null) {
      if (around.includes(inner)) throw refused("value_not_json", [name], "inside itself", EXPECTED);
      if (around.length === DEPTH_MAX) {
        throw refused("json_too_deep", [name], "nested too deeply", `at most ${DEPTH_MAX} levels can be read`);
      }
      around.push(inner);
      names.push(name);
    }
    return inner;
  }

  try {
    return utf8(JSON.stringify(value, member));
  } catch (cause) {
    if (isTillproofError(cause)) throw cause;
    // A getter or `toJSON` threw, or there is no stack left for any of this.
    throw refused("value_not_json", [], "not readable", EXPECTED, cause);
  }
}

const EXPECTED = "expected plain objects, lists, strings, numbers, booleans and null";

/** A member as it was before `toJSON` was asked. */
function originalOf(holder: unknown, name: string): unknown {
  return (holder as Record<string, unknown>)[name];
}

function kindOf(value: unknown): string {
  return tag(value) === "Object" ? "an instance of a class" : shown(value);
}

/** Whether JSON carries all of a value: it drops functions and symbols, and of a `Map` it would write `{}`. */
function isPlain(value: unknown): boolean {
  if (typeof value === "function" || typeof value === "symbol") return false;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return true;
  // A plain object has no prototype, or one without a prototype of its own; so it is in every realm.
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** The value of one JSON document; text that is not UTF-8 or not JSON is a bug of the other side and throws. */
export function decode(bytes: Uint8Array): unknown {
  return JSON.parse(textOf(bytes));
}

function textOf(bytes: Uint8Array): string {
  // Strict, and a byte order mark is kept: bytes that change on the way are never the bytes that were written.
  decoder ??= new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return decoder.decode(bytes);
}

/** What every export of the crate answers with. */
type Envelope<T> =
  | { readonly ok: T }
  | {
      readonly error: {
        readonly code: string;
        /** Left out by a wordless artefact. */
        readonly message?: string;
        readonly advice: Advice;
        readonly details: ErrorDetails;
      };
    };

/** What is said of each code: `{name}` stands for the detail of that name, `{"name"}` for the same in quotes. */
export type Sentences = Readonly<Record<string, string>>;

/** What the engine answered; throws the {@link TillproofError} it answered with. Of a wordless one come the sentences. */
export function open<T>(answer: Uint8Array, sentences?: Sentences): T {
  return openText(textOf(answer), sentences);
}

/** As {@link open}, for an answer whose text is known. */
export function openText<T>(answer: string, sentences: Sentences = {}): T {
  const envelope = JSON.parse(answer) as Envelope<T>;
  if (!("error" in envelope)) return envelope.ok;
  const { code, details } = envelope.error;
  const said = (_: string, name: string): string => details[name] ?? JSON.stringify(details[name.slice(1, -1)]) ?? name;
  const message = envelope.error.message ?? (sentences[code] ?? code).replace(/\{("?\w+"?)\}/g, said);
  throw new TillproofError({ ...envelope.error, message });
}
