/**
 * The same for OpenTelemetry: counters and a histogram through a meter, a span for each ended intent through a tracer.
 *
 * Invariant: knows the API by shape, never by import. A span is made when an intent has ended, with the times of its
 * journal, so that one that crossed a crash, or several processes, is still one span.
 */

import { bytes, fn, object, onlyKnown, refusal, type BytesInput } from "../shell/guard.js";
import { hex } from "../payments/host.js";
import { utf8 } from "../shell/wire.js";
import type { JournalEntry } from "../payments/engine.js";
import type { SagaTransition } from "../saga/settings.js";
import { factsOf, type Fact, type PaymentChange } from "./facts.js";

/** Attributes as OpenTelemetry takes them. */
export type OtelAttributes = Record<string, string | number | boolean>;

/** What is used of a `Meter` of `@opentelemetry/api`. */
export interface OtelMeter {
  createCounter(name: string, options: { description: string; unit: string }): { add(value: number, attributes?: OtelAttributes): void };
  createHistogram(name: string, options: { description: string; unit: string }): { record(value: number, attributes?: OtelAttributes): void };
}

/** What is used of a `Span` of `@opentelemetry/api`. */
export interface OtelSpan {
  addEvent(name: string, attributes: OtelAttributes, time: number): unknown;
  setStatus(status: { code: number; message?: string }): unknown;
  end(time: number): void;
}

/** What is used of a `Tracer` of `@opentelemetry/api`. */
export interface OtelTracer {
  startSpan(name: string, options: { attributes: OtelAttributes; startTime: number; root: boolean }): OtelSpan;
}

/** How references of payments and ids of sagas are shown in spans. They are never attributes of metrics. */
export type ShownReferences = "plain" | "hashed" | "none";

/** Where it goes. */
export interface OpenTelemetryOptions {
  /** `metrics.getMeter("tillproof")`. */
  readonly meter?: OtelMeter;
  /** `trace.getTracer("tillproof")`. */
  readonly tracer?: OtelTracer;
  /** `plain` when left out. */
  readonly references?: ShownReferences;
  /** For `hashed`: references are short and guessable, so they are hashed under a key. */
  readonly secret?: BytesInput;
}

/** Hooks for `onTransition`. */
export interface OpenTelemetryHooks {
  readonly payment: (change: PaymentChange) => void;
  readonly saga: (transition: SagaTransition) => void;
  /** Resolves when all spans that were begun to be made are made: their references may have to be hashed first. */
  flush(): Promise<void>;
}

/** The code of `SpanStatusCode.ERROR`. */
const ERROR = 2;

/** Fields of a journal's entries that are stable words or numbers: nothing else enters a span. */
const SHOWN = ["reason", "attempt", "query", "epoch", "proof", "evidence", "key_poisoned"] as const;

/** Hooks that report to OpenTelemetry. Throws what names an option that cannot work. */
export function openTelemetry(options: OpenTelemetryOptions): OpenTelemetryHooks {
  const { meter, tracer, references = "plain", secret } = onlyKnown("options", options, ["meter", "tracer", "references", "secret"]);
  if (meter !== undefined) fn("meter.createCounter", object("meter", meter).createCounter);
  if (tracer !== undefined) fn("tracer.startSpan", object("tracer", tracer).startSpan);
  const shown = shownBy(references, secret);
  const metrics = meter === undefined ? undefined : instruments(meter);
  const making = new Set<Promise<void>>();
  const make = (what: Promise<void>): void => {
    const done: Promise<void> = what.finally(() => making.delete(done));
    // A span that cannot be made is no reason to fail a payment, nor to end a process.
    done.catch(() => undefined);
    making.add(done);
  };
  return {
    payment: (change) => {
      const facts = factsOf(change);
      metrics?.payment(change, facts);
      const end = facts.filter((fact) => fact.type === "end").at(-1);
      if (tracer !== undefined && end !== undefined) make(paymentSpan(tracer, change, end, shown));
    },
    saga: (transition) => {
      metrics?.saga(transition);
      const { state } = transition;
      const ended = state === "completed" || state === "compensated" || state === "needs_review";
      if (tracer !== undefined && ended) make(sagaSpan(tracer, transition, shown));
    },
    flush: async () => void (await Promise.allSettled([...making])),
  };
}

function instruments(meter: OtelMeter): { payment(change: PaymentChange, facts: readonly Fact[]): void; saga(transition: SagaTransition): void } {
  const counter = (name: string, description: string, unit: string): ReturnType<OtelMeter["createCounter"]> => meter.createCounter(name, { description, unit });
  const opened = counter("tillproof.payments.opened", "Intents begun.", "{intent}");
  const sent = counter("tillproof.payments.attempts", "Requests to move money that were authorised to be sent.", "{request}");
  const asked = counter("tillproof.payments.questions", "Questions to the provider about an unknown outcome.", "{request}");
  const held = counter("tillproof.payments.held", "Times an intent was held back by breaker, budget or bulkhead.", "{hold}");
  const setbacks = counter("tillproof.payments.setbacks", "Answers, and missing answers, that settled nothing.", "{answer}");
  const ends = counter("tillproof.payments.ends", "Intents by how they ended, or ended for now.", "{intent}");
  const duration = meter.createHistogram("tillproof.payments.duration", { description: "From the beginning of an intent to its end.", unit: "s" });
  const sagas = counter("tillproof.sagas.ends", "Sagas by how they ended, or ended for now.", "{saga}");
  const plain = { opened, sent, asked, held };
  return {
    payment: ({ after: { profile, operation } }, facts) => {
      for (const fact of facts) {
        if (fact.type === "setback") setbacks.add(1, { profile, operation, reason: fact.reason });
        else if (fact.type !== "end") plain[fact.type].add(1, { profile, operation });
        else {
          ends.add(1, { profile, operation, end: fact.end });
          if (fact.end !== "awaiting_customer") duration.record(fact.seconds, { profile, operation, end: fact.end });
        }
      }
    },
    saga: ({ name, state }) => {
      if (state === "completed" || state === "compensated" || state === "needs_review") sagas.add(1, { saga: name, end: state });
    },
  };
}

async function paymentSpan(tracer: OtelTracer, change: PaymentChange, end: Extract<Fact, { type: "end" }>, shown: Shown): Promise<void> {
  const { earlier, entries, reference, after } = change;
  const journal = [...earlier, ...entries];
  const named = await shown("tillproof.reference", reference);
  const span = tracer.startSpan(`tillproof ${after.operation}`, {
    attributes: { "tillproof.profile": after.profile, "tillproof.operation": after.operation, "tillproof.end": end.end, "tillproof.attempts": after.attempts, ...named },
    startTime: timeOf(journal[0]),
    // Whoever happened to store the end, often a sweep, is not what caused the payment.
    root: true,
  });
  for (const entry of journal) span.addEvent(String(entry["type"]), wordsOf(entry), timeOf(entry));
  if (end.end === "needs_review") span.setStatus({ code: ERROR, message: end.end });
  span.end(timeOf(journal.at(-1)));
}

async function sagaSpan(tracer: OtelTracer, { name, id, state, step, back, at, openedAt }: SagaTransition, shown: Shown): Promise<void> {
  const attributes = { "tillproof.saga": name, "tillproof.end": state, "tillproof.step": step, "tillproof.back": back };
  const span = tracer.startSpan(`tillproof saga ${name}`, { attributes: { ...attributes, ...(await shown("tillproof.saga.id", id)) }, startTime: openedAt, root: true });
  if (state === "needs_review") span.setStatus({ code: ERROR, message: state });
  span.end(at);
}

function timeOf(entry: JournalEntry | undefined): number {
  return Number(entry?.["at"] ?? 0);
}

function wordsOf(entry: JournalEntry): OtelAttributes {
  const words: OtelAttributes = {};
  for (const field of SHOWN) {
    const value = entry[field];
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") words[`tillproof.${field}`] = value;
  }
  return words;
}

/** An attribute for a name of the merchant's own. */
type Shown = (attribute: string, name: string) => Promise<OtelAttributes>;

function shownBy(references: unknown, secret: BytesInput | undefined): Shown {
  if (references === "none") return async () => ({});
  if (references === "plain") return async (attribute, name) => ({ [attribute]: name });
  if (references !== "hashed") throw refusal("option_invalid", "references", references, 'is unknown: expected "plain", "hashed" or "none"');
  const raw = bytes("secret", secret);
  if (raw.length < 16) throw refusal("option_invalid", "secret", raw.length, "bytes are too few to hash guessable references: expected at least 16");
  const key = crypto.subtle.importKey("raw", Uint8Array.from(raw), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return async (attribute, name) => {
    const digest = await crypto.subtle.sign("HMAC", await key, utf8(name) as Uint8Array<ArrayBuffer>);
    return { [attribute]: hex(new Uint8Array(digest).subarray(0, 16)) };
  };
}
