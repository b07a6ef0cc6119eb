/**
 * How reconciliation is doing: what the last run matched, and what people still have to decide.
 *
 * Invariant: labels are names of queues, kinds of breaks, states and currencies; no reference and no person is one. All of
 * it is read from the store, so that every process shows the same.
 */

import type { QueueFigures } from "../investigation/queue.js";
import { fn, object } from "../shell/guard.js";
import type { Family, Labels, Sample } from "./exposition.js";

/** What is read of a queue of breaks; `openQueue` of `tillproof/reconcile/queue` makes one. */
export interface ReconciliationSource {
  figures(): Promise<QueueFigures>;
}

/** What is used of a `Meter` of `@opentelemetry/api` for what is read when it is asked for. */
export interface OtelObservingMeter {
  createObservableGauge(name: string, options: { description: string; unit: string }): OtelObservable;
}

/** What is used of an `ObservableGauge`. */
export interface OtelObservable {
  addCallback(callback: (result: { observe(value: number, attributes?: Record<string, string>): void }) => Promise<void>): void;
}

/** One figure in both worlds: its names, its unit, and its values. */
interface Figure {
  readonly name: string;
  readonly otel: string;
  readonly unit: string;
  readonly help: string;
  readonly values: (figures: QueueFigures) => readonly Sample[];
}

const DAY_SECONDS = 86_400;

/** Kinds with deadlines at the provider or the bank: shown as 0, so that an alert on the first one has something to rise from. */
const URGENT = { duplicate_charge: 0, over_refund: 0, missing_in_bank: 0, payout_not_reversed: 0 } as const;

const one = (value: number | undefined): Sample[] => (value === undefined ? [] : [{ labels: {}, value }]);

const each = (label: string, values: Readonly<Record<string, number | string>>): Sample[] =>
  // Minor units beyond 2^53 are rounded here, and nowhere where money is decided.
  Object.entries(values).map(([word, value]) => ({ labels: { [label]: word }, value: Number(value) }));

const FIGURES: readonly Figure[] = [
  {
    name: "tillproof_reconcile_match_rate", otel: "tillproof.reconcile.match_rate", unit: "1",
    help: "Matched pairs among pairs and breaks of the last run.",
    values: ({ lastRun }) => one(lastRun === null ? undefined : rateOf(lastRun.matched, lastRun.breaks)),
  },
  {
    name: "tillproof_reconcile_unmatched_minor_units", otel: "tillproof.reconcile.unmatched", unit: "{minor_unit}",
    help: "Differences of the last run without their sign, in minor units.",
    values: ({ lastRun }) => each("currency", lastRun?.unmatched_minor ?? {}),
  },
  {
    name: "tillproof_reconcile_breaks", otel: "tillproof.reconcile.breaks", unit: "{break}",
    help: "Breaks of the last run.",
    values: ({ lastRun }) => lastRun === null ? [] : each("kind", { ...URGENT, ...lastRun.by_kind }),
  },
  {
    name: "tillproof_reconcile_oldest_break_seconds", otel: "tillproof.reconcile.oldest_break", unit: "s",
    help: "Age of the oldest break of the last run.",
    values: ({ lastRun }) => one(lastRun === null ? undefined : lastRun.oldest_days * DAY_SECONDS),
  },
  {
    name: "tillproof_reconcile_last_run_timestamp_seconds", otel: "tillproof.reconcile.last_run", unit: "s",
    help: "When the files of the last run were read.",
    values: ({ lastRun }) => one(lastRun === null ? undefined : lastRun.at / 1_000),
  },
  {
    name: "tillproof_reconcile_cases", otel: "tillproof.reconcile.cases", unit: "{case}",
    help: "Breaks under investigation by state.",
    values: ({ cases }) => each("state", cases),
  },
  {
    name: "tillproof_reconcile_oldest_case_seconds", otel: "tillproof.reconcile.oldest_case", unit: "s",
    help: "Age of the oldest case that is not over.",
    values: ({ oldestAgeMs }) => one(oldestAgeMs / 1_000),
  },
];

/** The figures of several queues as Prometheus has them. */
export async function reconciliationFamilies(sources: readonly ReconciliationSource[]): Promise<Family[]> {
  if (sources.length === 0) return [];
  const all = await Promise.all(sources.map((source) => source.figures()));
  return FIGURES.map(({ name, help, values }) => ({
    name, type: "gauge", help,
    samples: all.flatMap((figures) => values(figures).map(({ labels, value }) => ({ labels: named(figures, labels), value }))),
  }));
}

/**
 * Shows queues through a meter of OpenTelemetry: gauges that are read when somebody collects them. `onError` hears why a
 * queue could not be read; its gauges are left out then.
 */
export function observeReconciliation(
  meter: OtelObservingMeter,
  sources: readonly ReconciliationSource[],
  onError: (error: unknown) => void = () => undefined,
): void {
  fn("meter.createObservableGauge", object("meter", { of: meter }).of.createObservableGauge);
  for (const source of sources) fn("sources[].figures", source?.figures);
  fn("onError", onError);
  for (const { otel, help, unit, values } of FIGURES) {
    meter.createObservableGauge(otel, { description: help, unit }).addCallback(async (result) => {
      for (const source of sources) {
        try {
          const figures = await source.figures();
          for (const { labels, value } of values(figures)) result.observe(value, named(figures, labels));
        } catch (error) {
          onError(error);
        }
      }
    });
  }
}

function named({ name }: QueueFigures, labels: Labels): Record<string, string> {
  return { queue: name, ...labels };
}

function rateOf(matched: number, breaks: number): number {
  return matched + breaks === 0 ? 1 : matched / (matched + breaks);
}
