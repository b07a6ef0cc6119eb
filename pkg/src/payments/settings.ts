/** Options of a payment client, checked when it is made and not at the first order. */

import { TillproofError } from "../shell/errors.js";
import { count, flag, fn, object, onlyKnown, refusal, text, timeMs } from "../shell/guard.js";
import { outboxOf } from "../outbox/message.js";
import { paymentWrites } from "../outbox/payments.js";
import { storeShape } from "../stores/rules.js";
import type { SettingsDocument } from "./engine.js";
import type { Wire } from "./exchange.js";
import { Governor, createGovernor } from "./governor.js";
import { TIMER_MS_MAX } from "./host.js";
import type { ChargeOptions, PaymentsOptions, RetryOptions } from "./outcome.js";
import { keyHeaders, type KnownProfile } from "./profiles.js";
import type { Seams } from "./recording.js";

const TIMEOUT_MS = 10_000;

/** Time a lease outlives the request's time-out: for storing the answer, and for clocks that differ. */
export const LEASE_SLACK_MS = 2_000;

/** Names of the options. */
export const PAYMENTS_OPTIONS = [
  "provider",
  "store",
  "secret",
  "timeoutMs",
  "deadlineMs",
  "retry",
  "fetch",
  "onError",
  "onTransition",
  "extraWrites",
  "outbox",
  "governor",
  "hedge",
  "restoredAt",
  "now",
  "random",
] as const satisfies readonly (keyof PaymentsOptions)[];

/** The options, with no name misspelt, a store that is one, and functions where functions are called. */
export function checkedOptions(options: PaymentsOptions): PaymentsOptions {
  onlyKnown("options", options, PAYMENTS_OPTIONS);
  onlyKnown("provider", options.provider, ["profile", "baseUrl", "merchantId", "account", "headers"]);
  storeShape("store", options.store);
  for (const name of ["fetch", "onError", "onTransition", "extraWrites", "now", "random"] as const) {
    if (options[name] !== undefined) fn(name, options[name]);
  }
  if (options.restoredAt !== undefined) timeMs("restoredAt", options.restoredAt);
  if (options.outbox !== undefined) outboxOf(options.store, options.outbox);
  return options;
}

/** The options of a call that waits, checked before anything is stored for it. */
export function checkedCall(options: ChargeOptions): ChargeOptions {
  onlyKnown("options", options, ["waitMs", "signal", "now", "retryFailed", "since"]);
  const { waitMs, retryFailed, since } = options;
  if (waitMs !== undefined) count("waitMs", waitMs);
  flag("retryFailed", retryFailed);
  if (since !== undefined) timeMs("since", since);
  return withSignal(options);
}

/** By how much the clock of whoever took the order may be ahead of ours, in milliseconds. */
const AHEAD_MS_MAX = 300_000;

/** Refuses a moment that has not come yet: it is counted in another unit, or is no time of an order. */
export function mustBePast(name: string, moment: number | undefined, now: number): void {
  if (moment === undefined || moment <= now + AHEAD_MS_MAX) return;
  throw refusal("time_in_future", name, moment, `is later than now, which is ${now}: expected when it happened, in milliseconds since 1970`);
}

/** Options whose `signal`, if any, is one that can be listened to. */
export function withSignal<T extends { readonly signal?: AbortSignal }>(options: T): T {
  const { signal } = options;
  if (signal === undefined || signal instanceof AbortSignal) return options;
  throw refusal("argument_invalid", "signal", signal, "is no AbortSignal: pass the signal of an AbortController");
}

/** What is stored with each change of an intent, and who is told of it. */
export function seamsOf({ extraWrites, onTransition, outbox }: PaymentsOptions): Pick<Seams, "extraWrites" | "onTransition"> {
  if (outbox === undefined) return { extraWrites, onTransition };
  return {
    extraWrites: async (transition) => [...((await extraWrites?.(transition)) ?? []), ...(await paymentWrites(outbox, transition))],
    onTransition: (transition) => {
      outbox.nudge();
      return onTransition?.(transition);
    },
  };
}

/** The governor of a client: the one that was given, or one of its own. */
export function governorOf({ governor }: PaymentsOptions): Governor | undefined {
  if (governor === false) return undefined;
  return governor instanceof Governor ? governor : createGovernor(governor);
}

/** What the driver needs to reach the gateway. */
export function wireOf(options: PaymentsOptions, { document }: KnownProfile): Wire {
  return {
    baseUrl: origin(options.provider.baseUrl),
    headers: credentials(object("provider.headers", options.provider.headers ?? {}), keyHeaders(document)),
    timeoutMs: timeoutOf(options),
    fetch: options.fetch ?? ((request) => fetch(request)),
  };
}

/** How the engine decides, by a client that is made at `begunAt`. */
export function settingsOf(options: PaymentsOptions, begunAt: number): SettingsDocument {
  return {
    lease_ms: timeoutOf(options) + LEASE_SLACK_MS,
    begun_at: timeMs("now", begunAt),
    ...(options.deadlineMs === undefined ? {} : { deadline_ms: count("deadlineMs", options.deadlineMs, 1) }),
    retry: retrySettings(options.retry ?? {}),
  };
}

function timeoutOf(options: PaymentsOptions): number {
  const timeoutMs = count("timeoutMs", options.timeoutMs ?? TIMEOUT_MS, 1);
  if (timeoutMs <= TIMER_MS_MAX) return timeoutMs;
  // A timer that overflows ends at once, and each request would be given up before it was answered.
  throw refusal("option_invalid", "timeoutMs", timeoutMs, `is longer than a timer can wait: at most ${TIMER_MS_MAX}`);
}

/** The waits between attempts, as the engine reads them. */
export function retrySettings(options: RetryOptions): SettingsDocument["retry"] {
  const { baseMs, capMs, jitter } = onlyKnown("retry", options, ["baseMs", "capMs", "jitter"]);
  return {
    ...(baseMs === undefined ? {} : { base_ms: count("retry.baseMs", baseMs) }),
    ...(capMs === undefined ? {} : { cap_ms: count("retry.capMs", capMs) }),
    ...(jitter === undefined ? {} : { jitter: text("retry.jitter", jitter) }),
  };
}

/** A header that cannot be sent would look like a lost connection at every attempt, so it is refused here. */
function credentials(
  headers: Readonly<Record<string, string>>,
  keys: readonly string[],
): Readonly<Record<string, string>> {
  let checked: Headers;
  try {
    checked = new Headers(headers);
  } catch (cause) {
    throw new TillproofError({
      code: "headers_invalid",
      message: "provider.headers: a name or value cannot be sent over HTTP: expected plain text without line breaks",
      details: { argument: "provider.headers" },
      cause,
    });
  }
  if (keys.some((name) => checked.has(name))) {
    throw new TillproofError({
      code: "headers_invalid",
      message: "provider.headers: the idempotency key is derived for each intent: remove the header",
      details: { argument: "provider.headers" },
    });
  }
  return Object.fromEntries(checked);
}

/**
 * The base of all paths. A path in it would be joined wrongly sooner or later, and credentials in it cannot be sent by
 * `fetch`, so both are refused.
 */
function origin(baseUrl: string): string {
  const url = URL.canParse(text("provider.baseUrl", baseUrl)) ? new URL(baseUrl) : null;
  // With nothing else in it, an address is as long as its origin and a slash.
  if (url === null || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`) {
    throw new TillproofError({
      code: "base_url_invalid",
      message: "provider.baseUrl: expected scheme, host and port without a path or credentials, such as https://gateway.example",
      details: { argument: "provider.baseUrl" },
    });
  }
  return url.origin;
}
