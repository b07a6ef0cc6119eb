/**
 * The headers of a request as most clients hand them over, checked without the object of the platform, which takes longer
 * than the answer.
 */

/** Nothing the gateway reads, as the official client spells them; some of them are long. */
export const NOT_READ: ReadonlySet<string> = new Set([
  "Accept",
  "Connection",
  "Content-Length",
  "User-Agent",
  "X-Stripe-Client-Telemetry",
  "X-Stripe-Client-User-Agent",
]);

/** The header in which the official client, and nobody else, says who it is. */
const OFFICIAL = "X-Stripe-Client-User-Agent";

const CONTENT_TYPE = "content-type";

const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const HEADER_VALUE = /^[!-~](?:[ -~]*[!-~])?$/;

/** Names are few, and values of most of them always the same: so much is remembered, and no more. */
const KNOWN_MAX = 64;

/** What is known of a name that is one. */
interface Known {
  readonly lower: string;
  readonly isRead: boolean;
  /** The value that was found in order last. */
  value: string | undefined;
}

const KNOWN = new Map<string, Known>();

/** Headers in which no platform would change or refuse anything. */
export interface PlainHeaders {
  /** Those that the gateway may read, each once. */
  readonly list: [name: string, value: string][];
  /** Whether a content type is among them. */
  readonly isTyped: boolean;
  /** Whether the official client sends them, of which it is known what becomes of an answer. */
  readonly isOfficial: boolean;
}

/** The headers where each that is read stands once, and all are in order; `undefined` for all others. */
export function plainHeaders(given: RequestInit["headers"]): PlainHeaders | undefined {
  const isList = Array.isArray(given);
  if (!isList && given !== undefined && Object.getPrototypeOf(given) !== Object.prototype) return undefined;
  const list: [name: string, value: string][] = [];
  const names: string[] = [];
  let isOfficial = false;
  for (const pair of isList ? given : Object.entries(given ?? {})) {
    const [name, value] = pair as [unknown, unknown];
    if (typeof name !== "string" || typeof value !== "string") return undefined;
    const known = KNOWN.get(name) ?? learned(name);
    if (known === undefined) return undefined;
    if (known.value !== value) {
      if (!HEADER_VALUE.test(value)) return undefined;
      known.value = value;
    }
    if (name === OFFICIAL) isOfficial = true;
    if (!known.isRead) continue;
    // The platform would make one of both.
    if (names.includes(known.lower)) return undefined;
    names.push(known.lower);
    list.push([name, value]);
  }
  return { list, isTyped: names.includes(CONTENT_TYPE), isOfficial };
}

/** What is to be known of a name that was not seen before; `undefined` where it is none. */
function learned(name: string): Known | undefined {
  if (!HEADER_NAME.test(name)) return undefined;
  const known = { lower: name.toLowerCase(), isRead: !NOT_READ.has(name), value: undefined };
  if (KNOWN.size < KNOWN_MAX) KNOWN.set(name, known);
  return known;
}
