/** What the payment driver takes from its host: waiting and bytes as text. */

/** Bytes as lower-case hexadecimal. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** `setTimeout` holds 31 bits of milliseconds; a longer wait is cut, and whoever waits polls again. */
export const TIMER_MS_MAX = 2 ** 31 - 1;

/** Resolves after `milliseconds`, or at once when the signal aborts. Never rejects. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, Math.min(milliseconds, TIMER_MS_MAX));
    signal?.addEventListener("abort", done, { once: true });
  });
}

/**
 * Aborts a controller together with a signal, until the returned function is called.
 *
 * What `AbortSignal.any` makes does not keep the signals alive that it follows: in Node a time-out which nobody else holds
 * is collected, and never comes. A listener holds it.
 */
export function following(controller: AbortController, signal: AbortSignal): () => void {
  const abort = (): void => controller.abort(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  return () => signal.removeEventListener("abort", abort);
}

/** The value of a promise, or `undefined` as soon as the signal aborts. The promise goes on. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  let stop: (() => void) | undefined;
  const aborted = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  // Nobody listens to the promise after an abort; its failure is found again by the next sweep.
  promise.catch(() => undefined);
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (stop) signal.removeEventListener("abort", stop);
  }
}
