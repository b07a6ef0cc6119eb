/**
 * What a browser says when it does not keep records, told so that somebody can act on it.
 *
 * Browsers differ in how they refuse (an exception of the call, an error event, an absent global), and no page can ask
 * whether its window is a private one; so each way leads to one of the codes below.
 */

import { TillproofError } from "../../shell/errors.js";

/** There is no database at all: a private window, a sandboxed frame, site data that is blocked, no browser. */
export function unavailable(cause?: unknown): TillproofError {
  return new TillproofError({
    code: "indexeddb_unavailable",
    message:
      "this page may not use IndexedDB: a private window, a sandboxed frame or blocked site data are the usual reasons; " +
      "begin no payment here that must survive the page, and let the server begin it",
    cause,
  });
}

/** Another tab keeps a database of an older form open and does not let go. */
export function blocked(waitedMs: number): TillproofError {
  return new TillproofError({
    code: "indexeddb_blocked",
    message: `another tab has kept an older form of the database open for ${waitedMs} ms; nothing was written: close or reload it`,
    advice: "wait",
  });
}

/** Any other failure, by the name of its `DOMException`. */
export function refusalOf(error: unknown, name: string): unknown {
  if (error instanceof TillproofError) return error;
  switch ((error as { name?: unknown } | null)?.name) {
    case "QuotaExceededError":
      return new TillproofError({
        code: "indexeddb_full",
        message:
          "the browser has no room left for this site; nothing was written: free some, or ask for more by " +
          "navigator.storage.persist()",
        cause: error,
      });
    case "VersionError":
      return new TillproofError({
        code: "indexeddb_of_later_version",
        message: `the database ${JSON.stringify(name)} was made by a later version of tillproof in another tab: reload this one`,
        cause: error,
      });
    // Opaque origins and blocked site data; a private window of older browsers; a profile that cannot be written.
    case "SecurityError":
    case "InvalidStateError":
    case "NotAllowedError":
      return unavailable(error);
    default:
      return error;
  }
}
