/** Signing as a provider does, for test suites. In the `simulator` artefact: whoever receives webhooks signs none. */

import { bytes, onlyKnown, optionalText, text, timeMs } from "../shell/guard.js";
import { simulator } from "../shell/simulator.js";
import { encode } from "../shell/wire.js";

/** A delivery that is to be signed. */
export interface OutgoingDelivery {
  /** A name from `schemes()`. */
  readonly scheme: string;
  readonly secret: string;
  readonly body: Uint8Array | string;
  /** The id, for schemes that carry it in a header. */
  readonly id?: string;
  /** The time to sign with, in milliseconds since the epoch; now if left out. */
  readonly timestamp?: number;
  /** The URL that will be called, for schemes that sign it. */
  readonly url?: string;
}

const DELIVERY = ["scheme", "secret", "body", "id", "timestamp", "url"] as const;

/**
 * The headers of a signed delivery, names in lower case.
 *
 * Throws `unknown_scheme`, `bad_secret`, `empty_secret`, `missing_url`, or what names an argument of the wrong type.
 */
export function signWebhook(delivery: OutgoingDelivery): Record<string, string> {
  const { scheme, secret, id, url, timestamp } = onlyKnown("delivery", delivery, DELIVERY);
  const body = bytes("body", delivery.body);
  const input = encode({
    scheme: text("scheme", scheme),
    secret: text("secret", secret),
    timestamp: timeMs("timestamp", timestamp ?? Date.now()),
    id: optionalText("id", id),
    url: optionalText("url", url),
  });
  return simulator.invoke<Record<string, string>>((exports) => exports.webhooks_sign(input, body));
}
