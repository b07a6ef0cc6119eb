/**
 * The driver: one request from its arrival to its answer.
 *
 * Invariant: it decides nothing. The engine is asked again after each conflict, and what is sent without having been run here
 * comes from the store, or from the run of this process that has just stored it.
 */

import { clockFrom } from "../shell/clock.js";
import { isTillproofError, TillproofError } from "../shell/errors.js";
import { bytes, count, fn, nowMs, object, onlyKnown, refusal, text } from "../shell/guard.js";
import { slot } from "../stores/slot.js";
import { answerOf, decodeAnswer, encodeAnswer, isOutcome, type Answer, type NotExecutedOutcome, type ReplyLike } from "./answer.js";
import { decide, finish, identify, take, unfinished, type Decision, type Policy, type RunDecision, type TermsDocument } from "./engine.js";
import { Flights } from "./flights.js";
import type { Idempotency, IdempotencyResult, KeyedRequest, RunOptions, UnresolvedKey, Whose } from "./idempotency.js";
import { committed } from "./lease.js";
import { apart, behind, Owner, type Handler, type Settled } from "./owner.js";
import { problemAnswer, problemOf, type Problem, type ProblemCode } from "./problems.js";
import { checkedWhose, recoverMissing, type IdempotencyMode, type IdempotencySettings } from "./settings.js";
import { unguarded } from "./unguarded.js";

/** Tries of one request. Each lost race means that another process made progress. */
const ATTEMPTS_MAX = 8;

/** Pauses between two looks at a key another process works on. */
const PAUSES_MS = [10, 20, 40, 80, 160, 250] as const;

/**
 * How long a claim may take in a database at least: from here a slow connection looks like the claim of another process,
 * and who is told 409 because of the first would be told so for nothing.
 */
const CLAIM_MS = 2_000;

/** Drops so many expired records for so many requests: more than they bring, so that it catches up. */
const PURGE = { every: 500, limit: 2_000 };

/** What those who wait for a run are told. */
type Told = { readonly fingerprint: string; readonly settled: Settled | null } | null;

/** A request on its way. */
interface Parcel {
  readonly request: KeyedRequest;
  readonly handler: Handler;
  readonly recover: Handler | undefined;
  readonly terms: TermsDocument;
  readonly key: string;
  readonly id: string;
  readonly fingerprint: string;
  readonly clock: () => number;
  readonly patientUntil: number;
}

/** Keeps answers by their keys. */
export class Keeper implements Idempotency {
  readonly mode: IdempotencyMode;
  readonly #settings: IdempotencySettings;
  readonly #owner: Owner<unknown>;
  readonly #flights: Flights<Told>;
  #received = 0;

  constructor(settings: IdempotencySettings) {
    this.#settings = settings;
    this.mode = settings.mode;
    this.#owner = new Owner(settings);
    this.#flights = new Flights(settings.maxWaiting);
  }

  async run(request: KeyedRequest, handler: Handler, options: RunOptions = {}): Promise<IdempotencyResult> {
    fn("handler", handler);
    const { recover, policy } = this.#checkedRun(options);
    const clock = clockFrom(nowMs("request.now", object("request", request).now ?? Date.now()));
    const identified = this.#identify(request);
    if (identified.refused !== undefined) {
      const { code, message } = identified.refused;
      const missing = code === "idempotency_key_missing";
      if (missing && options.required === false) return unguarded(this.#settings, handler);
      return this.#refused(problemOf(code as ProblemCode, message));
    }
    await this.#clearUp(clock());
    const { id, fingerprint } = identified;
    const { prefix, waitMs } = this.#settings;
    const terms = this.#terms(policy);
    const key = prefix + id;
    return this.#settle({ request, handler, recover, terms, key, id, fingerprint, clock, patientUntil: clock() + waitMs });
  }

  async refuse(code: ProblemCode): Promise<IdempotencyResult> {
    return this.#refused(problemOf(code));
  }

  async unresolved({ now, limit = 100 }: { now?: number; limit?: number } = {}): Promise<readonly UnresolvedKey[]> {
    const { store, prefix } = this.#settings;
    const records = await store.due(prefix, now ?? Date.now(), count("limit", limit, 1));
    return records.flatMap((record) => {
      const open = unfinished(slot(record.key, { ...record, value: apart(record.value).head }));
      return open === null ? [] : [{ id: record.key.slice(prefix.length), ...open }];
    });
  }

  async settle(
    key: string | Whose,
    outcome: ReplyLike | NotExecutedOutcome,
    { now }: { now?: number } = {},
  ): Promise<boolean> {
    const { store, prefix, maxAnswerBytes, kept } = this.#settings;
    const id = typeof key === "string" ? text("key", key) : this.#idOf(key);
    const clock = clockFrom(now ?? Date.now());
    const free = isOutcome(outcome, "not_executed");
    const answer = free ? null : await answerOf(outcome as ReplyLike, maxAnswerBytes);
    if (answer !== null && answer.status >= 500) {
      throw refusal("reply_invalid", "outcome.status", answer.status, "says that nothing is known: settle with what is");
    }
    // A minute is a thousand times what two commits take; nobody prolongs this lease.
    const terms: TermsDocument = { ...this.#terms("hold"), lease_ms: 60_000 };
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const record = await store.get(prefix + id);
      const before = record === null ? null : apart(record.value);
      const head = record === null || before === null ? null : { ...record, value: before.head };
      const run = take({ now: clock(), slot: slot(prefix + id, head), owner: crypto.randomUUID(), terms });
      if (run === null) return false;
      // Whoever asks in between is told what he was told before.
      if (!(await committed(store, [behind(run.first, run.keeps_answer ? (before?.answer ?? null) : null)]))) continue;
      const ending = free ? "released" : "status";
      const end = finish({ now: clock(), claim: run.claim, terms, ending, status: answer?.status });
      const stored = answer === null || end.ending !== "answered" ? null : encodeAnswer(answer, kept);
      return committed(store, [behind(end.write, stored)]);
    }
    return false;
  }

  #checkedRun({ recover, required, ...others }: RunOptions): { recover: Handler | undefined; policy: Policy } {
    onlyKnown("options", others as RunOptions, []);
    if (recover === "repeat" || recover === "hold") return { recover: undefined, policy: recover };
    if (recover !== undefined) return { recover: fn("recover", recover), policy: "recover" };
    if (this.#settings.mode === "transaction") return { recover: undefined, policy: "repeat" };
    throw recoverMissing();
  }

  #identify(request: KeyedRequest): ReturnType<typeof identify> {
    const { operation, principal, key, method, target, body, contentType } = checkedWhose("request", request);
    return identify(
      {
        header: text("request.key", key ?? ""),
        ...this.#settings.keyLength,
        operation,
        principal,
        method: text("request.method", method),
        target: text("request.target", target),
        json: isJson(contentType),
      },
      body === undefined ? new Uint8Array(0) : bytes("request.body", body),
    );
  }

  #idOf(whose: Whose): string {
    const identified = this.#identify({ ...whose, method: "-", target: "-" });
    if (identified.refused !== undefined) throw new TillproofError(identified.refused);
    return identified.id;
  }

  #terms(policy: Policy): TermsDocument {
    const { mode, leaseMs, ttlMs } = this.#settings;
    return { policy, lease_ms: mode === "lease" ? leaseMs : undefined, keep_ms: ttlMs };
  }

  async #settle(parcel: Parcel): Promise<IdempotencyResult> {
    const { key, fingerprint, clock, patientUntil } = parcel;
    let pauses = 0;
    for (let attempt = 0; attempt < ATTEMPTS_MAX; ) {
      if (this.#flights.has(key)) {
        const landing = await this.#flights.wait(key, patientUntil - clock());
        if (landing === "late" || landing === "full") return this.#refused(problemOf("idempotency_in_flight"));
        if (landing.end === null) continue;
        if (landing.end.fingerprint !== fingerprint) return this.#refused(problemOf("idempotency_mismatch"));
        return this.#shared(landing.end.settled);
      }
      const record = await this.#settings.store.get(key);
      const { head, answer } = record === null ? { head: null, answer: null } : apart(record.value);
      const decision = this.#decide(parcel, record === null || head === null ? null : { ...record, value: head });
      if ("claim" in decision) {
        // Between the look at the store and now somebody of this process may have begun.
        if (this.#flights.has(key)) continue;
        const end = await this.#fly(parcel, decision, answer);
        if (end === "late") break;
        if (end !== "again") return sent(end);
        attempt += 1;
        continue;
      }
      if (decision.answer !== "in_flight") return this.#answered(decision, answer);
      const pause = PAUSES_MS[Math.min(pauses, PAUSES_MS.length - 1)] ?? 0;
      const now = clock();
      if (now + pause > patientUntil) return this.#refused(problemOf("idempotency_in_flight"));
      pauses += 1;
      await new Promise((resolve) => setTimeout(resolve, Math.min(pause, Math.max(1, decision.until - now))));
    }
    return this.#refused(problemOf("idempotency_in_flight"));
  }

  #decide({ key, request, fingerprint, terms, clock }: Parcel, record: Parameters<typeof slot>[1]): Decision {
    return decide({
      now: clock(),
      slot: slot(key, record),
      fingerprint,
      operation: request.operation,
      owner: crypto.randomUUID(),
      terms,
    });
  }

  /**
   * Runs a request, unless its key cannot be claimed in time: in a transaction the claim itself waits in the database for
   * that of another process, which may take any time.
   */
  async #fly(parcel: Parcel, run: RunDecision, before: string | null): Promise<Settled | "again" | "late"> {
    const { id, key, terms, clock, handler, recover, fingerprint, patientUntil } = parcel;
    const told = (end: Settled | "again" | "late" | undefined): Told =>
      typeof end === "string" ? null : { fingerprint, settled: end ?? null };
    let state: "waiting" | "begun" | "gone" = "waiting";
    const begin = (): boolean => {
      if (state === "waiting") state = "begun";
      return state === "begun";
    };
    const work = async (): Promise<Settled | "again" | "late"> => {
      try {
        return await this.#owner.carryOut({ id, run, terms, clock, before, handler, recover, begin });
      } catch (error) {
        // The store has waited by itself; how long that was decides whether it is worth another try.
        if (isTillproofError(error) && error.code === "store_busy") return clock() < patientUntil ? "again" : "late";
        throw error;
      }
    };
    const flight = this.#flights.run(key, work, told);
    if (this.#settings.mode === "lease") return flight;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const patience = new Promise<"late">((resolve) => (timer = setTimeout(resolve, Math.max(CLAIM_MS, patientUntil - clock()), "late")));
    try {
      const first = await Promise.race([flight, patience]);
      if (first !== "late" || state !== "waiting") return await flight;
      // Nobody waits for it any more, so nothing may be done in its name; what the store says then is nobody's either.
      state = "gone";
      flight.catch(() => undefined);
      return "late";
    } finally {
      clearTimeout(timer);
    }
  }

  /** What one is answered who waited for another's run: the same, as far as it is kept. */
  async #shared(settled: Settled | null): Promise<IdempotencyResult> {
    if (settled === null) return { ...(await this.#refused(problemOf("idempotency_failed"))), status: "failed" };
    const { ending, stored, expiresAt } = settled;
    if (stored === null) return sent(settled);
    const answer = marked(decodeAnswer(stored), expiresAt, true);
    return { status: ending === "pending" ? "pending" : "replayed", answer };
  }

  async #answered(
    decision: Exclude<Decision, RunDecision | { answer: "in_flight" }>,
    stored: string | null,
  ): Promise<IdempotencyResult> {
    switch (decision.answer) {
      case "mismatch":
        return this.#refused(problemOf("idempotency_mismatch"));
      case "unresolved":
        return { ...(await this.#refused(problemOf("idempotency_unresolved"))), status: "unresolved" };
      case "replay":
        return { status: "replayed", answer: marked(kept(stored), decision.expires_at, true) };
      case "pending": {
        const { headers, ...answer } = kept(stored);
        const others = headers.filter(([name]) => name !== "retry-after");
        const told = { ...answer, headers: [...others, ["retry-after", String(decision.retry_after)] as const] };
        return { status: "pending", answer: marked(told, undefined, true) };
      }
    }
  }

  async #refused(problem: Problem): Promise<IdempotencyResult> {
    const { problem: written, maxAnswerBytes } = this.#settings;
    const answer = written === undefined ? problemAnswer(problem) : await answerOf(written(problem), maxAnswerBytes);
    return { status: problem.code === "idempotency_in_flight" ? "in_flight" : "refused", answer, problem };
  }

  /** Now and then. What a purge leaves, the next one takes, also when this one fails. */
  async #clearUp(now: number): Promise<void> {
    this.#received += 1;
    if (this.#received % PURGE.every === 0) await this.#settings.store.purge?.(now, PURGE.limit).catch(() => 0);
  }
}

/** What the one who ran it is answered. */
function sent({ ending, answer, expiresAt }: Settled): IdempotencyResult {
  const status = { answered: "executed", pending: "pending", released: "released", uncertain: "failed" } as const;
  return { status: status[ending], answer: expiresAt === undefined ? answer : marked(answer, expiresAt, false) };
}

/** A record that says an answer is kept and keeps none was written by somebody else. */
function kept(stored: string | null): Answer {
  if (stored !== null) return decodeAnswer(stored);
  throw new TillproofError({
    code: "idempotency_record_unreadable",
    message: "the record of this key stands for an answer and holds none: it was written by a newer version, or by somebody else",
    advice: "reconcile",
  });
}

/** Says until when an answer is kept, and that it was given before. */
function marked({ status, headers, body }: Answer, expiresAt: number | undefined, replayed: boolean): Answer {
  const marks: (readonly [string, string])[] = [];
  if (replayed) marks.push(["idempotent-replayed", "true"]);
  if (expiresAt !== undefined) marks.push(["idempotency-expires", new Date(expiresAt).toUTCString()]);
  return { status, headers: [...headers, ...marks], body };
}

/** `application/json` and what ends in `+json`, with or without parameters. */
function isJson(contentType: string | null | undefined): boolean {
  return /^[^/;]+\/(?:[^;]+\+)?json\s*(?:;|$)/i.test(contentType ?? "");
}
