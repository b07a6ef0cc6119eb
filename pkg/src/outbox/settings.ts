/** What goes into an outbox and what comes out, checked when it is made and not at the first message. */

import { count, fn, onlyKnown, refusal, text } from "../shell/guard.js";
import { tell, unheard } from "../shell/listener.js";
import { storeShape } from "../stores/rules.js";
import { toldStore } from "../stores/told.js";
import type { Store } from "../stores/store.js";
import { checkBackoff, type BackoffOptions, type RetryPolicy } from "../worker/verdict.js";
import type { OutboxMessage } from "./message.js";

/** What a delivery may want to know beside the message. */
export interface DeliveryContext {
  /** Which attempt this is, from 1. */
  readonly attempt: number;
  /** Rises with every taking of the message: who sees a lower one than before sees somebody who was thought dead. */
  readonly fence: number;
  /** Aborted when the attempt has taken too long: another one follows. */
  readonly signal: AbortSignal;
}

/** Hands a message on; it counts as delivered when this returns, or resolves, and is tried again when it throws. */
export type Deliver = (message: OutboxMessage, context: DeliveryContext) => unknown;

/** What becomes of the messages behind one that is quarantined: they wait for it, or they pass it. */
export type BehindQuarantined = "wait" | "pass";

/** How an outbox is made. */
export interface OutboxOptions {
  /** Where messages survive a crash; the one the business itself commits to. */
  readonly store: Store;
  /** Where messages go. A process that only writes them needs none. */
  readonly deliver?: Deliver;
  /** Keeps several outboxes in one store apart: letters, digits, `-` and `_`, at most 64; `default` when left out. */
  readonly name?: string;
  /** Streams delivered at a time; 8 when left out. */
  readonly concurrency?: number;
  /** The longest an attempt may take, in milliseconds; 10,000 when left out. */
  readonly timeoutMs?: number;
  /** Attempts until a message is quarantined; 20 when left out. */
  readonly attemptsMax?: number;
  /** How attempts are spread: 1 s to an hour with `equal` jitter when left out. */
  readonly backoff?: BackoffOptions;
  /** What becomes of the messages behind a quarantined one; `wait` when left out. */
  readonly behindQuarantined?: BehindQuarantined;
  /** How long what is over is kept, in milliseconds; seven days when left out. */
  readonly keepMs?: number;
  /** How long an idle outbox sleeps between two looks, in milliseconds; 500 when left out. */
  readonly pollMs?: number;
  /** Hears of each failed attempt, and without a message of each failure of the store; `console.error` when left out. */
  readonly onError?: (error: unknown, message?: OutboxMessage) => void;
  /** Stands in for `Date.now`. */
  readonly now?: () => number;
}

/** The options with everything that was left out. */
export interface OutboxSettings {
  readonly store: Store;
  readonly deliver: Deliver | undefined;
  readonly name: string;
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly policy: RetryPolicy;
  readonly pass: boolean;
  readonly keepMs: number;
  readonly pollMs: number;
  readonly onError: NonNullable<OutboxOptions["onError"]>;
  readonly now: () => number;
}

const OPTIONS = [
  "store",
  "deliver",
  "name",
  "concurrency",
  "timeoutMs",
  "attemptsMax",
  "backoff",
  "behindQuarantined",
  "keepMs",
  "pollMs",
  "onError",
  "now",
] as const satisfies readonly (keyof OutboxOptions)[];

const WEEK_MS = 604_800_000;

/** Checks the options. Throws `store_invalid`, `unknown_option`, or what names an option of the wrong type or range. */
export function settingsOf(options: OutboxOptions): OutboxSettings {
  onlyKnown("options", options, OPTIONS);
  storeShape("store", options.store);
  for (const name of ["deliver", "onError", "now"] as const) if (options[name] !== undefined) fn(name, options[name]);
  const given = onlyKnown("backoff", options.backoff ?? {}, ["baseMs", "capMs", "jitter"]);
  const backoff = { baseMs: 1_000, capMs: 3_600_000, jitter: "equal" as const, ...given };
  checkBackoff(backoff);
  const listener: NonNullable<OutboxOptions["onError"]> =
    options.onError ?? ((error, message) => console.error("tillproof: a message was not delivered:", error, message?.id));
  return {
    store: toldStore(options.store, "no message is lost; what was not committed was not written"),
    deliver: options.deliver,
    name: nameOf(options.name ?? "default"),
    concurrency: count("concurrency", options.concurrency ?? 8, 1),
    timeoutMs: count("timeoutMs", options.timeoutMs ?? 10_000, 1),
    policy: { attemptsMax: count("attemptsMax", options.attemptsMax ?? 20, 1), backoff },
    pass: passing(options.behindQuarantined ?? "wait"),
    keepMs: count("keepMs", options.keepMs ?? WEEK_MS),
    pollMs: count("pollMs", options.pollMs ?? 500, 1),
    onError: (error, message) => tell(() => listener(error, message), unheard),
    now: options.now ?? Date.now,
  };
}

function nameOf(value: unknown): string {
  const name = text("name", value);
  if (/^[A-Za-z0-9_-]{1,64}$/.test(name)) return name;
  throw refusal("outbox_name_invalid", "name", name, "is no name of an outbox: expected 1 to 64 letters, digits, `-` or `_`");
}

function passing(value: unknown): boolean {
  if (value === "wait" || value === "pass") return value === "pass";
  throw refusal("option_invalid", "behindQuarantined", value, 'is unknown: expected "wait" or "pass"');
}
