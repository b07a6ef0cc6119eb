/** Signing as a provider does, for test suites. In the `simulator` artefact: whoever receives webhooks signs none. */

import { onlyFull } from "../../wasm/webhooks.only-full.js";
import { TillproofError } from "../shell/errors.js";
import { bytes, onlyKnown, optionalText, text, timeMs } from "../shell/guard.js";
import { simulator } from "../shell/simulator.js";
import { encode } from "../shell/wire.js";

/** A delivery that is to be signed. */
export interface OutgoingDelivery {
  /** A name from `schemes()`, but for those whose private key only the provider has. */
  readonly scheme: string;
  /** One secret, as `createVerifier` takes it. */
  readonly secret: string;
  /** Without the signature. */
  readonly body: Uint8Array | string;
  /** The id, for schemes that carry it in a header: `msg_test` if left out. An inbox applies one id once. */
  readonly id?: string;
  /** The time to sign with, in milliseconds since the epoch, whatever unit the scheme writes; now if left out. */
  readonly timestamp?: number;
  /** The URL that will be called, for schemes that sign it. */
  readonly url?: string;
  /** The public key or key id, for schemes that name it beside the signature. */
  readonly publicKeyId?: string;
  /** The access key, for schemes that sign it. */
  readonly accessKey?: string;
}

/** A delivery as the provider sends it. */
export interface SignedDelivery {
  /** Names in lower case. */
  readonly headers: Record<string, string>;
  /** As it was, or with the signature, where the scheme carries it in the body. */
  readonly body: Uint8Array;
}

/** Made up: providers never send an empty one, and many schemes refuse it. */
const ID = "msg_test";

const DELIVERY = ["scheme", "secret", "body", "id", "timestamp", "url", "publicKeyId", "accessKey"] as const;

/**
 * A signed delivery.
 *
 * Throws `unknown_scheme`, `bad_secret`, `empty_secret`, `cannot_sign`, `missing_url`, what is wrong with a body that is to
 * carry the signature, or what names an argument of the wrong type.
 */
export function signDelivery(delivery: OutgoingDelivery): SignedDelivery {
  const { scheme, secret, id, url, timestamp, publicKeyId, accessKey } = onlyKnown("delivery", delivery, DELIVERY);
  if (onlyFull.includes(scheme)) throw onlyProvider(scheme);
  const body = bytes("body", delivery.body);
  const input = encode({
    scheme: text("scheme", scheme),
    secret: text("secret", secret),
    timestamp: timeMs("timestamp", timestamp ?? Date.now()),
    id: optionalText("id", id) ?? ID,
    url: optionalText("url", url),
    public_key_id: optionalText("publicKeyId", publicKeyId),
    access_key: optionalText("accessKey", accessKey),
  });
  const signed = simulator.invoke<SignedDocument>((exports) => exports.webhooks_sign(input, body));
  return { headers: signed.headers, body: signed.body === undefined ? body : bytes("body", signed.body) };
}

/**
 * The headers of a signed delivery, names in lower case.
 *
 * Throws what `signDelivery` throws, and `signature_in_body` where the headers are not all there is.
 */
export function signWebhook(delivery: OutgoingDelivery): Record<string, string> {
  const given = bytes("body", onlyKnown("delivery", delivery, DELIVERY).body);
  const { headers, body } = signDelivery({ ...delivery, body: given });
  if (body === given) return headers;
  throw new TillproofError({
    code: "signature_in_body",
    message: `${delivery.scheme} carries its signature in the body: use signDelivery(), and send the body it returns`,
  });
}

/** Schemes of a public key are not in this artefact, and it could not sign by them either. */
function onlyProvider(scheme: string): TillproofError {
  return new TillproofError({
    code: "cannot_sign",
    message:
      `${scheme} signs with a private key that only the provider has: record a delivery of its sandbox, and verify it ` +
      "with `now` as of then",
    details: { found: scheme },
  });
}

/** What the engine replies. */
interface SignedDocument {
  readonly headers: Record<string, string>;
  readonly body?: string;
}
