/**
 * The idempotency key a request already carries.
 *
 * Invariant: where a key stands is the profile's word, the same that the engine writes its own key by; so there are never
 * two keys in one request.
 */

import type { Captured } from "./fetch-request.js";
import type { ProfileDocument } from "./profiles.js";

/** Where a provider looks for the key: in a header, or in a member of a JSON body. */
export interface KeyPlace {
  /** In lower case. */
  readonly header?: string;
  readonly field?: string;
}

/** Where the provider of a profile looks for the key. */
export function keyPlaceOf({ key: { header, field } }: ProfileDocument): KeyPlace {
  return { ...(header === undefined ? {} : { header: header.toLowerCase() }), ...(field === undefined ? {} : { field }) };
}

/** The key the caller put into a request, without quotes; `undefined` when there is none. */
export function callersKey(place: KeyPlace, { headers, body }: Captured): string | undefined {
  if (place.header !== undefined) return unquoted(headers[place.header]);
  if (place.field === undefined || body === undefined || "base64" in body) return undefined;
  const value = membersOf(body.text)?.[place.field];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The headers without the key. */
export function withoutKey(place: KeyPlace, headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== place.header));
}

/** The IETF draft wants the key as a string in quotes; it is the same key without them. */
function unquoted(value: string | undefined): string | undefined {
  const key = /^"(.*)"$/.exec(value ?? "")?.[1] ?? value;
  return key === "" ? undefined : key;
}

function membersOf(text: string): Record<string, unknown> | undefined {
  try {
    const document: unknown = JSON.parse(text);
    return typeof document === "object" && document !== null ? (document as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
