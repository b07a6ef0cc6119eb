/**
 * IndexedDB's requests and transactions as promises.
 *
 * Invariant: a write counts when its transaction says `complete`, and not when its request succeeded: between the two the
 * browser may still take it back. What goes on inside of a transaction awaits its own requests only, since a
 * transaction that nobody asks anything ends.
 */

/** The result of one request. */
export function answered<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new DOMException("the request failed", "UnknownError"));
  });
}

/** Resolves when everything in the transaction is kept, rejects when nothing of it is. */
export function completed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    // Every failure ends in an abort, also one that comes as late as the writing of the file.
    transaction.onabort = () => reject(transaction.error ?? new DOMException("the transaction was aborted", "AbortError"));
  });
}

/** Walks records until `visit` says that it has enough. */
export function walked(
  request: IDBRequest<IDBCursorWithValue | null>,
  visit: (cursor: IDBCursorWithValue) => boolean,
): Promise<void> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      const cursor = request.result;
      if (cursor === null || !visit(cursor)) resolve();
      else cursor.continue();
    };
    request.onerror = () => reject(request.error ?? new DOMException("the request failed", "UnknownError"));
  });
}
