/**
 * One request from its claim to its end.
 *
 * Invariant: the order is the engine's. The claim is stored before the handler runs, and a handler that has run counts only
 * when the commit that says so has succeeded. Everything may stop between any two lines; whoever comes next finds in the
 * store what to do.
 */

import { isTillproofError, TillproofError } from "../shell/errors.js";
import { refusal } from "../shell/guard.js";
import { Batch, type StoreTransaction, type TransactionalStore, type Write } from "../stores/store.js";
import { answerOf, encodeAnswer, isOutcome, type Answer, type Outcome, type ReplyLike } from "./answer.js";
import { finish, type Cause, type Claim, type EndingName, type Finish, type RunDecision, type TermsDocument } from "./engine.js";
import { committed, Lease } from "./lease.js";
import { hasTransactions, type IdempotencySettings } from "./settings.js";

/** What a handler gets. */
export interface HandlerContext<Client = unknown> {
  /**
   * The same whenever this request is repeated, and never for another: 64 hexadecimal digits. Hand it on to whoever can
   * refuse to do the same thing twice, as the `reference` of a payment or the key of an e-mail.
   */
  readonly id: string;
  /** In mode `transaction` your own database client, inside the transaction that stores the answer; else `undefined`. */
  readonly client: Client;
  /** Writes into the store that become true together with the answer. */
  readonly batch: Batch;
  /** Which run this is, from 1. In mode `transaction` only what was committed is counted. */
  readonly attempt: number;
  /** Higher than that of every run before, so that whoever is written to can refuse an old one. */
  readonly fence: number;
  /**
   * - `free`: nothing has been done under this key;
   * - `uncertain`: the run before failed or died, and may have done something;
   * - `refresh`: the answer so far was `pending`, and it is time to look for news.
   */
  readonly cause: Cause;
  /** Mode `lease`: aborted when another process has taken over. What is done after that counts for nothing here. */
  readonly signal: AbortSignal;
}

/** Does what was asked. It may run again, as `recover` says. */
export type Handler<Client = unknown> = (context: HandlerContext<Client>) => Outcome<Client> | Promise<Outcome<Client>>;

/** A request that is to be run. */
export interface Errand<Client> {
  readonly id: string;
  readonly run: RunDecision;
  readonly terms: TermsDocument;
  readonly clock: () => number;
  /** The answer that stands behind the record, where there is one. */
  readonly before: string | null;
  readonly handler: Handler<Client>;
  readonly recover: Handler<Client> | undefined;
  /** Asked when the key is claimed: whether whoever sent the request still waits for its end. */
  begin(): boolean;
}

/** How a request ended. */
export interface Settled {
  readonly ending: EndingName;
  readonly answer: Answer;
  /** The answer as it is stored, and replayed; `null` where nothing is. */
  readonly stored: string | null;
  /** Until when it is replayed. */
  readonly expiresAt: number | undefined;
}

/** Pauses between tries to store an end: the handler has run, and its result would be lost. */
const PAUSES_MS = [20, 100, 500] as const;

/** Ends a transaction that somebody else has overtaken. */
const LOST = Symbol("overtaken");

/** Ends a transaction of which nothing is to stay. */
class RolledBack {
  constructor(readonly settled: Settled) {}
}

/** Runs what the engine wants to be run. */
export class Owner<Client> {
  readonly #settings: IdempotencySettings;

  constructor(settings: IdempotencySettings) {
    this.#settings = settings;
  }

  /** `again` where somebody else was faster: the store is to be read once more. Rejects with what the handler threw. */
  carryOut(errand: Errand<Client>): Promise<Settled | "again"> {
    return this.#settings.mode === "transaction" ? this.#inTransaction(errand) : this.#underLease(errand);
  }

  async #inTransaction(errand: Errand<Client>): Promise<Settled | "again"> {
    const { run } = errand;
    const store = this.#settings.store as TransactionalStore<Client>;
    const batch = new Batch();
    try {
      const settled = await store.transaction(async (transaction) => {
        const claimed = await transaction.commit([behind(run.first, run.keeps_answer ? errand.before : null)]);
        if (!claimed || !errand.begin()) throw LOST;
        // A transaction is lost at its end and not before, so that nothing aborts this.
        const context = contextOf(errand, batch, new AbortController().signal, transaction.client);
        const outcome = await outcomeOf(errand, context);
        return this.#within(transaction, errand, run.claim, batch, outcome);
      });
      await batch.settle(true);
      return settled;
    } catch (error) {
      await batch.settle(false);
      if (error === LOST) return "again";
      if (error instanceof RolledBack) return error.settled;
      throw error;
    }
  }

  /** The end of a request inside of a transaction. What did nothing, or nobody knows what, leaves nothing behind. */
  async #within(
    transaction: StoreTransaction<Client>,
    errand: Errand<Client>,
    claim: Claim,
    batch: Batch,
    outcome: Outcome<Client>,
  ): Promise<Settled> {
    const last = isOutcome(outcome, "transaction") ? await outcome.body(transaction.client) : outcome;
    const { end, settled } = await this.#ended(errand, claim, last);
    if (settled.stored === null) throw new RolledBack(settled);
    if (!(await transaction.commit([behind(end.write, settled.stored), ...batch.writes]))) throw LOST;
    return settled;
  }

  async #underLease(errand: Errand<Client>): Promise<Settled | "again"> {
    const { store, leaseMs } = this.#settings;
    const { run, terms, clock } = errand;
    const kept = run.keeps_answer ? errand.before : null;
    if (!(await committed(store, [behind(run.first, kept)]))) return "again";
    const lease = new Lease({ store, terms, leaseMs, clock, behind: tail(kept) }, run.claim);
    const batch = new Batch();
    try {
      const context = contextOf(errand, batch, lease.signal, undefined as Client);
      const outcome = await outcomeOf(errand, context);
      return isOutcome(outcome, "transaction")
        ? await this.#together(errand, lease, batch, outcome)
        : await this.#apart(errand, lease, batch, outcome);
    } catch (error) {
      const end = finish({ now: clock(), claim: await lease.stop(), terms, ending: "uncertain" });
      // Where this fails too, the lease ends by itself.
      await store.commit([behind(end.write, end.keeps_answer ? errand.before : null)]).catch(() => false);
      await batch.settle(false);
      throw error;
    }
  }

  /** The end of a request whose effects are elsewhere. */
  async #apart(errand: Errand<Client>, lease: Lease, batch: Batch, outcome: Outcome<Client>): Promise<Settled | "again"> {
    const { store } = this.#settings;
    const answer = await answerOf(replyIn(outcome), this.#settings.maxAnswerBytes);
    const claim = await lease.stop();
    const { end, settled } = this.#endedWith(errand, claim, outcome, answer);
    const counts = settled.stored !== null;
    const record = behind(end.write, end.keeps_answer ? errand.before : settled.stored);
    const held = await persistently(() => committed(store, [record, ...(counts ? batch.writes : [])]));
    if (!held && ((await store.get(record.key))?.version ?? 0) === record.expected) throw batchConflict();
    await batch.settle(held && counts);
    return held ? settled : "again";
  }

  /** The rest of the work and the end in one transaction. The lease is not prolonged meanwhile: the record is in it. */
  async #together(
    errand: Errand<Client>,
    lease: Lease,
    batch: Batch,
    outcome: Outcome<Client>,
  ): Promise<Settled | "again"> {
    const { store } = this.#settings;
    if (!hasTransactions(store)) {
      const problem = "needs a store with transactions, such as that of PostgreSQL or SQLite: return the reply itself";
      throw refusal("reply_invalid", "outcome", "inTransaction", problem);
    }
    const claim = await lease.stop();
    try {
      const shared = store as TransactionalStore<Client>;
      const settled = await shared.transaction((within) => this.#within(within, errand, claim, batch, outcome));
      await batch.settle(true);
      return settled;
    } catch (error) {
      if (error === LOST) {
        await batch.settle(false);
        return "again";
      }
      if (!(error instanceof RolledBack)) throw error;
      const { ending } = error.settled;
      const end = finish({ now: errand.clock(), claim, terms: errand.terms, ending: ending === "released" ? ending : "uncertain" });
      const record = behind(end.write, end.keeps_answer ? errand.before : null);
      await batch.settle(false);
      return (await persistently(() => committed(store, [record]))) ? error.settled : "again";
    }
  }

  async #ended(errand: Errand<Client>, claim: Claim, outcome: Outcome<Client>): Promise<{ end: Finish; settled: Settled }> {
    const answer = await answerOf(replyIn(outcome), this.#settings.maxAnswerBytes);
    return this.#endedWith(errand, claim, outcome, answer);
  }

  #endedWith(
    { clock, terms }: Errand<Client>,
    claim: Claim,
    outcome: Outcome<Client>,
    answer: Answer,
  ): { end: Finish; settled: Settled } {
    const ending = isOutcome(outcome, "pending") ? "pending" : isOutcome(outcome, "not_executed") ? "released" : "status";
    const look = isOutcome(outcome, "pending") ? outcome.refreshMs : undefined;
    const end = finish({ now: clock(), claim, terms, ending, status: answer.status, look_in_ms: look });
    const stays = end.ending === "answered" || end.ending === "pending";
    const sent = end.ending === "pending" ? withRetryAfter(answer, look ?? 0) : answer;
    const stored = stays ? encodeAnswer(sent, this.#settings.kept) : null;
    return { end, settled: { ending: end.ending, answer: sent, stored, expiresAt: end.expires_at } };
  }
}

/** A record, and on a line of its own the answer it stands for. */
export function behind(write: Write, answer: string | null): Write {
  return answer === null ? write : { ...write, value: write.value + tail(answer) };
}

function tail(answer: string | null): string {
  return answer === null ? "" : `\n${answer}`;
}

/** Takes a record apart again. */
export function apart(value: string): { readonly head: string; readonly answer: string | null } {
  const at = value.indexOf("\n");
  return at < 0 ? { head: value, answer: null } : { head: value.slice(0, at), answer: value.slice(at + 1) };
}

/** Whoever recovers is asked first; the handler runs when it is known that nothing was done. */
async function outcomeOf<Client>(
  { run, handler, recover }: Errand<Client>,
  context: HandlerContext<Client>,
): Promise<Outcome<Client>> {
  if (run.answer === "recover" && recover !== undefined) {
    const found = await recover(context);
    if (!isOutcome(found, "not_executed")) return found;
  }
  return handler(context);
}

function contextOf<Client>(
  { id, run }: Errand<Client>,
  batch: Batch,
  signal: AbortSignal,
  client: Client,
): HandlerContext<Client> {
  return { id, client, batch, attempt: run.attempt, fence: run.fence, cause: run.cause, signal };
}

function replyIn<Client>(outcome: Outcome<Client>): ReplyLike {
  if (isOutcome(outcome, "pending") || isOutcome(outcome, "not_executed")) return outcome.reply;
  return outcome as ReplyLike;
}

function withRetryAfter(answer: Answer, refreshMs: number): Answer {
  if (answer.headers.some(([name]) => name === "retry-after")) return answer;
  const seconds = String(Math.max(1, Math.ceil(refreshMs / 1_000)));
  return { ...answer, headers: [...answer.headers, ["retry-after", seconds]] };
}

async function persistently<T>(work: () => Promise<T>): Promise<T> {
  for (const pause of PAUSES_MS) {
    try {
      return await work();
    } catch (error) {
      // What no database would ever take is no matter of patience.
      if (isTillproofError(error) && error.advice === "fix_call") throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
  return work();
}

function batchConflict(): TillproofError {
  return new TillproofError({
    code: "idempotency_batch_conflict",
    message:
      "a record of the batch was changed by another process while the handler ran, so nothing of it was stored: read what " +
      "the batch stands on inside of the handler, and let the client repeat the request",
    advice: "retry_same_key",
  });
}
