/** Why a delivery was refused, as far as it can be told without trying anything. */

import type { Delivery, Verifier } from "./verifier.js";

/** The most likely mistake on this side. */
export function hintOf(_verifier: Verifier, delivery: Delivery, code: string): string | undefined {
  if (code !== "body_not_bytes") return undefined;
  const { body } = delivery as { readonly body: unknown };
  return typeof body === "object" && body !== null
    ? "The body was parsed before it was verified. The signature covers the bytes as received: give this route the " +
        "raw body, and parse after verifying."
    : "There is no body here. Read it from the request as bytes, before anything else reads it.";
}
