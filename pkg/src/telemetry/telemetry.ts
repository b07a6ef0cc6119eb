/**
 * Counts what payments and sagas do, and shows it with how their stores stand.
 *
 * Invariant: counters only rise, and count what was stored: a hook hears of a change after its commit. What is shown of a
 * store is read when it is asked for, so that every process shows the same.
 */

import { count, fn, object, onlyKnown } from "../shell/guard.js";
import { storeShape } from "../stores/rules.js";
import type { Store } from "../stores/store.js";
import { NEVER_MS } from "../outbox/message.js";
import type { Outbox } from "../outbox/outbox.js";
import type { LaneState } from "../payments/governor.js";
import type { SagaTransition } from "../saga/settings.js";
import { byLabel, single, written, type Family } from "./exposition.js";
import { factsOf, type PaymentChange, type PaymentEnd } from "./facts.js";
import { Histogram } from "./histogram.js";
import { reconciliationFamilies, type ReconciliationSource } from "./reconciliation.js";
import { ledgerFamilies, type LedgerSource } from "./ledgers.js";

/** What is read of a governor. */
export interface GovernorSource {
  state(): { readonly lanes: readonly GovernorLane[] };
}

/** What is read of one lane of a governor: one provider and one operation. */
export type GovernorLane = Pick<
  LaneState,
  "provider" | "operation" | "breaker" | "tokens" | "inFlight" | "waiting" | "firstSends" | "retries" | "probes" | "held" | "answered" | "failed" | "shed" | "trips"
>;

/** What telemetry reads beside what it is told. */
export interface TelemetryOptions {
  /** Shows how many payments and sagas of this store are open, and how old the oldest is. */
  readonly store?: Store;
  /** Shows how these outboxes stand. */
  readonly outboxes?: readonly Outbox[];
  /** Shows budgets, breakers and bulkheads of these governors of this process. */
  readonly governors?: readonly GovernorSource[];
  /** Shows the last run and the cases of these queues of breaks. */
  readonly reconciliations?: readonly ReconciliationSource[];
  /** Shows how far the journals of these ledgers are checked, and whether they are sound. */
  readonly ledgers?: readonly LedgerSource[];
  /** Records read for one figure; 1,000 when left out. A figure that stands there says "at least". */
  readonly readMost?: number;
  /** Stands in for `Date.now`. */
  readonly now?: () => number;
}

/** Figures of one operation at one provider, in this process. */
export interface OperationFigures {
  readonly profile: string;
  readonly operation: string;
  readonly opened: number;
  /** Requests that were authorised to be sent. */
  readonly attempts: number;
  /** Intents by how they ended. */
  readonly ends: Readonly<Record<PaymentEnd, number>>;
  /** From the beginning to the end of an intent, in milliseconds; `null` before the first. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
}

/** What one operation at one provider has done in this process. */
class Lane {
  readonly counts = { opened: 0, sent: 0, asked: 0, held: 0 };
  readonly ends: Record<PaymentEnd, number> = { settled: 0, failed: 0, reversed: 0, needs_review: 0, awaiting_customer: 0 };
  readonly setbacks = new Map<string, number>();
  readonly seconds = new Histogram();
  readonly attempts = new Histogram([1, 2, 3, 5, 8, 13, 21, 34]);
}

const SAGA_ENDS = ["completed", "compensated", "needs_review"] as const;

/** Collects; made by {@link createTelemetry}. Its hooks may be passed on as they are. */
export class Telemetry {
  readonly #options: TelemetryOptions;
  readonly #readMost: number;
  readonly #now: () => number;
  readonly #lanes = new Map<string, { readonly profile: string; readonly operation: string; readonly lane: Lane }>();
  readonly #sagas = new Map<string, { readonly opened: { count: number }; readonly ends: Record<(typeof SAGA_ENDS)[number], number>; readonly seconds: Histogram }>();

  /** Use {@link createTelemetry}. */
  constructor(options: TelemetryOptions) {
    onlyKnown("options", options, ["store", "outboxes", "governors", "ledgers", "reconciliations", "readMost", "now"]);
    if (options.store !== undefined) storeShape("store", options.store);
    for (const outbox of options.outboxes ?? []) fn("outboxes[].figures", object("outboxes[]", outbox).figures);
    for (const governor of options.governors ?? []) fn("governors[].state", object("governors[]", governor).state);
    for (const queue of options.reconciliations ?? []) fn("reconciliations[].figures", object("reconciliations[]", { of: queue }).of.figures);
    for (const ledger of options.ledgers ?? []) fn("ledgers[].figures", object("ledgers[]", ledger).figures);
    this.#options = options;
    this.#readMost = count("readMost", options.readMost ?? 1_000, 1);
    this.#now = options.now === undefined ? Date.now : fn("now", options.now);
  }

  /** For `onTransition` of `createPayments`. */
  readonly payment = (change: PaymentChange): void => {
    const { profile, operation } = change.after;
    const lane = this.#lane(profile, operation);
    for (const fact of factsOf(change)) {
      if (fact.type === "setback") {
        lane.setbacks.set(fact.reason, (lane.setbacks.get(fact.reason) ?? 0) + 1);
      } else if (fact.type === "end") {
        lane.ends[fact.end] += 1;
        // Waiting for the customer is his time and not the provider's.
        if (fact.end === "awaiting_customer") continue;
        lane.seconds.observe(fact.seconds);
        lane.attempts.observe(fact.attempts);
      } else {
        lane.counts[fact.type] += 1;
      }
    }
  };

  /** For `onTransition` of `defineSaga`. */
  readonly saga = ({ name, entries, state, at, openedAt }: SagaTransition): void => {
    let saga = this.#sagas.get(name);
    if (saga === undefined) {
      saga = { opened: { count: 0 }, ends: { completed: 0, compensated: 0, needs_review: 0 }, seconds: new Histogram() };
      this.#sagas.set(name, saga);
    }
    if (entries.includes("opened")) saga.opened.count += 1;
    const end = SAGA_ENDS.find((one) => one === state);
    if (end === undefined) return;
    saga.ends[end] += 1;
    saga.seconds.observe(Math.max(0, at - openedAt) / 1_000);
  };

  /** The figures of this process, for programs. */
  figures(): OperationFigures[] {
    const ms = (seconds: number | null): number | null => (seconds === null ? null : Math.round(seconds * 1_000));
    return [...this.#lanes.values()].map(({ profile, operation, lane }) => ({
      profile,
      operation,
      opened: lane.counts.opened,
      attempts: lane.counts.sent,
      ends: { ...lane.ends },
      p50Ms: ms(lane.seconds.quantile(0.5)),
      p95Ms: ms(lane.seconds.quantile(0.95)),
      p99Ms: ms(lane.seconds.quantile(0.99)),
    }));
  }

  /** All of it in the text format Prometheus reads. */
  async prometheus(): Promise<string> {
    return [
      written(this.#payments()),
      written(this.#sagaFamilies()),
      written(this.#governors()),
      written(await this.#stored()),
      written(await this.#outboxes()),
      written(await reconciliationFamilies(this.#options.reconciliations ?? [])),
      written(ledgerFamilies(this.#options.ledgers ?? [])),
    ].join("");
  }

  #lane(profile: string, operation: string): Lane {
    const key = `${profile}/${operation}`;
    let known = this.#lanes.get(key);
    if (known === undefined) {
      known = { profile, operation, lane: new Lane() };
      this.#lanes.set(key, known);
    }
    return known.lane;
  }

  #payments(): Family[] {
    const lanes = [...this.#lanes.values()].map(({ profile, operation, lane }) => ({ labels: { profile, operation }, lane }));
    const counter = (name: string, help: string, of: keyof Lane["counts"]): Family => ({
      name, type: "counter", help, samples: lanes.map(({ labels, lane }) => ({ labels, value: lane.counts[of] })),
    });
    const histogram = (name: string, help: string, of: "seconds" | "attempts"): Family => ({
      name, type: "histogram", help, samples: lanes.flatMap(({ labels, lane }) => lane[of].samples(labels)),
    });
    return [
      counter("tillproof_payments_opened_total", "Intents begun.", "opened"),
      counter("tillproof_payments_attempts_total", "Requests to move money that were authorised to be sent.", "sent"),
      counter("tillproof_payments_questions_total", "Questions to the provider about an unknown outcome.", "asked"),
      counter("tillproof_payments_held_total", "Times an intent was held back by breaker, budget or bulkhead.", "held"),
      {
        name: "tillproof_payments_ends_total",
        type: "counter",
        help: "Intents by how they ended, or ended for now.",
        samples: lanes.flatMap(({ labels, lane }) => Object.entries(lane.ends).map(([end, value]) => ({ labels: { ...labels, end }, value }))),
      },
      {
        name: "tillproof_payments_setbacks_total",
        type: "counter",
        help: "Answers, and missing answers, that settled nothing, by reason.",
        samples: lanes.flatMap(({ labels, lane }) => [...lane.setbacks].map(([reason, value]) => ({ labels: { ...labels, reason }, value }))),
      },
      histogram("tillproof_payments_duration_seconds", "From the beginning of an intent to its end.", "seconds"),
      histogram("tillproof_payments_attempts", "Requests sent for an intent until its end.", "attempts"),
    ];
  }

  #sagaFamilies(): Family[] {
    const sagas = [...this.#sagas].map(([saga, figures]) => ({ labels: { saga }, ...figures }));
    return [
      {
        name: "tillproof_sagas_opened_total",
        type: "counter",
        help: "Sagas begun.",
        samples: sagas.map(({ labels, opened }) => ({ labels, value: opened.count })),
      },
      {
        name: "tillproof_sagas_ends_total",
        type: "counter",
        help: "Sagas by how they ended, or ended for now.",
        samples: sagas.flatMap(({ labels, ends }) => Object.entries(ends).map(([end, value]) => ({ labels: { ...labels, end }, value }))),
      },
      {
        name: "tillproof_sagas_duration_seconds",
        type: "histogram",
        help: "From the beginning of a saga to its end.",
        samples: sagas.flatMap(({ labels, seconds }) => seconds.samples(labels)),
      },
    ];
  }

  #governors(): Family[] {
    const lanes = (this.#options.governors ?? []).flatMap((governor) => governor.state().lanes);
    if (lanes.length === 0) return [];
    type Values = Readonly<Record<string, number>>;
    const family = (type: Family["type"], name: string, help: string, label: string, values: (lane: GovernorLane) => Values): Family => ({
      name,
      type,
      help,
      samples: lanes.flatMap((lane) =>
        Object.entries(values(lane)).map(([word, value]) => {
          const { provider: profile, operation } = lane;
          return { labels: { profile, operation, ...(label === "" ? {} : { [label]: word }) }, value };
        }),
      ),
    });
    const states = ["closed", "open", "recovering"] as const;
    return [
      family("gauge", "tillproof_governor_breaker", "1 for the state the breaker is in.", "state", ({ breaker }) =>
        Object.fromEntries(states.map((state) => [state, breaker === state ? 1 : 0])),
      ),
      family("gauge", "tillproof_governor_budget_tokens", "Retries the budget has left.", "", ({ tokens }) => (tokens === undefined ? {} : { tokens })),
      family("gauge", "tillproof_governor_requests", "Requests under way, and waiting in the bulkhead.", "state", ({ inFlight, waiting }) => ({ in_flight: inFlight, waiting })),
      family("counter", "tillproof_governor_sends_total", "Requests let through, by what they were for.", "kind", ({ firstSends, retries }) => ({ first_send: firstSends, retry: retries })),
      family("counter", "tillproof_governor_probes_total", "Requests let through while the breaker was open.", "", ({ probes }) => ({ probes })),
      family("counter", "tillproof_governor_held_total", "Times somebody was told to wait.", "", ({ held }) => ({ held })),
      family("counter", "tillproof_governor_answers_total", "What came of the requests.", "outcome", ({ answered, failed, shed }) => ({ answered, failed, shed })),
      family("counter", "tillproof_governor_trips_total", "Times the breaker opened.", "", ({ trips }) => ({ trips })),
    ];
  }

  /** Open records, for every process alike. */
  async #stored(): Promise<Family[]> {
    const { store } = this.#options;
    if (store === undefined) return [];
    const [intents, sagas] = await Promise.all([this.#open(store, "intent/"), this.#open(store, "saga/")]);
    return [
      single("tillproof_payments_open", "Intents whose outcome is still looked for.", intents.count),
      single("tillproof_payments_oldest_open_seconds", "Age of the oldest of them.", intents.oldestSeconds),
      single("tillproof_payments_parked", "Intents among them that breaker, budget or bulkhead hold back.", intents.parked),
      single("tillproof_payments_due", "Intents that are due and that nobody has taken up yet.", intents.due),
      single("tillproof_sagas_open", "Sagas that go on by themselves.", sagas.count),
      single("tillproof_sagas_oldest_open_seconds", "Age of the oldest of them.", sagas.oldestSeconds),
    ];
  }

  async #open(store: Store, prefix: string): Promise<{ count: number; due: number; parked: number; oldestSeconds: number }> {
    const now = this.#now();
    const records = await store.due(prefix, NEVER_MS, this.#readMost);
    const journals = records.map(({ value }) => journalOf(value));
    const ages = journals.map((journal) => now - numberOf(journal[0]?.at, now));
    const parked = journals.filter((journal) => journal.at(-1)?.type === "held").length;
    const due = records.filter(({ wakeAt }) => wakeAt !== null && wakeAt <= now).length;
    return { count: records.length, due, parked, oldestSeconds: Math.max(0, ...ages) / 1_000 };
  }

  async #outboxes(): Promise<Family[]> {
    const outboxes = this.#options.outboxes ?? [];
    if (outboxes.length === 0) return [];
    const figures = await Promise.all(outboxes.map(async (outbox) => ({ outbox: outbox.name, of: await outbox.figures() })));
    const messages = figures.flatMap(({ outbox, of: { ready, taken, quarantined } }) =>
      byLabel("gauge", "", "", "state", { ready, taken, quarantined }).samples.map(({ labels, value }) => ({ labels: { outbox, ...labels }, value })),
    );
    const attempts = figures.flatMap(({ outbox, of: { process: { delivered, failed, quarantined, lost } } }) =>
      byLabel("counter", "", "", "outcome", { delivered, failed, quarantined, lost }).samples.map(({ labels, value }) => ({ labels: { outbox, ...labels }, value })),
    );
    return [
      { name: "tillproof_outbox_messages", type: "gauge", help: "Messages that are not over, by state.", samples: messages },
      {
        name: "tillproof_outbox_oldest_age_seconds",
        type: "gauge",
        help: "Age of the oldest message that is not delivered and not quarantined.",
        samples: figures.map(({ outbox, of }) => ({ labels: { outbox }, value: of.oldestAgeMs / 1_000 })),
      },
      { name: "tillproof_outbox_attempts_total", type: "counter", help: "Deliveries of this process by how they ended.", samples: attempts },
    ];
  }
}

/** Telemetry. Throws `store_invalid`, `unknown_option`, or what names an option of the wrong type or range. */
export function createTelemetry(options: TelemetryOptions = {}): Telemetry {
  return new Telemetry(options);
}

/** What is read of a journal's entry. */
interface Line {
  readonly at?: unknown;
  readonly type?: unknown;
}

/** A journal; nothing where it cannot be read: a figure is no reason to fail. */
function journalOf(value: string): readonly Line[] {
  try {
    const { journal } = JSON.parse(value) as { journal?: unknown };
    return Array.isArray(journal) ? (journal as readonly Line[]) : [];
  } catch {
    return [];
  }
}

function numberOf(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}
