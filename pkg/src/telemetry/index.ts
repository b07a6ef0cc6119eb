/**
 * `tillproof/telemetry`: how payments, sagas, outboxes and reconciliations are doing.
 *
 * `createTelemetry` counts what its hooks hear and writes Prometheus text; `openTelemetry` reports the same through a meter
 * and a tracer. Example alerts stand in docs/alerts.yml.
 */

export { PROMETHEUS_TYPE } from "./exposition.js";
export type { PaymentChange, PaymentEnd } from "./facts.js";
export type { LedgerSource } from "./ledgers.js";
export { openTelemetry } from "./opentelemetry.js";
export type {
  OpenTelemetryHooks,
  OpenTelemetryOptions,
  OtelAttributes,
  OtelMeter,
  OtelSpan,
  OtelTracer,
  ShownReferences,
} from "./opentelemetry.js";
export { observeReconciliation } from "./reconciliation.js";
export type { OtelObservable, OtelObservingMeter, ReconciliationSource } from "./reconciliation.js";
export { createTelemetry, Telemetry } from "./telemetry.js";
export type { OperationFigures, TelemetryOptions } from "./telemetry.js";
