/**
 * Deliveries in, events or a reason out.
 *
 * Invariant: `verify` returns a value whatever comes in, and `ok: true` only for what the engine verified. Nothing a
 * sender controls makes it throw.
 */

// First of all, so that in a bundle the packed bytes stand before everything else: text and bytes compress worse together.
import { webhooks } from "../shell/webhooks.js";

import { onlyFull } from "../../wasm/webhooks.only-full.js";
import { isTillproofError } from "../shell/errors.js";
import { bytes, count, flag, nowMs, onlyKnown, optionalText, text } from "../shell/guard.js";
import { fullWebhooks } from "../shell/webhooks-full.js";
import { utf8 } from "../shell/wire.js";
import { Door, type Claim, type Content, type EventFacts, type Opened, type Proof } from "./door.js";
import type { SchemeEvents, TypedEvent } from "./events/index.js";
import type { HeadersLike } from "./headers.js";
import { diagnosable, hintOf } from "./hint.js";
import { itemOf } from "./item.js";
import { alone, owned } from "./owned.js";
import { parsePayload } from "./payload.js";
import { sentenceOf, type Refusal } from "./refusals.js";
import type { EventFields, RefusedDelivery, VerifiedDelivery, VerifiedEvent, VerifyResult } from "./verified.js";

export type { EventFields, RefusedDelivery, VerifiedDelivery, VerifiedEvent, VerifyResult } from "./verified.js";

/** What a verifier is made of. */
export interface VerifierOptions {
  /** A name from `schemes()`, such as `stripe-v1`. */
  readonly scheme: string;
  /**
   * The signing secret of the endpoint, or several while one replaces another: at most 8. Left out, or empty, only where
   * the key is an option of its own (`jwk`, `publicKeyPem`).
   */
  readonly secrets?: string | readonly string[];
  /**
   * Seconds a delivery may be old (or ahead, where the scheme looks at both); the scheme's own value if left out. 0
   * switches the check off, as in Stripe's library, unless `strict`: captured deliveries can then be replayed for ever.
   */
  readonly toleranceSeconds?: number;
  /**
   * Refuses times too far ahead too, where the provider's own library does not; and where the scheme refuses none, those
   * that differ by more than 300 s, or `toleranceSeconds`.
   */
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
  const scheme = text("scheme", options.scheme);
  // None is for the engine to judge: it knows which schemes need one, and whether there is such a scheme at all.
  const given: readonly unknown[] = [options.secrets ?? []].flat();
  const secrets = given.map((secret) => text("secrets", secret));
  const { toleranceSeconds } = options;
  const crossing = {
    scheme,
    secrets,
    tolerance_seconds: toleranceSeconds === undefined ? undefined : count("toleranceSeconds", toleranceSeconds),
    strict: flag("strict", options.strict),
    partial: flag("partial", options.partial),
    url: optionalText("url", options.url),
    public_key_id: optionalText("publicKeyId", options.publicKeyId),
    access_key: optionalText("accessKey", options.accessKey),
    public_key_pem: optionalText("publicKeyPem", options.publicKeyPem),
    jwk: jwkText(options.jwk),
    certificate_pem: optionalText("certificatePem", options.certificatePem),
  };
  const verifier = new EngineVerifier(doorOf(scheme), scheme, optionList(Object.values(crossing)));
  diagnosable(verifier, crossing);
  return verifier;
}

/** What is no JSON, such as an object inside itself, is no key either: the engine says so. */
function jwkText(jwk: unknown): string | undefined {
  try {
    return JSON.stringify(jwk);
  } catch {
    return "?";
  }
}

const OPTIONS = [
  "scheme", "secrets", "toleranceSeconds", "strict", "url", "publicKeyId", "accessKey", "publicKeyPem", "jwk",
  "certificatePem", "partial",
] as const;

/** Under this name Node, Bun and Deno ask an object how it is to be logged: members that are getters are not seen. */
const INSPECT = /* @__PURE__ */ Symbol.for("nodejs.util.inspect.custom");

const small = /* @__PURE__ */ new Door(webhooks);
let full: Door | undefined;

/** The door to the artefact that has a scheme. Throws `scheme_not_loaded` where that must be imported by name. */
function doorOf(scheme: string): Door {
  if (!onlyFull.includes(scheme)) return small;
  full ??= new Door(fullWebhooks());
  return full;
}

/** Options as they cross: of each its place in the list, the length of its text, and the text. */
function optionList(values: readonly (string | number | boolean | readonly string[] | undefined)[]): Uint8Array {
  const list: number[] = [];
  values.forEach((value, tag) => {
    if (value === undefined || value === false) return;
    for (const item of Array.isArray(value) ? value : [value === true ? "" : value]) {
      const content = utf8(String(item));
      const { length } = content;
      list.push(tag, length & 255, (length >> 8) & 255, (length >> 16) & 255, length >>> 24);
      // One by one: as arguments of one call, a file taken for a key would be more than the stack holds.
      for (const byte of content) list.push(byte);
    }
  });
  return Uint8Array.from(list);
}

/** Of a longer text the bytes are counted before anything else: there is a limit, and it is one of bytes. */
const TEXT_LENGTH_MAX = 5_000_000;

class EngineVerifier implements Verifier {
  readonly scheme: string;
  readonly #door: Door;
  /** Kept, secrets and all, to make the verifier again when the instance that had it is gone. */
  readonly #options: Uint8Array;
  #opened: Opened;
  #generation: number;

  constructor(door: Door, scheme: string, options: Uint8Array) {
    this.scheme = scheme;
    this.#door = door;
    this.#options = options;
    this.#opened = door.open(options, scheme);
    this.#generation = door.generation;
  }

  verify(delivery: Delivery): VerifyResult {
    try {
      return this.#verify(delivery);
    } catch (error) {
      return refusedBefore(this, delivery, error);
    }
  }

  #verify(delivery: Delivery): VerifyResult {
    const { body, headers, url, now } = delivery;
    const opened = this.#open();
    const claim: Claim = {
      content: contentOf(body),
      headers: opened.names.find(headers),
      url: url === undefined ? undefined : text("url", url),
      now: now === undefined || now === null ? Date.now() : nowMs("now", now),
    };
    const found = this.#door.verify(opened, claim);
    if ("code" in found) return new EngineRefusal(this, delivery, claim.now, found);
    claim.content = owned(claim.content);
    return new EngineDelivery(this, claim, found);
  }

  /** The events of a delivery that was verified. */
  read(claim: Claim): readonly EventFacts[] {
    return this.#door.events(this.#open(), claim).events;
  }

  /** The JSON document that is the body of a delivery. */
  parse(claim: Claim): unknown {
    const { content } = claim;
    return parsePayload(content, typeof content === "string" && this.#door.wroteUnicode(claim));
  }

  /** Whether a delivery may carry several events. */
  get carriesMany(): boolean {
    return this.#opened.carriesMany;
  }

  /** The engine's verifier; a new one when the instance that gave the last was thrown away. */
  #open(): Opened {
    if (this.#generation !== this.#door.generation) {
      this.#opened = this.#door.open(this.#options, this.scheme);
      this.#generation = this.#door.generation;
    }
    return this.#opened;
  }
}

/** A genuine delivery. Its events, and everything about them, are read when somebody wants to see them. */
class EngineDelivery implements VerifiedDelivery {
  readonly ok = true;
  readonly scheme: string;
  readonly secretIndex: number;
  declare readonly timestamp?: number;
  declare readonly refusedEvents?: readonly number[];
  readonly #verifier: EngineVerifier;
  readonly #claim: Claim;
  #facts: readonly EventFacts[] | undefined;
  #events: VerifiedEvent[] | undefined;
  #document: { readonly value: unknown } | undefined;

  constructor(verifier: EngineVerifier, claim: Claim, { secretIndex, timestamp, read }: Proof) {
    this.scheme = verifier.scheme;
    this.secretIndex = secretIndex;
    if (timestamp !== undefined) this.timestamp = timestamp;
    this.#verifier = verifier;
    this.#claim = claim;
    if (read === undefined) return;
    this.#facts = read.events;
    if (read.refused.length > 0) this.refusedEvents = read.refused;
  }

  get events(): VerifiedEvent[] {
    return (this.#events ??= this.#list());
  }

  #list(): VerifiedEvent[] {
    const many = this.#facts !== undefined || this.#verifier.carriesMany;
    if (!many) return [new EngineEvent(this, this.#claim, 0)];
    return this.facts().map((_, index) => new EngineEvent(this, this.#claim, index));
  }

  /** What the engine tells of the events. */
  facts(): readonly EventFacts[] {
    return (this.#facts ??= this.#verifier.read(this.#claim));
  }

  /** The JSON document that is the body, parsed once, however many events there are. */
  document(): unknown {
    this.#document ??= { value: this.#verifier.parse(this.#claim) };
    return this.#document.value;
  }

  /** With the events, which are no member of its own: to make them one would take as long as to verify. */
  toJSON(): VerifiedDelivery {
    return { ...this, events: this.events };
  }
}

class EngineEvent implements EventFields {
  readonly #delivery: EngineDelivery;
  readonly #claim: Claim;
  readonly #index: number;
  #bytes: Uint8Array | undefined;

  constructor(delivery: EngineDelivery, claim: Claim, index: number) {
    this.#delivery = delivery;
    this.#claim = claim;
    this.#index = index;
  }

  #facts(): EventFacts {
    return this.#delivery.facts()[this.#index] as EventFacts;
  }

  get id(): string {
    return this.#facts().id;
  }

  get idIsSigned(): boolean {
    return this.#facts().idIsSigned;
  }

  get digest(): string | undefined {
    return this.#facts().digest;
  }

  get type(): string {
    return this.#facts().type ?? "unknown";
  }

  get occurredAt(): number | undefined {
    return this.#facts().occurredAt;
  }

  get index(): number | undefined {
    return this.#facts().index;
  }

  get item(): unknown {
    return itemOf(this.#delivery.scheme, this.payload, this.index);
  }

  get payload(): unknown {
    return this.#delivery.document();
  }

  get bytes(): Uint8Array {
    const { content } = this.#claim;
    return (this.#bytes ??= typeof content === "string" ? utf8(content) : alone(content));
  }

  /** What a log shows. */
  [INSPECT](): object {
    const { id, type, occurredAt } = this;
    return occurredAt === undefined ? { id, type } : { id, type, occurredAt };
  }

  /** What there is to tell beside the body. */
  toJSON(): Omit<VerifiedEvent, "payload" | "item" | "bytes"> {
    return { ...this.#facts(), type: this.type };
  }
}

/** What the engine refused. Its sentence is put together, and its hint looked for, when somebody wants to read them. */
class EngineRefusal implements RefusedDelivery {
  readonly ok = false;
  readonly code: string;
  readonly #refusal: Refusal;
  readonly #verifier: EngineVerifier;
  readonly #delivery: Delivery;
  readonly #now: number;
  #hint: { readonly text: string | undefined } | undefined;

  constructor(verifier: EngineVerifier, delivery: Delivery, now: number, refusal: Refusal) {
    this.code = refusal.code;
    this.#refusal = refusal;
    this.#verifier = verifier;
    this.#delivery = delivery;
    this.#now = now;
  }

  get message(): string {
    return sentenceOf(this.#refusal);
  }

  get hint(): string | undefined {
    this.#hint ??= { text: hintOf(this.#verifier, this.#delivery, this.code, this.#now) };
    return this.#hint.text;
  }

  /** What a log shows: the hint too, which is what a log is read for. */
  [INSPECT](): object {
    const { ok, code, message, hint } = this;
    return hint === undefined ? { ok, code, message } : { ok, code, message, hint };
  }

  toJSON(): RefusedDelivery {
    return { ok: false, code: this.code, message: this.message };
  }
}

/** The bytes or the text of a body. Throws `bytes_expected`. */
function contentOf(body: unknown): Content {
  if (typeof body === "string") return body.length <= TEXT_LENGTH_MAX ? body : utf8(body);
  // An empty one may have lost its bytes to a worker, and is looked at closely.
  const content = body instanceof Uint8Array && body.length > 0 ? body : bytes("body", body);
  // Memory shared with a worker could change while it is verified.
  return content.buffer instanceof ArrayBuffer ? content : new Uint8Array(content);
}

/** Whatever went wrong on the way is no verification. */
function refusedBefore(verifier: Verifier, delivery: Delivery, error: unknown): RefusedDelivery {
  if (!isTillproofError(error)) {
    // A getter or an iterator of the caller's objects threw.
    const found = error instanceof Error ? error.name : typeof error;
    const message = `the delivery could not be read (${found}): pass plain values`;
    return { ok: false, code: "delivery_not_readable", message };
  }
  // The one mistake everybody makes once.
  const code = error.code === "bytes_expected" ? "body_not_bytes" : error.code;
  const { message } = error;
  if (code !== "body_not_bytes") return { ok: false, code, message };
  // A getter: nothing is loaded for a hint that nobody reads.
  return {
    ok: false,
    code,
    message,
    get hint(): string | undefined {
      return hintOf(verifier, delivery, code);
    },
  };
}
