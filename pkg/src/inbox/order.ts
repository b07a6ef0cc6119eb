/**
 * Where an event stands among those of its object.
 *
 * Invariant: two events of one object always get positions of one kind, since a number of changes cannot be compared with
 * a time.
 */

import { TillproofError } from "../shell/errors.js";
import { count, fn, list, object, onlyKnown, refusal, text } from "../shell/guard.js";
import { utf8 } from "../shell/wire.js";
import type { VerifiedEvent } from "../webhooks/verifier.js";

/**
 * What an event is about, and how new it is.
 *
 * - `version`: a number the provider counts up by one with each change of the object, from 1;
 * - `time`: milliseconds since the epoch at which it happened, as the provider says. Two events with the same time are
 *   both applied, in the order in which they arrive;
 * - `state`: the state the event brings, one of {@link InboxOrdering.states}.
 */
export type EventPosition = { readonly object: string } & (
  | { readonly version: number }
  | { readonly time: number }
  | { readonly state: string }
);

/** What becomes of events that overtake each other. */
export interface InboxOrdering {
  /**
   * - `newest`: an event that is older than one that was applied is acknowledged and recorded as `stale`; its handler
   *   does not run;
   * - `hold`: an event before which others are missing is stored and held back until they have come, or for `holdMs`;
   *   then it is handled in its order. Call {@link Inbox.wake} once a second or so. Times do not tell whether something
   *   is missing, so by `time` every event waits for `holdMs`. One that comes too late is `stale`;
   * - `verdict`: every event is handled, and the handler is told how it stands.
   */
  readonly policy: "newest" | "hold" | "verdict";
  /**
   * Where an event stands; `null` for one without an order. Left out, Stripe's events are ordered by the object in
   * `data.object` and `created`, and those of the native gateway by payment and number of transitions; one that lacks these
   * is handled as it comes.
   */
  readonly orderBy?: (event: VerifiedEvent) => EventPosition | null;
  /** For positions by `state`: the states from first to last; those of one inner list take the place of each other. */
  readonly states?: readonly (string | readonly string[])[];
  /** How long an event is held back at most, in milliseconds; 30,000 if left out. */
  readonly holdMs?: number;
}

/** A position as the engine takes it. */
export interface Place {
  /** The object, safe to be a part of a key. */
  readonly object: string;
  readonly by: "version" | "time" | "state";
  readonly value: number;
}

/** An ordering whose options were checked. */
export interface CheckedOrdering {
  readonly policy: InboxOrdering["policy"];
  readonly holdMs: number;
  placeOf(event: VerifiedEvent): Place | null;
}

const POLICIES: readonly string[] = ["newest", "hold", "verdict"];

/** Longest name of an object, in UTF-8 bytes, escaped: it shares a key with the id of the event. */
const OBJECT_BYTES_MAX = 400;

/** Checks the options. Throws `option_invalid`, `ordering_unknown`, or what names an option of the wrong type. */
export function checkedOrdering(options: InboxOrdering, scheme: string): CheckedOrdering {
  onlyKnown("ordering", options, ["policy", "orderBy", "states", "holdMs"]);
  const { policy, orderBy = DEFAULTS[scheme] } = options;
  if (!POLICIES.includes(policy)) {
    throw refusal("option_invalid", "ordering.policy", policy, `is no policy: expected one of ${POLICIES.join(", ")}`);
  }
  if (orderBy === undefined) {
    throw new TillproofError({
      code: "ordering_unknown",
      message:
        `nothing is known of the order of ${scheme} events: pass ordering.orderBy, a function from an event to ` +
        "{ object, version }, { object, time } or { object, state }",
    });
  }
  fn("ordering.orderBy", orderBy);
  const ranks = ranksOf(options.states ?? []);
  const placeOf = (event: VerifiedEvent): Place | null => {
    const position = orderBy(event) ?? null;
    return position === null ? null : checkedPlace(position, ranks);
  };
  return {
    policy,
    holdMs: count("ordering.holdMs", options.holdMs ?? 30_000),
    placeOf: options.orderBy === undefined ? (event) => orNone(placeOf, event) : placeOf,
  };
}

/**
 * The orders that are known. `created` of Stripe counts seconds, so events of one second stand side by side; an event
 * about no object has no order.
 */
const DEFAULTS: Readonly<Record<string, (event: VerifiedEvent) => EventPosition | null>> = {
  "stripe-v1": ({ payload }) => {
    const { created, data } = payload as { created?: unknown; data?: { object?: { id?: unknown } } };
    const id = data?.object?.id;
    return typeof created === "number" && typeof id === "string" ? { object: id, time: created * 1_000 } : null;
  },
  "standard-webhooks-v1": ({ payload }) => {
    const { data } = payload as { data?: { payment?: { id?: unknown; transitions?: unknown } } };
    const { id, transitions } = data?.payment ?? {};
    return typeof id === "string" && Array.isArray(transitions) ? { object: id, version: transitions.length + 1 } : null;
  },
};

/**
 * What the provider wrote is no mistake of the caller's: a genuine event that is no document, or gives no time, has no
 * order. Were it refused, it would be refused at each further attempt, too.
 */
function orNone(placeOf: (event: VerifiedEvent) => Place | null, event: VerifiedEvent): Place | null {
  try {
    return placeOf(event);
  } catch {
    return null;
  }
}

function ranksOf(states: readonly (string | readonly string[])[]): ReadonlyMap<string, number> {
  const ranks = new Map<string, number>();
  list("ordering.states", states).forEach((step, rank) => {
    for (const state of typeof step === "string" ? [step] : list("ordering.states", step)) {
      if (ranks.has(text("ordering.states", state))) {
        throw refusal("option_invalid", "ordering.states", state, "stands in the list twice: a state has one place");
      }
      ranks.set(state, rank);
    }
  });
  return ranks;
}

function checkedPlace(position: EventPosition, ranks: ReadonlyMap<string, number>): Place {
  const { object: name, version, time, state } = object("orderBy", position) as Record<string, unknown>;
  // `/` parts the pieces of a key, `%` marks what was escaped, and PostgreSQL has no text with a NUL.
  const safe = text("orderBy.object", name).replace(/[%/\0]/g, encodeURIComponent);
  if (safe === "" || utf8(safe).length > OBJECT_BYTES_MAX) {
    const problem = `is no name of an object: expected 1 to ${OBJECT_BYTES_MAX} bytes`;
    throw refusal("option_invalid", "orderBy.object", name, problem);
  }
  if (version !== undefined) return { object: safe, by: "version", value: count("orderBy.version", version) };
  if (time !== undefined) return { object: safe, by: "time", value: count("orderBy.time", time) };
  if (state === undefined) {
    const problem = "has neither version, time nor state: return null for an event without an order";
    throw refusal("option_invalid", "orderBy", position, problem);
  }
  const rank = ranks.get(text("orderBy.state", state));
  if (rank === undefined) throw refusal("option_invalid", "orderBy.state", state, "is none of ordering.states");
  return { object: safe, by: "state", value: rank };
}
