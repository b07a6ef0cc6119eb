/**
 * A bar on standard error, and only on a terminal.
 *
 * Invariant: nothing of it is left when it is done, and nothing of it is ever in a log.
 */

/** Cells of the bar. */
const CELLS = 30;

/** At most so often, in milliseconds: a terminal is slow. */
const EVERY_MS = 100;

/** A step that takes a while. */
export interface Progress {
  /** So much of the whole is done, beside what was done before. */
  readonly more: (done: number) => void;
  /** Takes the bar away. */
  readonly end: () => void;
}

/** A bar for `whole` units of work; nothing at all where nobody watches. */
export function progress(what: string, whole: number, stream: { readonly isTTY?: boolean; write(text: string): unknown } = process.stderr, now: () => number = Date.now): Progress {
  if (stream.isTTY !== true || whole <= 0) return { more: () => undefined, end: () => undefined };
  let shownAt = Number.NEGATIVE_INFINITY;
  let done = 0;
  return {
    more: (some) => {
      done += some;
      if (now() - shownAt < EVERY_MS) return;
      shownAt = now();
      const share = Math.min(1, done / whole);
      const filled = Math.round(share * CELLS);
      stream.write(`\r${what} [${"#".repeat(filled)}${" ".repeat(CELLS - filled)}] ${String(Math.floor(share * 100)).padStart(3)} %`);
    },
    end: () => void stream.write("\r\u001b[K"),
  };
}
