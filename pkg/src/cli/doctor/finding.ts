/**
 * What a check of a setup found.
 *
 * Invariant: whatever is not fine says what to do, and no finding holds a secret or a password.
 */

/** How bad it is: `doubtful` works and may surprise, `broken` loses deliveries, money or time. */
export type Standing = "fine" | "doubtful" | "broken" | "skipped";

/** One line of the report. */
export interface Finding {
  /** What was looked at, such as `clock` or `endpoint: raw body`. */
  readonly check: string;
  readonly standing: Standing;
  /** What was found, in one sentence. */
  readonly found: string;
  /** What to do; for what was skipped, how to ask for it. */
  readonly fix: string | null;
}

/** Nothing to do. */
export function fine(check: string, found: string): Finding {
  return { check, standing: "fine", found, fix: null };
}

/** Works, but is not what one should rely on. */
export function doubtful(check: string, found: string, fix: string): Finding {
  return { check, standing: "doubtful", found, fix };
}

/** Does not work, or not as it must. */
export function broken(check: string, found: string, fix: string): Finding {
  return { check, standing: "broken", found, fix };
}

/** Was not looked at. */
export function skipped(check: string, found: string, fix: string): Finding {
  return { check, standing: "skipped", found, fix };
}
