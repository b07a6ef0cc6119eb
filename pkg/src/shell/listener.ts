/**
 * Listeners of the caller's.
 *
 * Invariant: whatever a listener does, at once or in a promise he returns, whoever tells him goes on, and no rejection is
 * left without a hand: it would end the process.
 */

/** Calls a listener; what he throws or rejects with goes to `failed`, which must not throw. */
export function tell(listener: () => unknown, failed: (error: unknown) => void): void {
  // The listener runs now; an async function turns what he throws at once into what he rejects with later.
  void (async () => listener())().catch(failed);
}

/** For errors of whoever listens to errors: there is nobody left to tell. */
export const unheard = (): void => undefined;
