/**
 * `tillproof/webhooks/plaid`: the key a delivery of Plaid was signed with.
 *
 * Invariant: a key that Plaid calls expired verifies nothing, and no key verifies under another's name.
 *
 * Plaid hands out its keys to its customers only, so the request is the caller's:
 *
 * ```ts
 * const plaidKey = plaidKeys({
 *   fetchKey: async (keyId) => (await plaid.webhookVerificationKeyGet({ key_id: keyId })).data.key,
 * });
 *
 * const key = await plaidKey(headers["plaid-verification"]);
 * if (!key.ok) return key.code === "key_unavailable" ? 503 : 400;
 * const verifier = createVerifier({ scheme: "plaid-jwt-es256", secrets: "", jwk: key.key });
 * ```
 */

import { fn, onlyKnown, timeMs } from "../shell/guard.js";
import { FetchedKeys, unavailable, type Fetched } from "./fetched-keys.js";
import type { RefusedDelivery } from "./verifier.js";

/** A key as `/webhook_verification_key/get` answers it, in the member `key`. */
export interface PlaidKey {
  readonly kty: string;
  readonly crv: string;
  readonly x: string;
  readonly y: string;
  readonly alg: string;
  readonly use: string;
  readonly kid: string;
  readonly created_at?: number;
  /** Seconds since the epoch from which on it must not be used any more. */
  readonly expired_at?: number | null;
}

/** How keys are found. */
export interface PlaidKeysOptions {
  /** Asks Plaid for a key by its id. May reject. */
  readonly fetchKey: (keyId: string) => Promise<PlaidKey>;
}

/**
 * The key that the value of the header `Plaid-Verification` names; `now` in milliseconds since the epoch, the time of the
 * call if left out.
 *
 * Refused with `key_id_missing` when the value names none (answer with 400), with `key_expired` when Plaid does not use it
 * any more (400), with `key_unavailable` when `fetchKey` failed (503) and no key of this name was fetched before. Never
 * throws for what a sender controls.
 */
export type PlaidKeyOf = (verification: unknown, now?: number) => Promise<Fetched<PlaidKey>>;

/** Short enough that a key is not used for long after Plaid withdrew it. */
const KEPT_FOR_MS = 3_600_000;

/** As in the crate: longer ones are not read. */
const TOKEN_LENGTH_MAX = 8_192;

/** Plaid's are UUIDs. */
const KEY_ID = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * The keys of one environment of Plaid, each kept for an hour, and for a day at most, but never beyond its `expired_at`,
 * while `fetchKey` fails. Make it once and keep it: what it fetched is kept with it, and a key of the sandbox must not
 * verify what is sent to production.
 *
 * Throws what names an option of the wrong type.
 */
export function plaidKeys(options: PlaidKeysOptions): PlaidKeyOf {
  onlyKnown("options", options, ["fetchKey"]);
  const fetchKey = fn("fetchKey", options.fetchKey);
  const keys = new FetchedKeys<PlaidKey>(KEPT_FOR_MS);
  return async (verification, now) => {
    const moment = timeMs("now", now ?? Date.now());
    const keyId = keyIdOf(verification);
    if (keyId === undefined) return nameless();
    const found = await keys.get(keyId, moment, () => asked(fetchKey, keyId));
    return found.ok && isExpired(found.key, moment) ? expired(keyId) : found;
  };
}

async function asked(fetchKey: PlaidKeysOptions["fetchKey"], keyId: string): Promise<Fetched<PlaidKey>> {
  try {
    const key = await fetchKey(keyId);
    if (key?.kid === keyId) return { ok: true, key };
    return unavailable(`fetchKey gave no key with the id ${keyId}: expected the member "key" of Plaid's answer`);
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return unavailable(`Plaid could not be asked for the key ${keyId} (${found}): answer with 503, so that it is sent again`);
  }
}

/** The id in the header of a JWS, which nobody has verified: good for asking for a key, and for nothing else. */
function keyIdOf(verification: unknown): string | undefined {
  if (typeof verification !== "string" || verification.length > TOKEN_LENGTH_MAX) return undefined;
  const [header = ""] = verification.split(".", 1);
  try {
    const { alg, kid } = JSON.parse(atob(header.replaceAll("-", "+").replaceAll("_", "/"))) as Record<string, unknown>;
    return alg === "ES256" && typeof kid === "string" && KEY_ID.test(kid) ? kid : undefined;
  } catch {
    return undefined;
  }
}

function isExpired({ expired_at: expiredAt }: PlaidKey, now: number): boolean {
  return typeof expiredAt === "number" && expiredAt * 1_000 <= now;
}

function nameless(): RefusedDelivery {
  return {
    ok: false,
    code: "key_id_missing",
    message: "the header Plaid-Verification names no key: expected a JWS whose header has alg ES256 and a kid",
  };
}

function expired(keyId: string): RefusedDelivery {
  return {
    ok: false,
    code: "key_expired",
    message: `Plaid does not sign with the key ${keyId} any more: whoever sent this has an old key, or replays an old delivery`,
  };
}
