/** A failed run in words: what was sent, what really happened, what each side holds in the end, and how to see it again. */

import type { GatewayRequest } from "../../simulator/engine.js";
import type { FaultPlan, Injected } from "../../simulator/faults.js";
import type { Answer } from "../../simulator/fetch.js";
import type { Dialect } from "../../simulator/options.js";
import type { CheckedBelief } from "./belief.js";
import { excerpt } from "./excerpt.js";
import { money, type Violation } from "./invariants.js";
import { planOf, type Script } from "./script.js";
import type { Step } from "./stage.js";
import type { TruePayment } from "./truth.js";

/** Everything a story tells. */
export interface Tale {
  readonly seed: number;
  readonly dialect: Dialect;
  readonly script: Script;
  /** How many faults struck before those were taken out that were not needed. */
  readonly struckBefore: number;
  readonly startedAt: number;
  readonly violations: readonly Violation[];
  readonly steps: readonly Step[];
  readonly beliefs: readonly CheckedBelief[];
  readonly payments: readonly TruePayment[];
}

/** What a fault did, for those whose name alone does not say it. */
const DEEDS: { readonly [fault: string]: string } = {
  request_lost: "the connection broke before the gateway saw it: nothing was done",
  rate_limited: "the gateway refused it unread, as one request too many",
  rate_limited_retry: "the gateway refused it unread, and asked for another try",
  server_error: "the gateway refused it unread, as unavailable",
  server_error_stored: "the gateway carried it out and then answered 500",
  unmarked_error: "the gateway answered 500 with a body that names no error",
  unmarked_not_found: "the gateway answered 404 with a body that names no error",
  key_in_flight: "the gateway said that the key is in use",
  key_expired: "the gateway had forgotten the key",
  response_lost: "the gateway carried it out, then the connection broke",
  response_truncated: "the gateway carried it out, and the answer broke off in the middle",
  response_hung: "the gateway carried it out and never answered",
  slow: "the answer took its time",
  stale_read: "the gateway showed an older state",
  search_lag: "the search did not know of it yet",
  webhook_duplicate: "the gateway will send this event twice",
  webhook_reorder: "the gateway holds this event back past later ones",
  webhook_lost: "this attempt got lost on its way",
  webhook_never: "the gateway will never send this event",
  webhook_forged: "somebody else announces a payment that does not exist",
};

/** What comes back of a request that may have got through to the gateway, or not. */
const UNKNOWABLE: { readonly [fault: string]: string } = {
  bad_gateway: "something in between answered 502 in HTML",
  empty_answer: "something in between answered 200 with nothing in it",
};

/** As many steps as are told in full; a story is for people. */
const STEPS_MAX = 40;

/** The longest body that is shown. */
const BODY_MAX = 160;

/** The story, in lines. */
export function story(tale: Tale): string {
  const [first, ...others] = tale.violations;
  const lines = [`seed ${tale.seed} breaks this integration: ${first?.message ?? ""} [${first?.invariant ?? ""}]`];
  for (const { invariant, message } of others) lines.push(`  and: ${message} [${invariant}]`);
  lines.push("");
  for (const told of excerpt(tale.steps, namesOf(tale), STEPS_MAX)) {
    if (told.kind === "step") lines.push(...stepLines(told.step, told.number, tale.startedAt));
    else lines.push(`     … ${told.length} more ${told.length === 1 ? "step" : "steps"}, ${told.struck === 0 ? "none" : told.struck} of them struck by a fault`);
  }
  lines.push("", "in the end");
  lines.push(...tale.beliefs.map((belief) => `  the shop believes    ${believed(belief)}`));
  if (tale.beliefs.length === 0) lines.push("  the shop believes    nothing");
  lines.push(...tale.payments.map((payment) => `  the gateway holds    ${held(payment)}`));
  if (tale.payments.length === 0) lines.push("  the gateway holds    nothing");
  lines.push("", needed(tale), replay(tale));
  return lines.join("\n");
}

/** The orders and payments that went wrong. */
function namesOf({ violations, beliefs, payments }: Tale): string[] {
  const known = [...beliefs.map(({ order }) => order), ...payments.flatMap(({ id, order }) => (order === null ? [id] : [id, order]))];
  return [...new Set(known)].filter((name) => name !== "" && violations.some(({ message }) => message.includes(name)));
}

function stepLines(step: Step, number: number, startedAt: number): string[] {
  const time = `+${((step.at - startedAt) / 1_000).toFixed(3)} s`;
  const head = `${String(number).padStart(3)}  ${time.padEnd(12)} `;
  const rest = " ".repeat(head.length);
  const deeds = step.faults.map((fault) => `${rest}${deedOf(fault)} [${fault.fault}]`);
  if (step.kind === "webhook") {
    return [`${head}webhook ${eventShown(step.body)}`, `${rest}the shop answered ${step.status ?? "nothing in time"}`, ...deeds];
  }
  return [`${head}${requestShown(step.request)}`, ...bodyLines(step.request, rest), ...deeds, `${rest}${answerShown(step.answer)}`];
}

function deedOf(fault: Injected): string {
  const came = UNKNOWABLE[fault.fault];
  if (came !== undefined) return fault.reached === true ? `the gateway dealt with it, and then ${came}` : `${came}: the gateway never saw it`;
  return DEEDS[fault.fault] ?? fault.fault.replaceAll("_", " ");
}

function requestShown({ method, path, query, headers }: GatewayRequest): string {
  const key = headers.find(([name]) => name.toLowerCase() === "idempotency-key")?.[1];
  return `${method} ${path}${query === "" ? "" : `?${query}`}${key === undefined ? "" : `   key ${cut(key, 24)}`}`;
}

function bodyLines({ body }: GatewayRequest, indent: string): string[] {
  if (body.length === 0) return [];
  return [`${indent}${cut(typeof body === "string" ? body : new TextDecoder().decode(body), BODY_MAX)}`];
}

function answerShown(answer: Answer): string {
  if (answer.connection === "broken") return "the shop saw a broken connection";
  if (answer.connection === "hung") return "the shop saw no answer";
  if (answer.connection === "truncated") return `the shop saw ${answer.status} and half of a body`;
  const shown = parsed(answer.body);
  const error = shown["error"] as Record<string, unknown> | undefined;
  const what = error === undefined ? [shown["id"], shown["state"] ?? shown["status"]] : [error["code"] ?? error["type"]];
  const replayed = answer.headers.some(([name]) => name === "idempotent-replayed") ? ", replayed under its key" : "";
  return `the shop saw ${[answer.status, ...what.filter((word) => typeof word === "string")].join(" ")}${replayed}`;
}

function eventShown(body: string): string {
  const event = parsed(body);
  return [event["type"], event["id"]].filter((word) => typeof word === "string").join(" ");
}

function parsed(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // A fault may answer with something else; the status alone is told then.
    return {};
  }
}

function believed({ order, paid, refunded, held: holds, currency }: CheckedBelief): string {
  const parts = [paid === null ? "not known whether paid" : `paid ${money(paid, currency)}`];
  if (refunded > 0n) parts.push(`refunded ${money(refunded, currency)}`);
  if (holds > 0n) parts.push(`held ${money(holds, currency)}`);
  return `order ${order}: ${parts.join(", ")}`;
}

function held({ id, order, state, currency, captured, refunded, held: holds }: TruePayment): string {
  const parts = [`captured ${money(captured, currency)}`];
  if (refunded > 0n) parts.push(`refunded ${money(refunded, currency)}`);
  if (holds > 0n) parts.push(`held ${money(holds, currency)}`);
  return `${order === null ? "no order" : `order ${order}`}: ${id} ${state}, ${parts.join(", ")}`;
}

function needed({ script, struckBefore }: Tale): string {
  const shown = script.strikes.map(({ fault, call }) => `${fault} at call ${call}`).join(", ");
  if (script.strikes.length === 0) return "no fault was needed: it fails on a day on which nothing goes wrong";
  return `faults needed, of ${struckBefore} that struck: ${shown}`;
}

function replay({ seed, dialect, script }: Tale): string {
  const options = `dialect: ${JSON.stringify(dialect)}, seeds: [${seed}], faults: ${shownPlan(planOf(script))}`;
  return `to see it again: hostile(integration, { ${options} })`;
}

/** The plan as one would write it into a test. */
function shownPlan(plan: FaultPlan): string {
  return JSON.stringify(plan).replaceAll(/"([a-zA-Z_]+)":/g, " $1: ").replaceAll("}", " }").replaceAll(/\{ +\}/g, "{}");
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
