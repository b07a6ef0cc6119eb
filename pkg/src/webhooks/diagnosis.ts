/**
 * Why a delivery was refused, found out by verifying what it might have been.
 *
 * Invariant: a diagnosis accepts nothing, tells no secret and nothing of a body, and is no way to keep a server busy:
 * each verifier has {@link BURST} of them, and one more each {@link REFILL_MS} of the caller's `now`. One takes a
 * few milliseconds for most bodies, and a quarter of a second for the worst that can be made up (measured under load).
 *
 * It is for logs and for people who set up an endpoint. No adapter ever answers a request with it.
 */

import { bytes, nowMs, object, optionalText, refusal } from "../shell/guard.js";
import { fullWebhooks } from "../shell/webhooks-full.js";
import { encodeChecked } from "../shell/wire.js";
import { unreadable, type HeaderPair, type HeadersLike } from "./headers.js";
import { BURST, subjectOf, type Subject } from "./hint.js";
import type { Delivery, Verifier } from "./verifier.js";

/** What happened to a delivery, and what to do about it. */
export interface Diagnosis {
  /** The stable name of the cause, such as `body_reserialised`, `bad_secret` or `url_mismatch`. */
  readonly code: string;
  /** `proven` when the signature holds once the cause is undone, or the delivery shows the cause itself. */
  readonly confidence: "proven" | "likely";
  /** What happened. */
  readonly sentence: string;
  /** What to do. */
  readonly fix: string;
  /** What the sentences say, for programs. */
  readonly details: Readonly<Record<string, string>>;
}

/** Milliseconds until there is one more. */
const REFILL_MS = 2000;

/** Headers looked at, and characters of each value: servers take no more. */
const HEADERS_MAX = 200;
const VALUE_MAX = 8192;

/**
 * The whole diagnosis of a delivery that `verifier` refuses, for logs. `undefined` for one that it does not refuse, where
 * the refusal says all there is, and while too many were asked for.
 *
 * Pass the `now` the delivery was verified at; a diagnosis made later would find it too old. Throws what names a part of
 * the delivery that cannot be read, and `scheme_not_loaded` where `tillproof/webhooks/full` is to be imported first.
 */
export function diagnose(verifier: Verifier, delivery: Delivery): Diagnosis | undefined {
  const subject = subjectOf(verifier);
  if (subject === undefined) {
    throw refusal("argument_invalid", "verifier", verifier, "is not what createVerifier returned: pass that itself");
  }
  return diagnosed(subject, object("delivery", delivery));
}

function diagnosed(subject: Subject, delivery: Delivery): Diagnosis | undefined {
  const now = nowMs("now", delivery.now ?? Date.now());
  return spend(subject, now) ? explain(subject.options, { ...delivery, now }) : undefined;
}

/** As {@link diagnose}, for options that may not be those of any verifier, and however often. */
export function explain(given: object, delivery: Delivery): Diagnosis | undefined {
  const body = bytes("body", delivery.body);
  const now = nowMs("now", delivery.now ?? Date.now());
  const request = encodeChecked({ headers: all(delivery.headers), now, url: optionalText("url", delivery.url) });
  const options = encodeChecked(given);
  const found = fullWebhooks().invoke<Diagnosis | null>((exports) => exports.webhooks_diagnose(options, request, body));
  return found ?? undefined;
}

/** The diagnosis in one text, as `hint` of a refusal; `undefined` where there is none. Never throws. */
export function hintOf(subject: Subject, delivery: Delivery, code: string): string | undefined {
  if (code === "body_not_bytes") return notBytes(delivery.body);
  try {
    const found = diagnosed(subject, delivery);
    return found === undefined ? undefined : `${asSentence(found.sentence)} ${asSentence(found.fix)}`;
  } catch {
    // What cannot be diagnosed was refused already; here nobody asked.
    return undefined;
  }
}

/** The one mistake everybody makes once. */
function notBytes(body: unknown): string {
  if (typeof body !== "object" || body === null) {
    return "There is no body here. Read it from the request as bytes, before anything else reads it.";
  }
  if ("then" in body) return "The body is a promise. Await it: the bytes are in what it becomes.";
  if ("getReader" in body || "pipe" in body) {
    return "The body is a stream. Read it to its end: await request.arrayBuffer(), or collect its chunks.";
  }
  return (
    "The body was parsed before it was verified. The signature covers the bytes as received: give this route the " +
    'raw body, for example with express.raw({ type: "*/*" }), and parse after verifying.'
  );
}

function asSentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function spend(subject: Subject, now: number): boolean {
  subject.left = Math.min(BURST, subject.left + Math.max(0, now - subject.at) / REFILL_MS);
  subject.at = now;
  if (subject.left < 1) return false;
  subject.left -= 1;
  return true;
}

/** Every header, as those that the scheme does not know say what happened to the others. Throws `headers_not_readable`. */
function all(headers: HeadersLike): HeaderPair[] {
  try {
    return pairsOf(headers);
  } catch (error) {
    throw unreadable(error instanceof Error ? `what cannot be read (${error.name})` : "what cannot be read");
  }
}

function pairsOf(headers: HeadersLike): HeaderPair[] {
  const entries: Iterable<readonly [unknown, unknown]> =
    Symbol.iterator in headers ? (headers as Iterable<readonly [unknown, unknown]>) : Object.entries(headers);
  const pairs: HeaderPair[] = [];
  for (const [name, value] of entries) {
    if (pairs.length === HEADERS_MAX) break;
    if (typeof name !== "string") continue;
    if (typeof value === "string") pairs.push([name, value.slice(0, VALUE_MAX)]);
    // Of one that arrived several times no value counts.
    else if (Array.isArray(value)) pairs.push([name, []]);
  }
  return pairs;
}
