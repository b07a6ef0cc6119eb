/**
 * What a failed attempt leads to.
 *
 * Invariant: a pure function of the job, the policy and the error. The waits are drawn by the crate's own schedule from
 * the identity of the job, so that jobs that failed together come back apart, and each of them when it was foreseeable.
 */

import { tag } from "../shell/errors.js";
import { retrySchedule } from "../payments/tables.js";
import { utf8 } from "../shell/wire.js";
import type { Ending, TakenJob } from "./queue.js";

/** How attempts are spread. */
export interface BackoffOptions {
  /** The first wait is about as long, in milliseconds; 1,000 when left out. */
  readonly baseMs?: number;
  /** No wait is longer, in milliseconds; an hour when left out. */
  readonly capMs?: number;
  /** How waits are drawn: `equal` when left out, which grows for certain and still spreads. */
  readonly jitter?: "full" | "equal" | "decorrelated";
}

/** When to try again, and when not to. */
export interface RetryPolicy {
  readonly attemptsMax: number;
  readonly backoff: Required<BackoffOptions>;
}

/** The stored text of an error is for people: its head says what happened. */
const ERROR_LENGTH_MAX = 4_000;

/** Ready again after a wait, or put aside. */
export function afterFailure(job: TakenJob, policy: RetryPolicy, error: unknown): Ending {
  const text = errorText(error);
  if (job.attempt >= policy.attemptsMax) return { as: "quarantined", error: text };
  return { as: "retry", delayMs: waitAfter(job, policy), error: text };
}

/**
 * A job whose attempts are used up although none reported a failure: its workers died. Trying it again would kill the
 * next one.
 */
export function exhausted(job: TakenJob, policy: RetryPolicy): Ending | undefined {
  if (job.attempt <= policy.attemptsMax) return undefined;
  return {
    as: "quarantined",
    error:
      `${policy.attemptsMax} attempts were begun and the last one never reported back: its worker died or was cut off ` +
      "while it had this event; find out why before you release it",
  };
}

/** How long a job waits after an attempt that failed, in milliseconds. */
export function waitAfter(job: Pick<TakenJob, "id" | "attempt">, policy: RetryPolicy): number {
  const rows = retrySchedule({ ...policy.backoff, attempts: job.attempt + 1, entropy: seedOf(job.id) });
  return rows[job.attempt]?.exactMs ?? policy.backoff.capMs;
}

/** The attempts a policy leads to, as options are checked at the start and not at the first failure. */
export function checkBackoff(backoff: Required<BackoffOptions>): void {
  retrySchedule({ ...backoff, attempts: 1 });
}

/** Sixteen bytes out of an id. They need to differ, not to be secret: FNV-1a, once for each byte. */
function seedOf(id: string): Uint8Array {
  let state = 0x811c9dc5;
  const mix = (byte: number): void => {
    state = Math.imul(state ^ byte, 0x01000193);
  };
  utf8(id).forEach(mix);
  return Uint8Array.from({ length: 16 }, (_, index) => {
    mix(index);
    return (state >>> 24) & 0xff;
  });
}

/** What an error says, with where it was thrown, short enough to be stored beside the job. Never throws. */
export function errorText(error: unknown): string {
  let text: string;
  try {
    text = error instanceof Error ? told(error) : `threw ${shownValue(error)}`;
  } catch {
    text = "threw an error that cannot be read";
  }
  return text.replaceAll("\0", "\\0").slice(0, ERROR_LENGTH_MAX).replace(/\p{Surrogate}$/u, "");
}

/** Libraries make lists and objects of `stack`, and readers that throw. */
function told(error: Error): string {
  const stack: unknown = error.stack;
  return typeof stack === "string" && stack !== "" ? stack : `${String(error.name)}: ${String(error.message)}`;
}

function shownValue(value: unknown): string {
  return typeof value === "object" || typeof value === "function" ? `a value of type ${tag(value)}` : String(value);
}
