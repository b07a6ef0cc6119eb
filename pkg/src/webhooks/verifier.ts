/**
 * Deliveries in, events or a reason out.
 *
 * Invariant: `verify` returns a value whatever comes in, and `ok: true` only for what the engine verified. Nothing a
 * sender controls makes it throw.
 */

import { bytes, count, flag, onlyKnown, optionalText, text, timeMs } from "../shell/guard.js";
import { isTillproofError, type ErrorDetails } from "../shell/errors.js";
import { webhooks } from "../shell/webhooks.js";
import { artefactInstead } from "../shell/webhooks-full.js";
import { encodeChecked } from "../shell/wire.js";
import { diagnosable, hintOf } from "./diagnosis.js";
import type { SchemeEvents, TypedEvent } from "./events/index.js";
import { pick, type HeadersLike } from "./headers.js";
import { parsePayload } from "./payload.js";
import { schemes } from "./schemes.js";

/** What a verifier is made of. */
export interface VerifierOptions {
  /** A name from `schemes()`, such as `stripe-v1`. */
  readonly scheme: string;
  /** The signing secret of the endpoint, or several while one replaces another: at most 8. */
  readonly secrets: string | readonly string[];
  /** Seconds a delivery may be old (or ahead, where the scheme looks at both); the scheme's own value if left out. */
  readonly toleranceSeconds?: number;
  /** Refuses times too far ahead too, where the provider's own library does not. */
  readonly strict?: boolean;
  /** The URL as the provider was given it, for schemes that sign it. */
  readonly url?: string;
  /** Which key is ours, where a delivery names several: needed by Braintree (the public key), understood by Worldpay. */
  readonly publicKeyId?: string;
  /** What Rapyd shows beside the secret. */
  readonly accessKey?: string;
  /** The provider's public key in PEM: Wise, Midtrans Snap BI. */
  readonly publicKeyPem?: string;
  /** The provider's public key as JWK: Plaid. */
  readonly jwk?: Readonly<Record<string, unknown>>;
  /** The provider's certificate in PEM: PayPal. */
  readonly certificatePem?: string;
  /**
   * Lets a delivery pass of which some events are genuine and others are not, without the latter. Only where each event
   * has a signature of its own.
   */
  readonly partial?: boolean;
}

/** One delivery, as it came in. */
export interface Delivery {
  /** The body: the bytes as received. A string is taken as its UTF-8. */
  readonly body: Uint8Array | string;
  readonly headers: HeadersLike;
  /** The URL as the provider was given it, when it differs from delivery to delivery. */
  readonly url?: string;
  /** Milliseconds since the epoch; now if left out. */
  readonly now?: number;
}

/** What every event has, whatever its type. */
export interface EventFields {
  /** What repeated deliveries of the event have in common; where the scheme has none, the digest of the body. */
  readonly id: string;
  /** Whether the signature covers the id. If not, a captured delivery can be replayed under a fresh one. */
  readonly idIsSigned: boolean;
  /** Where the id is not signed: the digest of type and body, which a replay cannot change. */
  readonly digest?: string;
  /** The type, as the provider names it; `unknown` where the delivery has none. */
  readonly type: string;
  /** When it happened, in milliseconds since the epoch, where the signed body says so. */
  readonly occurredAt?: number;
  /** The whole JSON document, parsed on first access; integers beyond 2^53 are `bigint`. Throws `payload_not_json`. */
  readonly payload: unknown;
  /** Exactly what was authenticated: the body as it was handed in. */
  readonly bytes: Uint8Array;
}

/**
 * One event of a genuine delivery. `E` says which types there are and what each carries, so that comparing `type` tells
 * what `payload` is.
 */
export type VerifiedEvent<E extends TypedEvent = TypedEvent> = E extends TypedEvent
  ? EventFields & Pick<E, "type" | "payload">
  : never;

/** A delivery that is genuine and in time. */
export interface VerifiedDelivery<E extends TypedEvent = TypedEvent> {
  readonly ok: true;
  readonly scheme: string;
  /** Which of the secrets signed it, from 0. */
  readonly secretIndex: number;
  /** When it was signed, in milliseconds since the epoch, where the scheme signs that. */
  readonly timestamp?: number;
  /** At least one; a few providers send many together. */
  readonly events: VerifiedEvent<E>[];
}

/** A delivery that is not. What is answered to the sender should not depend on the reason. */
export interface RefusedDelivery {
  readonly ok: false;
  /** The stable name of the reason. */
  readonly code: string;
  /** What was found, what was expected, what to do; for logs. */
  readonly message: string;
  /**
   * What went wrong on this side and what to do about it, where that can be told: found out at first access, and within
   * bounds (see `diagnose`). For logs; absent where the file that finds it is not loaded.
   */
  readonly hint?: string | undefined;
}

/** What became of a delivery. */
export type VerifyResult<E extends TypedEvent = TypedEvent> = VerifiedDelivery<E> | RefusedDelivery;

/** A scheme with its secrets. Make one and keep it. */
export interface Verifier<E extends TypedEvent = TypedEvent> {
  /** The name of the scheme. */
  readonly scheme: string;
  /** Decides on a delivery, synchronously. Never throws. */
  verify(delivery: Delivery): VerifyResult<E>;
}

/**
 * A verifier. Its events are typed by the scheme where that is one provider's, or by the caller:
 * `createVerifier<NativeEvent>({ scheme: "standard-webhooks-v1", … })`.
 *
 * Throws `unknown_scheme`, `missing_secret`, `too_many_secrets`, `bad_secret`, `empty_secret`, `unknown_option`, or what
 * names an option of the wrong type.
 */
export function createVerifier<S extends keyof SchemeEvents>(
  options: VerifierOptions & { readonly scheme: S },
): Verifier<SchemeEvents[S]>;
export function createVerifier<E extends TypedEvent = TypedEvent>(options: VerifierOptions): Verifier<E>;
export function createVerifier(options: VerifierOptions): Verifier {
  onlyKnown("options", options, OPTIONS);
  const given: readonly unknown[] = Array.isArray(options.secrets) ? options.secrets : [options.secrets];
  const secrets = given.map((secret) => text("secrets", secret));
  const scheme = text("scheme", options.scheme);
  const { toleranceSeconds } = options;
  return new EngineVerifier(scheme, {
    scheme,
    secrets,
    tolerance_seconds: toleranceSeconds === undefined ? undefined : count("toleranceSeconds", toleranceSeconds),
    strict: flag("strict", options.strict),
    url: optionalText("url", options.url),
    public_key_id: optionalText("publicKeyId", options.publicKeyId),
    access_key: optionalText("accessKey", options.accessKey),
    public_key_pem: optionalText("publicKeyPem", options.publicKeyPem),
    jwk: options.jwk === undefined ? undefined : JSON.stringify(options.jwk),
    certificate_pem: optionalText("certificatePem", options.certificatePem),
    partial: flag("partial", options.partial),
  });
}

const OPTIONS = [
  "scheme", "secrets", "toleranceSeconds", "strict", "url", "publicKeyId", "accessKey", "publicKeyPem", "jwk",
  "certificatePem", "partial",
] as const;

/** What the engine says about a delivery. */
type Verdict =
  | { readonly refused: { readonly code: string; readonly message: string; readonly details: ErrorDetails } }
  | { readonly secret_index: number; readonly timestamp?: number; readonly events: readonly EventDocument[] };

interface EventDocument {
  readonly id: string;
  readonly id_is_signed: boolean;
  readonly digest?: string;
  readonly type?: string;
  readonly occurred_at?: number;
}

class EngineVerifier implements Verifier {
  readonly scheme: string;
  /** Kept, secrets and all, to make the verifier again when the instance that had it is gone. */
  readonly #options: Uint8Array;
  readonly #headers: ReadonlySet<string>;
  /** The small one, unless it goes without the scheme. */
  readonly #artefact: typeof webhooks = webhooks;
  #handle = 0;
  #generation = -1;

  constructor(scheme: string, options: object) {
    this.scheme = scheme;
    this.#options = encodeChecked(options);
    try {
      this.#open();
    } catch (error) {
      this.#artefact = artefactInstead(error);
      this.#open();
    }
    diagnosable(this, options);
    this.#headers = new Set(schemes().find((row) => row.name === scheme)?.headers);
  }

  verify(delivery: Delivery): VerifyResult {
    try {
      return this.#verify({ ...delivery, now: delivery.now ?? Date.now() });
    } catch (error) {
      return refusalOf(error);
    }
  }

  #verify(delivery: Delivery): VerifyResult {
    const { body, headers, url, now } = delivery;
    let authenticated: Uint8Array;
    try {
      authenticated = bytes("body", body);
    } catch (error) {
      return explained(this, delivery, "body_not_bytes", refusalOf(error).message);
    }
    const request = encodeChecked({
      headers: pick(headers, this.#headers),
      now: timeMs("now", now),
      url: optionalText("url", url),
    });
    const handle = this.#open();
    const verdict = this.#artefact.invoke<Verdict>((exports) => exports.webhooks_verify(handle, request, authenticated));
    if ("refused" in verdict) {
      const { code, message } = verdict.refused;
      return explained(this, delivery, code, message);
    }
    const { secret_index: secretIndex, timestamp, events } = verdict;
    return {
      ok: true,
      scheme: this.scheme,
      secretIndex,
      ...(timestamp === undefined ? {} : { timestamp }),
      events: events.map((event) => new EngineEvent(event, authenticated)),
    };
  }

  /** The handle; a new one when the instance that gave the last was thrown away. */
  #open(): number {
    const artefact = this.#artefact;
    if (this.#generation !== artefact.generation) {
      this.#handle = artefact.invoke<number>((exports) => exports.webhooks_verifier(this.#options));
      this.#generation = artefact.generation;
    }
    return this.#handle;
  }
}

class EngineEvent implements EventFields {
  readonly id: string;
  readonly idIsSigned: boolean;
  declare readonly digest?: string;
  readonly type: string;
  declare readonly occurredAt?: number;
  readonly bytes: Uint8Array;
  #parsed: { readonly value: unknown } | undefined;

  constructor(event: EventDocument, authenticated: Uint8Array) {
    this.id = event.id;
    this.idIsSigned = event.id_is_signed;
    if (event.digest !== undefined) this.digest = event.digest;
    this.type = event.type ?? "unknown";
    if (event.occurred_at !== undefined) this.occurredAt = event.occurred_at;
    this.bytes = authenticated;
  }

  get payload(): unknown {
    this.#parsed ??= { value: parsePayload(this.bytes) };
    return this.#parsed.value;
  }
}

/** A refusal whose hint is found out when it is asked for, once. */
function explained(verifier: Verifier, delivery: Delivery, code: string, message: string): RefusedDelivery {
  let found: { readonly hint: string | undefined } | undefined;
  return {
    ok: false,
    code,
    message,
    get hint() {
      found ??= { hint: hintOf(verifier, delivery, code) };
      return found.hint;
    },
  };
}

/** Whatever went wrong on the way is no verification. */
function refusalOf(error: unknown): RefusedDelivery {
  if (isTillproofError(error)) return { ok: false, code: error.code, message: error.message };
  // A getter or an iterator of the caller's objects threw.
  return {
    ok: false,
    code: "delivery_not_readable",
    message: `the delivery could not be read (${error instanceof Error ? error.name : typeof error}): pass plain values`,
  };
}
