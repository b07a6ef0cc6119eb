/**
 * The proof: what must hold once everything has come to rest, each line with its numbers.
 *
 * The gateway is the witness: its events say what was charged, its ground truth what was injected.
 */

import { reconcile, type Report } from "../../reconcile/index.js";
import type { Order } from "./orders.js";
import type { JsonObject } from "./processes.js";

/** A fault the gateway says it injected. */
export interface InjectedFault {
  readonly fault: string;
  /** The id in the catalogue. */
  readonly id?: string;
  /** The ids of what it concerned. */
  readonly objects?: readonly string[];
  readonly reference?: string | null;
  /** The kind of break a reconciler should report, for drift in the settlement file. */
  readonly kind?: string | null;
}

/** The balance of the merchant's books in one currency: what stands on both sides. */
export interface TrialBalanceRow {
  readonly currency: string;
  readonly debits: string;
  readonly credits: string;
}

/** Everything that was observed. */
export interface Evidence {
  readonly seed: number;
  readonly orders: readonly Order[];
  readonly killed: boolean;
  /** Requests the shop sent for payments. */
  readonly attempts: number;
  /** What the shop believes, by reference. */
  readonly shop: Readonly<Record<string, string>>;
  readonly events: readonly JsonObject[];
  /** Orders whose customers lost the shop when it was killed, and did not come back. */
  readonly abandoned: ReadonlySet<string>;
  readonly webhooks: {
    received: number;
    /** How often each event was applied. */
    readonly applied: Map<string, number>;
    duplicates: number;
    /** The ids that refused deliveries came with. */
    readonly rejected: Set<string>;
  };
  readonly errors: readonly string[];
  readonly trialBalance: readonly TrialBalanceRow[];
  readonly gatewayBooks: JsonObject;
  readonly mirror: string;
  readonly settlement: string;
  readonly groundTruth: readonly InjectedFault[];
  readonly asOf: number;
  readonly seconds: number;
}

/** One line of the proof. */
export interface Verdict {
  readonly claim: string;
  readonly found: string;
  readonly holds: boolean;
}

/** A run of this size meets each of these faults, or it was not hostile. */
const DEMANDING_ORDERS = 400;
const DEMANDED = [
  "request_lost",
  "response_lost",
  "server_error",
  "rate_limited",
  "slow",
  "webhook_duplicate",
  "webhook_forged",
  "webhook_lost",
  "webhook_reorder",
];

/** Weighs the evidence. */
export function judge(evidence: Evidence): Verdict[] {
  const { orders, shop } = evidence;
  const charges = chargesByReference(evidence.events);
  const charged = (order: Order): number => charges.get(order.reference)?.size ?? 0;
  const statuses = count(orders.map((order) => shop[order.reference] ?? "unknown"));
  const open = orders.length - (statuses.get("settled") ?? 0) - (statuses.get("failed") ?? 0);
  const duplicates = orders.filter((order) => charged(order) > 1).length;
  const paidUnknown = orders.filter((order) => charged(order) > 0 && shop[order.reference] !== "settled").length;
  const unpaidSettled = orders.filter((order) => charged(order) === 0 && shop[order.reference] === "settled").length;
  const declined = orders.filter((order) => order.metadata !== undefined);
  const declinedOk = declined.filter((order) => charged(order) === 0 && shop[order.reference] === "failed").length;
  const total = [...charges.values()].reduce((sum, ids) => sum + ids.size, 0);
  const mirrored = evidence.mirror.trim().split("\n").length - 1;
  const faults = count(evidence.groundTruth.map((fault) => fault.fault));
  const forgeries = faults.get("webhook_forged") ?? 0;
  const { applied, rejected } = evidence.webhooks;
  const genuine = new Set(evidence.events.map((event) => String(event["id"])));
  const twice = [...applied.values()].filter((times) => times > 1).length;
  const foreign = [...applied.keys()].filter((id) => !genuine.has(id)).length;
  // An attempt that was spoiled on its way carries a wrong signature too, and is sent again with a good one.
  const badlySigned = evidence.groundTruth.filter(({ id }) => id === "W8");
  const spoiled = new Set(badlySigned.flatMap(({ objects }) => objects ?? []));
  const forged = [...rejected].filter((id) => !genuine.has(id)).length;
  const wronged = [...rejected].filter((id) => genuine.has(id) && !spoiled.has(id)).length;
  const recovered = [...evidence.abandoned].filter((reference) => shop[reference] !== "pending_confirmation").length;
  // A small run may be lucky; a large one that met no trouble proves nothing.
  const demanding = orders.length >= DEMANDING_ORDERS;
  const demanded = demanding ? DEMANDED : [];
  const absent = demanded.filter((fault) => !faults.has(fault));
  const cutOff = evidence.abandoned.size;
  const errors = evidence.errors;
  const unbalanced = evidence.trialBalance.filter((row) => row.debits !== row.credits);
  const report = settlementReport(evidence);
  const { injected, found, missed, invented } = compareBreaks(evidence, report);

  return [
    verdict("orders with a certain end", `${orders.length - open} of ${orders.length}`, open === 0),
    verdict(
      "declined orders, refused and not charged",
      `${declinedOk} of ${declined.length}`,
      declinedOk === declined.length,
    ),
    verdict("charges at the gateway", `${total}`, total === orders.length - declined.length),
    verdict("orders charged twice", `${duplicates}`, duplicates === 0),
    verdict("charged, but not known to the shop", `${paidUnknown}`, paidUnknown === 0),
    verdict("settled at the shop, but never charged", `${unpaidSettled}`, unpaidSettled === 0),
    verdict("charges in the shop's books", `${mirrored} of ${total}`, mirrored === total),
    verdict("events applied twice, or that the gateway never sent", `${twice + foreign} of ${applied.size}`, twice + foreign === 0),
    // A forgery that met a dead process is sent again like any other webhook, so none gets lost.
    verdict(
      "forged webhooks rejected, and no others",
      `${forged} of ${forgeries} sent`,
      forged === forgeries && wronged === 0,
    ),
    verdict(
      "orders cut off by the kill, ended by the shop alone",
      `${recovered} of ${cutOff}`,
      evidence.killed && recovered === cutOff && (cutOff > 0 || !demanding),
    ),
    verdict(
      "kinds of trouble that this many orders must meet",
      `${demanded.length - absent.length} of ${demanded.length}${absent.map((fault) => `, not ${fault}`).join("")}`,
      absent.length === 0,
    ),
    verdict(
      "errors in the shop",
      errors.length === 0 ? "0" : `${errors.length}, first: ${errors[0]}`,
      errors.length === 0,
    ),
    ...evidence.trialBalance.map((row) =>
      verdict(
        `trial balance of the shop's books, ${row.currency}`,
        `${BigInt(row.debits) - BigInt(row.credits)} (${row.debits} debits, ${row.credits} credits)`,
        !unbalanced.includes(row),
      ),
    ),
    verdict("books of the gateway balance", String(evidence.gatewayBooks["balanced"]), evidence.gatewayBooks["balanced"] === true),
    verdict("settlement breaks found, of those injected", `${found} of ${injected}`, missed.length === 0),
    verdict("settlement breaks reported that nobody injected", `${invented.length}`, invented.length === 0),
  ];
}

/** Prints the proof for people. */
export function printProof(evidence: Evidence, verdicts: readonly Verdict[]): void {
  const { webhooks } = evidence;
  const lines: string[] = ["", `what the gateway injected (seed ${evidence.seed})`];
  for (const [fault, times] of [...count(evidence.groundTruth.map((each) => each.fault))].sort()) {
    lines.push(`  ${fault.padEnd(44)} ${String(times).padStart(6)}`);
  }
  lines.push("", "what the shop saw");
  for (const [what, times] of [
    ["requests sent for payments", evidence.attempts],
    ["webhooks received", webhooks.received],
    ["  events applied", webhooks.applied.size],
    ["  duplicates absorbed", webhooks.duplicates],
    ["  forgeries rejected", webhooks.rejected.size],
  ] as const) {
    lines.push(`  ${what.padEnd(44)} ${String(times).padStart(6)}`);
  }
  lines.push("", "what holds");
  for (const { claim, found, holds } of verdicts) lines.push(`  ${holds ? "✓" : "✗"} ${claim.padEnd(55)} ${found}`);
  const failed = verdicts.filter((each) => !each.holds).length;
  lines.push(
    "",
    failed === 0
      ? `PROVEN in ${evidence.seconds.toFixed(1)} s: ${evidence.orders.length} orders through a hostile gateway${evidence.killed ? " and a killed process" : ""}, to the cent.`
      : `NOT PROVEN: ${failed} of ${verdicts.length} claims do not hold; replay with --seed ${evidence.seed}.`,
  );
  process.stdout.write(`${lines.join("\n")}\n`);
}

function verdict(claim: string, found: string, holds: boolean): Verdict {
  return { claim, found, holds };
}

function count(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** The payments that completed at the gateway, by the reference they were made for. */
function chargesByReference(events: readonly JsonObject[]): Map<string, Set<string>> {
  const charges = new Map<string, Set<string>>();
  for (const event of events) {
    if (event["type"] !== "payment.completed") continue;
    const payment = (event["data"] as { payment: { id: string; reference: string } }).payment;
    charges.set(payment.reference, (charges.get(payment.reference) ?? new Set()).add(payment.id));
  }
  return charges;
}

function settlementReport(evidence: Evidence): Report {
  return reconcile({
    ledger: { name: "mirror.csv", data: evidence.mirror },
    settlement: { name: "settlement.csv", data: evidence.settlement },
    asOf: evidence.asOf,
  });
}

/** Each injected drift must be a break of its kind, and each break must have been injected. */
function compareBreaks(
  evidence: Evidence,
  report: Report,
): { injected: number; found: number; missed: InjectedFault[]; invented: string[] } {
  const injected = evidence.groundTruth.filter((fault) => fault.fault.startsWith("settlement_"));
  const isFound = (fault: InjectedFault): boolean =>
    report.breaks.some(
      (each) =>
        each.reference === fault.reference && (each.kind === fault.kind || each.secondary.some((kind) => kind === fault.kind)),
    );
  const missed = injected.filter((fault) => !isFound(fault));
  const invented = report.breaks
    .filter((each) => !injected.some((fault) => fault.reference === each.reference && fault.kind === each.kind))
    .map((each) => `${each.kind} ${each.reference}`);
  return { injected: injected.length, found: injected.length - missed.length, missed, invented };
}
