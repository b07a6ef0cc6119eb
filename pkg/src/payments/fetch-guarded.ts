/**
 * Which requests move money, and what tells one account from another.
 *
 * Invariant: a request is passed as it is only where the provider keeps no key for its method, or where it is known to
 * hand out credentials. Whatever is not known is guarded.
 */

/** Methods that change something and for which a provider keeps keys; a profile that is not here keeps them for all. */
const METHODS: Readonly<Record<string, readonly string[]>> = {
  native: ["POST"],
  stripe: ["POST"],
  "stripe-v2": ["POST", "DELETE"],
  adyen: ["POST"],
  paypal: ["POST"],
  square: ["POST"],
  mollie: ["POST", "DELETE"],
  checkout: ["POST"],
  gocardless: ["POST"],
  razorpay: ["POST"],
};

/** Providers whose access tokens are renewed every few hours: other credentials are no other account there. */
const RENEWED_TOKENS: ReadonlySet<string> = new Set(["paypal"]);

/** Methods that only read. */
const READING: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** Paths that hand out access tokens: an answer that must never be stored, to a request that moves nothing. */
const TOKENS = /^(\/v[0-9]+)?\/oauth2?\//;

/** The profile a path belongs to: Stripe's second generation keeps keys longer, and for more methods. */
export function profileFor(profile: string, path: string): string {
  return profile === "stripe" && path.startsWith("/v2/") ? "stripe-v2" : profile;
}

/** Whether a request is guarded when the options do not say otherwise. */
export function movesMoney(profile: string, method: string, path: string): boolean {
  if (READING.has(method) || TOKENS.test(path)) return false;
  return METHODS[profileFor(profile, path)]?.includes(method) ?? true;
}

/** Headers that say for whom a platform acts. With another value it is another account, and another purchase. */
const ACTING_FOR: ReadonlySet<string> = new Set(["stripe-account", "stripe-context", "x-on-behalf-of"]);

/** Whether other credentials mean another account, when the options do not say that there is one only. */
export function credentialsTellAccounts(profile: string): boolean {
  return !RENEWED_TOKENS.has(profile);
}

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
