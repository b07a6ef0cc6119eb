/**
 * Answers of other servers, read within bounds of time and size.
 *
 * Invariant: whoever waits here waits no longer than his signal says, and holds no more of a body than he asked for.
 */

/** The value of a promise, or a rejection as soon as the signal aborts: a `fetch` of the caller may ignore it. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** The beginning of a body as text, of at least `bytesMax` bytes where there are as many, and whether that is all of it. */
export async function beginningOf(response: Response, bytesMax: number): Promise<{ text: string; whole: boolean }> {
  const reader = response.body?.getReader();
  if (reader === undefined) return { text: "", whole: true };
  const decoder = new TextDecoder();
  let text = "";
  for (let read = 0; read <= bytesMax; ) {
    const { done, value } = await reader.read();
    if (done) return { text: text + decoder.decode(), whole: true };
    read += value.byteLength;
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return { text, whole: false };
}
