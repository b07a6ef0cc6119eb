/**
 * Which requests move money, and what tells one account from another. What a provider does is data of his profile.
 *
 * Invariant: a request is passed as it is only where the provider keeps no key for its method, or where it is known to
 * hand out credentials. Whatever is not known is guarded.
 */

import type { ProfileDocument } from "./profiles.js";

/** Methods that only read. */
const READING: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** Paths that hand out access tokens: an answer that must never be stored, to a request that moves nothing. */
const TOKENS = /^(\/v[0-9]+)?\/oauth2?\//;

/** Whether a request is guarded when the options do not say otherwise; `calls` is that of the profile for its path. */
export function movesMoney({ calls }: ProfileDocument, method: string, path: string): boolean {
  if (READING.has(method) || TOKENS.test(path)) return false;
  const methods: readonly string[] | undefined = calls?.methods;
  return methods?.includes(method) ?? true;
}

/** Headers that say for whom a platform acts. With another value it is another account, and another purchase. */
const ACTING_FOR: ReadonlySet<string> = new Set(["stripe-account", "stripe-context", "x-on-behalf-of"]);

/**
 * What tells a call from one with the same content: the account it acts for, and the name of its credentials where that
 * tells accounts apart.
 */
export function scopeOf(headers: Readonly<Record<string, string>>, credentials: string | undefined): string {
  const accounts = Object.entries(headers).filter(([name]) => ACTING_FOR.has(name));
  return [...accounts.map(([name, value]) => `${name}: ${value}`), ...(credentials === undefined ? [] : [`credentials: ${credentials}`])]
    .sort()
    .join("\n");
}
