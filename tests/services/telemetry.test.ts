import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";

import { type SpanStatusCode } from "@opentelemetry/api";
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { parse } from "yaml";

import { openQueue, type BreakQueue } from "../../pkg/src/investigation/index.js";
import { Ledger } from "../../pkg/src/ledger/index.js";
import { createOutbox } from "../../pkg/src/outbox/index.js";
import { createGovernor, createPayments } from "../../pkg/src/payments/index.js";
import { reconcile } from "../../pkg/src/reconcile/index.js";
import { defineSaga } from "../../pkg/src/saga/index.js";
import { memoryStore } from "../../pkg/src/stores/memory.js";
import type { Store } from "../../pkg/src/stores/store.js";
import { byLabel, written } from "../../pkg/src/telemetry/exposition.js";
import { Histogram as OurHistogram } from "../../pkg/src/telemetry/histogram.js";
import { createTelemetry, observeReconciliation, openTelemetry, type OpenTelemetryOptions } from "../../pkg/src/telemetry/index.js";
import { prometheusOf, receiverPrometheus } from "../../pkg/src/worker/metrics.js";

interface ParsedFamily {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly metrics: readonly { readonly labels?: Record<string, string>; readonly value?: string; readonly buckets?: Record<string, string> }[];
}

/** A reader of the format that is not ours. */
const read = createRequire(import.meta.url)("parse-prometheus-text-format") as (text: string) => ParsedFamily[];

const secret = "a secret of sixteen bytes or more";

/** A queue with a run: one payment matches, one was settled with another fee, one is missing. */
async function breaks(store: Store, now: () => number): Promise<BreakQueue> {
  const queue = openQueue({ store, now });
  const header = "id,reference,amount_minor,fee_minor,currency,occurred_at\n";
  const row = (id: number, fee: number): string => `${id},order_${id},1000,${fee},EUR,2026-03-01T00:00:00Z\n`;
  const report = reconcile({ ledger: header + row(1, 30) + row(2, 30) + row(3, 30), settlement: header + row(1, 30) + row(2, 35), asOf: Date.UTC(2026, 2, 20) });
  await queue.sync(report, { run: "monday" });
  return queue;
}

/** A shop with everything switched on; four orders, one of which is declined and one lost at first. */
async function shop(options: OpenTelemetryOptions = {}) {
  const store = memoryStore();
  const clock = { now: 1_790_000_000_000 };
  const outbox = createOutbox({ store, now: () => clock.now });
  const governor = createGovernor();
  const reconciliations = [await breaks(store, () => clock.now)];
  const ledger = await Ledger.open({ store });
  await ledger.check();
  const telemetry = createTelemetry({ store, outboxes: [outbox], governors: [governor], ledgers: [ledger], reconciliations, now: () => clock.now });
  const otel = openTelemetry(options);
  const seen = new Set<string>();
  const payments = createPayments({
    provider: { profile: "native", baseUrl: "http://gateway.test", merchantId: "shop" },
    store, outbox, governor, secret, now: () => clock.now,
    onTransition: (change) => {
      telemetry.payment(change);
      otel.payment(change);
    },
    fetch: async (request) => {
      clock.now += 40;
      const { reference } = (await request.json()) as { reference: string };
      if (reference === "lost" && !seen.has(reference)) {
        seen.add(reference);
        throw new TypeError("fetch failed", { cause: { code: "ECONNRESET" } });
      }
      if (reference === "declined") return Response.json({ error: { code: "card_declined", message: "4242 4242 4242 4242 was declined" } }, { status: 402 });
      return Response.json({ id: `pay_${reference}`, merchantId: "shop", amount: 1_000, currency: "EUR", reference, state: "completed" }, { status: 201 });
    },
  });
  for (const reference of ["one", "two", "declined", "lost"]) await payments.charge({ reference, amount: 1_000, currency: "EUR" }, { waitMs: 0 });
  clock.now += 60_000;
  await payments.sweep();
  const saga = defineSaga({
    name: "order", store, now: () => clock.now, steps: [{ name: "a", run: () => 1 }],
    onTransition: (transition) => {
      telemetry.saga(transition);
      otel.saga(transition);
    },
  });
  await saga.run("saga-42", {});
  await otel.flush();
  return { telemetry };
}

const NO_WORKER = {
  queue: { ready: 1, delayed: 2, taken: 3, quarantined: 4, lagMs: 5, oldestAgeMs: 6, attemptsMost: 7 },
  worker: { attempts: 1, done: 2, failed: 3, quarantined: 4, returned: 5, lost: 6, errors: 7, running: 8 },
};

test("another's parser reads every family, with the values that were counted", async () => {
  const { telemetry } = await shop();
  const families = new Map(read(await telemetry.prometheus()).map((family) => [family.name, family]));
  const value = (name: string, labels: Record<string, string>): string | undefined =>
    families.get(name)?.metrics.find((metric) => Object.entries(labels).every(([label, word]) => metric.labels?.[label] === word))?.value;
  assert.equal(families.get("tillproof_payments_opened_total")?.type, "COUNTER");
  assert.equal(value("tillproof_payments_opened_total", { profile: "native", operation: "charge" }), "4");
  assert.equal(value("tillproof_payments_attempts_total", { profile: "native" }), "5");
  assert.equal(value("tillproof_payments_ends_total", { end: "settled" }), "3");
  assert.equal(value("tillproof_payments_ends_total", { end: "failed" }), "1");
  assert.equal(value("tillproof_sagas_ends_total", { saga: "order", end: "completed" }), "1");
  assert.equal(value("tillproof_outbox_messages", { state: "ready" }), "5");
  const histogram = families.get("tillproof_payments_duration_seconds");
  assert.equal(histogram?.type, "HISTOGRAM");
  assert.equal(histogram?.metrics[0]?.buckets?.["0.1"], "3");
  assert.equal(histogram?.metrics[0]?.buckets?.["+Inf"], "4");
});

test("the same values written by prom-client are the same lines", async () => {
  const registers = [new Registry()];
  const [registry] = registers;
  const bounds = [0.1, 1, 10];
  new Counter({ name: "a_total", help: "A.", labelNames: ["end"], registers }).inc({ end: 'se"t\\t\nled' }, 3);
  new Gauge({ name: "b", help: "B \\ b.", registers }).set(0.25);
  const theirs = new Histogram({ name: "c_seconds", help: "C.", labelNames: ["profile"], buckets: bounds, registers });
  const ours = new OurHistogram(bounds);
  for (const seconds of [0.05, 0.1, 0.5, 20]) {
    theirs.observe({ profile: "native" }, seconds);
    ours.observe(seconds);
  }
  const text = written([
    byLabel("counter", "a_total", "A.", "end", { 'se"t\\t\nled': 3 }),
    { name: "b", type: "gauge", help: "B \\ b.", samples: [{ labels: {}, value: 0.25 }] },
    { name: "c_seconds", type: "histogram", help: "C.", samples: ours.samples({ profile: "native" }) },
  ]);
  // The order of labels means nothing.
  const lines = (exposition: string): string[] =>
    exposition.split("\n").filter((line) => line !== "").map((line) => line.replace(/\{(.*)\}/, (_, labels: string) => `{${labels.split(",").sort().join(",")}}`)).sort();
  assert.deepEqual(lines(text), lines((await registry?.metrics()) ?? ""));
});

/** Every series that a shop, a worker and a receiver show: its name, and its labels with their words. */
async function shown(): Promise<Map<string, Set<string>>> {
  const { telemetry } = await shop();
  const exposition = [await telemetry.prometheus(), prometheusOf("webhooks", NO_WORKER), receiverPrometheus("webhooks", { stored: 1, duplicate: 0, rejected: 0, failed: 0 })].join("");
  const series = new Map<string, Set<string>>();
  for (const line of exposition.split("\n")) {
    const [, name, labels = ""] = /^([a-z_]+)(?:\{(.*)\})? /.exec(line) ?? [];
    if (name === undefined) continue;
    const known = series.get(name) ?? new Set();
    for (const label of labels.split(",")) known.add(label);
    series.set(name, known);
  }
  return series;
}

/** An expression asks for metrics, labels and words that there are; a variable of a dashboard stands for any word. */
function asksForWhatIs(what: string, expr: string, series: Map<string, Set<string>>): void {
  const metrics = [...expr.matchAll(/(tillproof_[a-z_]+)(?:\{([^}]*)\})?/g)];
  assert.ok(metrics.length > 0, what);
  const labels = new Set<string>();
  for (const [, name = "", selector = ""] of metrics) {
    const known = series.get(name);
    assert.ok(known !== undefined, `${what}: there is no ${name}`);
    for (const each of known) labels.add(each.split("=")[0] ?? "");
    for (const [, label, operator, words = ""] of selector.matchAll(/([a-z]+)(=~?)"([^"]*)"/g)) {
      if (words.startsWith("$")) assert.ok([...known].some((each) => each.startsWith(`${label}=`)), `${what}: ${name} has no ${label}`);
      else for (const word of operator === "=~" ? words.split("|") : [words]) assert.ok(known.has(`${label}="${word}"`), `${what}: ${name} never has ${label}="${word}"`);
    }
  }
  for (const [, by = ""] of expr.matchAll(/\bby \(([^)]*)\)/g)) {
    for (const label of by.split(", ")) assert.ok(labels.has(label), `${what}: nothing in it has the label ${label}`);
  }
}

test("every alert is well formed and asks for metrics, labels and words that there are", async () => {
  const series = await shown();
  const { groups } = parse(readFileSync(join(process.cwd(), "docs/alerts.yml"), "utf8")) as {
    groups: { name: string; rules: { alert: string; expr: string; for?: string; labels: { severity: string }; annotations: { summary: string } }[] }[];
  };
  const rules = groups.flatMap((group) => group.rules);
  assert.ok(rules.length >= 15, `${rules.length} rules`);
  assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
  for (const { alert, expr, labels, annotations } of rules) {
    assert.ok(annotations.summary.length > 10 && ["page", "ticket"].includes(labels.severity), alert);
    asksForWhatIs(alert, expr, series);
  }
});

test("every panel of the dashboard asks for metrics, labels and words that there are", async () => {
  const series = await shown();
  interface Panel { readonly id: number; readonly type: string; readonly title: string; readonly description?: string; readonly targets?: { readonly expr: string; readonly legendFormat: string }[] }
  const { panels, templating } = JSON.parse(readFileSync(join(process.cwd(), "docs/observability/grafana.json"), "utf8")) as {
    panels: Panel[];
    templating: { list: { name: string; query: string }[] };
  };
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const drawn = panels.filter(({ type }) => type !== "row");
  assert.ok(drawn.length >= 15, `${drawn.length} panels`);
  const asked = new Set<string>();
  for (const { title, description = "", targets = [] } of drawn) {
    assert.ok(description.length > 10 && targets.length > 0, title);
    for (const { expr, legendFormat } of targets) {
      asksForWhatIs(title, expr, series);
      for (const [name] of expr.matchAll(/tillproof_[a-z_]+/g)) asked.add(name);
      const by = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels = ""]) => labels.split(", "));
      for (const [, label = ""] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) assert.ok(by.includes(label), `${title}: the legend names ${label}`);
    }
  }
  for (const { name, query } of templating.list.filter((variable) => variable.name !== "datasource")) asksForWhatIs(name, query.replace(/^label_values\((\w+), (\w+)\)$/, "sum by ($2) ($1)"), series);
  // Whatever wakes somebody can be seen.
  for (const [name] of readFileSync(join(process.cwd(), "docs/alerts.yml"), "utf8").matchAll(/tillproof_[a-z_]+/g)) {
    assert.ok(asked.has(name), `an alert asks for ${name}, which no panel shows`);
  }
});

function sdk() {
  const spans = new InMemorySpanExporter();
  const tracer = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }).getTracer("tillproof");
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  const metrics = async () => {
    await provider.forceFlush();
    return exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
  };
  return { spans, tracer, meter: provider.getMeter("tillproof"), metrics, close: () => provider.shutdown() };
}

test("the real OpenTelemetry SDK gets counters, a histogram, and a span for each end with the times of its journal", async () => {
  const { spans, tracer, meter, metrics, close } = sdk();
  await shop({ tracer, meter });
  const found = new Map((await metrics()).map((metric) => [metric.descriptor.name, metric.dataPoints]));
  const sum = (name: string, end?: string): unknown =>
    found.get(name)?.find(({ attributes }) => end === undefined || attributes["end"] === end)?.value;
  assert.equal(sum("tillproof.payments.opened"), 4);
  assert.equal(sum("tillproof.payments.attempts"), 5);
  assert.equal(sum("tillproof.payments.ends", "settled"), 3);
  assert.equal(sum("tillproof.payments.ends", "failed"), 1);
  assert.equal((sum("tillproof.payments.duration", "settled") as { count: number }).count, 3);
  assert.equal(sum("tillproof.sagas.ends", "completed"), 1);

  const finished = spans.getFinishedSpans();
  assert.equal(finished.length, 5);
  const lost = finished.find(({ attributes }) => attributes["tillproof.reference"] === "lost");
  assert.ok(lost);
  assert.deepEqual([lost.name, lost.attributes["tillproof.end"], lost.attributes["tillproof.attempts"]], ["tillproof charge", "settled", 2]);
  assert.deepEqual(lost.events.map(({ name }) => name), ["opened", "send_authorised", "ambiguous", "send_authorised", "settled"]);
  assert.equal(lost.events[2]?.attributes?.["tillproof.reason"], "connection_lost");
  const milliseconds = ([seconds, nanos]: readonly [number, number]): number => seconds * 1_000 + nanos / 1_000_000;
  assert.ok(milliseconds(lost.duration) >= 60_000 && milliseconds(lost.duration) < 61_000);
  const unset: SpanStatusCode = 0;
  assert.equal(lost.status.code, unset);
  const told = JSON.stringify(finished.map(({ name, attributes, events }) => ({ name, attributes, events })));
  assert.doesNotMatch(told, /4242|sixteen|pay_/, "no card, no secret, no id of the provider");
  await close();
});

test("references are hashed under a key, or left out, when that is asked for", async () => {
  for (const references of ["hashed", "none"] as const) {
    const { spans, tracer, close } = sdk();
    await shop({ tracer, references, ...(references === "hashed" ? { secret } : {}) });
    const told = JSON.stringify(spans.getFinishedSpans().map(({ attributes, events }) => ({ attributes, events })));
    assert.doesNotMatch(told, /"lost"|saga-42/);
    assert.equal(/"tillproof.reference":"[0-9a-f]{32}"/.test(told), references === "hashed");
    await close();
  }
});

test("the last run and the cases of a queue are shown in both worlds alike", async () => {
  const store = memoryStore();
  const clock = { now: 1_790_000_000_000 };
  const queue = await breaks(store, () => clock.now);
  clock.now += 5_000;
  const text = await createTelemetry({ reconciliations: [queue] }).prometheus();
  const shownIn = (name: string, labels: Record<string, string> = {}): string | undefined =>
    read(text).find((family) => family.name === name)?.metrics.find((metric) => Object.entries(labels).every(([label, word]) => metric.labels?.[label] === word))?.value;
  const table: [string, Record<string, string>, string, number][] = [
    ["match_rate", {}, "match_rate", 1 / 3],
    ["unmatched_minor_units", { currency: "EUR" }, "unmatched", 1_005],
    ["breaks", { kind: "fee_mismatch" }, "breaks", 1],
    ["breaks", { kind: "over_refund" }, "breaks", 0],
    ["oldest_break_seconds", {}, "oldest_break", 19 * 86_400],
    ["last_run_timestamp_seconds", {}, "last_run", 1_790_000_000],
    ["cases", { state: "open" }, "cases", 2],
    ["oldest_case_seconds", {}, "oldest_case", 5],
  ];
  const { meter, metrics, close } = sdk();
  const errors: unknown[] = [];
  const broken = { figures: async () => { throw new Error("no database"); } };
  observeReconciliation(meter, [queue, broken], (error) => errors.push(error));
  const collected = await metrics();
  for (const [name, labels, otel, value] of table) {
    assert.equal(Number(shownIn(`tillproof_reconcile_${name}`, { queue: "main", ...labels })), value, name);
    const points = collected.find(({ descriptor }) => descriptor.name === `tillproof.reconcile.${otel}`)?.dataPoints ?? [];
    assert.equal(points.find(({ attributes }) => Object.entries(labels).every(([label, word]) => attributes[label] === word))?.value, value, otel);
  }
  assert.ok(errors.length > 0, "whoever watches hears of a queue that cannot be read");
  await close();
});
