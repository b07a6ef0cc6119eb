/**
 * A `fetch` that makes the calls of any SDK safe to repeat.
 *
 * Invariant: a request that moves money leaves only after it was stored as an intent, with the key of that intent, and
 * one name is one call for ever. What comes back is the provider's answer as it was stored, or a rejection that never
 * passes for one.
 */

import { TillproofError } from "../shell/errors.js";
import { bytes, count, fn, onlyKnown, refusal } from "../shell/guard.js";
import { unlessAborted } from "../shell/response.js";
import { Payments } from "./client.js";
import { answerLost, notExecuted, pending, responseOf, type CallFacts } from "./fetch-answer.js";
import { Credentials } from "./fetch-credentials.js";
import { movesMoney, scopeOf } from "./fetch-guarded.js";
import { callersKey, keyPlaceOf, withoutKey, type KeyPlace } from "./fetch-key.js";
import { nameOf, REFERENCE_HEADER, withoutName, type Name } from "./fetch-reference.js";
import { captured, isCredential, requestOf, type Captured } from "./fetch-request.js";
import type { CallOutcome } from "./call.js";
import type { PaymentsOptions } from "./outcome.js";
import { knownProfile, profileForPath, type KnownProfile } from "./profiles.js";
import { PAYMENTS_OPTIONS } from "./settings.js";

/** Largest body that is kept when the options do not say otherwise, in bytes. Payment calls have a few hundred. */
const BODY_BYTES = 64 << 10;

/** The largest the engine keeps. */
const BODY_BYTES_MAX = 256 << 10;

/** A request as the options look at it. */
export interface FetchCall {
  /** In upper case. */
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
}

/** How a {@link SafeFetch} is made: as a payment client, and how calls are told from each other. */
export interface FetchOptions extends PaymentsOptions {
  /**
   * The merchant's name for a call: the same for every repetition, another one for every purchase. Looked for first; see
   * docs/create-fetch.md for the others.
   */
  readonly reference?: (call: FetchCall & { readonly body: string | undefined }) => string | undefined;
  /** What becomes of a call that moves money and has no name: refused (when left out), or sent as it is. */
  readonly unnamed?: "refuse" | "pass";
  /** Whether a call moves money; by the profile when left out. Reads are never asked about. */
  readonly guards?: (call: FetchCall) => boolean;
  /** Longest wait for an outcome in milliseconds, 30,000 when left out; then the call rejects with `pending_confirmation`. */
  readonly waitMs?: number;
  /** Largest body of a guarded call in bytes; 65,536 when left out, 262,144 at most. */
  readonly bodyBytesMax?: number;
}

/** A `fetch`, and the client that drives what was begun through it. */
export interface SafeFetch {
  (input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /** The client behind it: `sweep`, `run`, `find` and `close` are there. */
  readonly payments: Payments;
}

/**
 * A `fetch` for the client of a provider. Throws a `TillproofError` when an option cannot work.
 *
 * The promise of a guarded call resolves to the provider's answer, and rejects with a `TillproofError`:
 * `pending_confirmation` while nobody knows, `intent_mismatch` before sending anything when the name was used for
 * another call, `reference_missing`, `body_too_large`, `origin_not_guarded`, and as the store fails.
 */
export function createFetch(options: FetchOptions): SafeFetch {
  const door = new Door(options);
  return Object.assign((input: RequestInfo | URL, init?: RequestInit) => door.fetch(input, init), {
    payments: door.payments,
  });
}

class Door {
  readonly payments: Payments;
  readonly #options: FetchOptions;
  readonly #origin: string;
  readonly #profile: KnownProfile;
  readonly #key: KeyPlace;
  readonly #transport: (request: Request) => Promise<Response>;
  readonly #waitMs: number | undefined;
  readonly #bodyBytesMax: number;
  readonly #credentials: Credentials;
  readonly #held = new Set<readonly unknown[]>();
  /** All credentials open the account the options name. */
  readonly #oneAccount: boolean;
  /** The options give credentials: then those count, and what an SDK sends in their place is left out. */
  readonly #given: boolean;

  constructor(options: FetchOptions) {
    onlyKnown("options", options, [...PAYMENTS_OPTIONS, "reference", "unnamed", "guards", "waitMs", "bodyBytesMax"]);
    const { reference, unnamed, guards, waitMs, bodyBytesMax, ...rest } = options;
    if (reference !== undefined) fn("reference", reference);
    if (guards !== undefined) fn("guards", guards);
    if (unnamed !== undefined && unnamed !== "refuse" && unnamed !== "pass") {
      throw refusal("option_invalid", "unnamed", unnamed, 'is neither "refuse" nor "pass"');
    }
    this.#waitMs = waitMs === undefined ? undefined : count("waitMs", waitMs);
    this.#bodyBytesMax = count("bodyBytesMax", bodyBytesMax ?? BODY_BYTES);
    if (this.#bodyBytesMax > BODY_BYTES_MAX) {
      throw refusal("option_invalid", "bodyBytesMax", bodyBytesMax, `is too large: at most ${BODY_BYTES_MAX} are kept`);
    }
    this.payments = new Payments(rest, (name) => this.#credentials.find(name));
    // From here on the options are known to work.
    this.#options = options;
    this.#profile = knownProfile(rest.provider.profile ?? "conservative");
    const { document } = this.#profile;
    this.#key = keyPlaceOf(document);
    this.#oneAccount = rest.provider.account !== undefined || document.calls?.renewed_tokens === true;
    this.#credentials = new Credentials(bytes("secret", rest.secret), this.#oneAccount);
    this.#origin = new URL(rest.provider.baseUrl).origin;
    this.#transport = rest.fetch ?? ((request) => fetch(request));
    this.#given = Object.keys(rest.provider.headers ?? {}).some(isCredential);
  }

  async fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const request = requestOf(input, init);
    request.signal.throwIfAborted();
    const call: FetchCall = { method: request.method, url: new URL(request.url), headers: request.headers };
    if (!this.#isGuarded(call)) return this.#pass(request);
    if (call.url.origin !== this.#origin) throw elsewhere(call, this.#origin);
    // What is passed on after its body was read needs a second one.
    const spare = this.#options.unnamed === "pass" ? request.clone() : undefined;
    const taken = await captured(request, this.#bodyBytesMax);
    const key = callersKey(this.#key, taken);
    const name = nameOf({ chosen: this.#chosen(call, taken), header: taken.reference, callersKey: key });
    if (name !== undefined) return this.#whileHeld([input, init, request], this.#carryOut(taken, name, request.signal), request.signal);
    if (spare !== undefined) return this.#pass(spare);
    throw withoutName(call.method, call.url.pathname);
  }

  /** A signal follows the one it was made from only for as long as somebody holds the request it belongs to. */
  async #whileHeld<T>(held: readonly unknown[], promise: Promise<T>, signal: AbortSignal): Promise<T> {
    this.#held.add(held);
    try {
      return await unlessAborted(promise, signal);
    } finally {
      this.#held.delete(held);
    }
  }

  #isGuarded(call: FetchCall): boolean {
    const { guards } = this.#options;
    const usually = movesMoney(profileForPath(this.#profile, call.url.pathname), call.method, call.url.pathname);
    return guards === undefined || call.method === "GET" || call.method === "HEAD" ? usually : guards(call);
  }

  #chosen(call: FetchCall, { body }: Captured): string | undefined {
    return this.#options.reference?.({ ...call, body: body === undefined || "base64" in body ? undefined : body.text });
  }

  #pass(request: Request): Promise<Response> {
    if (request.headers.has(REFERENCE_HEADER)) request.headers.delete(REFERENCE_HEADER);
    return this.#transport(request);
  }

  async #carryOut(taken: Captured, { reference, isCallersKey }: Name, signal: AbortSignal): Promise<Response> {
    const { method, url } = taken;
    const headers = withoutKey(this.#key, taken.headers);
    const credentials = this.#given ? undefined : await this.#credentials.remember(taken.credentials);
    const key = callersKey(this.#key, taken);
    const outcome = await this.payments.call(
      {
        reference,
        profile: profileForPath(this.#profile, url.pathname).name,
        method,
        path: url.pathname + url.search,
        headers,
        ...(taken.body === undefined ? {} : { body: taken.body }),
        scope: scopeOf(headers, this.#oneAccount ? undefined : credentials),
        ...(credentials === undefined ? {} : { credentials }),
        ...(isCallersKey && key !== undefined ? { ownKey: key } : {}),
        ...(this.#key.field === undefined ? {} : { keyMember: this.#key.field }),
      },
      { signal, ...(this.#waitMs === undefined ? {} : { waitMs: this.#waitMs }) },
    );
    return told(outcome, { reference, method, path: url.pathname, reason: outcome.reason, needsReview: outcome.needsReview });
  }
}

/** What a caller of `fetch` gets for an outcome. */
function told(outcome: CallOutcome, facts: CallFacts): Response {
  const { status, answer } = outcome;
  if (status === "pending_confirmation" || status === "awaiting_customer") throw pending(facts);
  if (answer !== undefined) return responseOf(answer);
  if (status === "failed") throw notExecuted(facts);
  throw answerLost(facts, outcome.providerReference ?? "an object without a name");
}

/** A call that moves money somewhere else is not what this door was made for; unguarded it would be as it always was. */
function elsewhere({ method, url }: FetchCall, origin: string): TillproofError {
  return new TillproofError({
    code: "origin_not_guarded",
    message:
      `${method} goes to ${url.origin}, and this fetch guards ${origin}: make another one for it, or let \`guards\` say ` +
      "that the call moves no money",
    details: { expected: origin, found: url.origin },
  });
}
