/**
 * A kept call, made ready for the wire again.
 *
 * Invariant: headers that begin with `tillproof-` are words from the one who kept the call to the one who sends it. None
 * of them leaves the process.
 */

import type { CallBody } from "./call.js";
import { isCredential } from "./fetch-request.js";

/** Names the credentials a call came with. */
const CREDENTIALS = "tillproof-credentials";

/** Says that the kept body is base64 of the bytes that are sent. */
const ENCODED = "tillproof-body";

/** Credentials by the name a call was kept with, where this process has them. */
export type FindCredentials = (name: string) => Readonly<Record<string, string>> | undefined;

/** Headers and body of a call as they are kept. */
export function keptForm(
  headers: Readonly<Record<string, string>>,
  body: CallBody | undefined,
  credentials: string | undefined,
): { readonly headers: Record<string, string>; readonly body?: string } {
  const words = { ...headers, ...(credentials === undefined ? {} : { [CREDENTIALS]: credentials }) };
  if (body === undefined) return { headers: words };
  return "text" in body ? { headers: words, body: body.text } : { headers: { ...words, [ENCODED]: "base64" }, body: body.base64 };
}

/** What is sent in the place of a kept form; `undefined` when this process has no credentials for it. */
export function sentForm(
  kept: { readonly headers: Readonly<Record<string, string>>; readonly body?: string },
  given: Readonly<Record<string, string>>,
  find: FindCredentials | undefined,
): { readonly headers: Record<string, string>; readonly body?: string | Uint8Array<ArrayBuffer> } | undefined {
  const { [CREDENTIALS]: name, [ENCODED]: encoded, ...headers } = kept.headers;
  const credentials = name === undefined ? {} : (find?.(name) ?? (Object.keys(given).some(isCredential) ? {} : undefined));
  if (credentials === undefined) return undefined;
  const sent = { headers: { ...given, ...credentials, ...headers } };
  if (kept.body === undefined) return sent;
  const body = encoded === undefined ? kept.body : Uint8Array.from(atob(kept.body), (letter) => letter.charCodeAt(0));
  return { ...sent, body };
}
