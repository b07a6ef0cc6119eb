/** The caller's time while work is done. */

/** A clock that shows `now` at first, and goes on as time does, whatever becomes of the clock of the machine. */
export function clockFrom(now: number): () => number {
  const started = performance.now();
  return () => now + Math.floor(performance.now() - started);
}
