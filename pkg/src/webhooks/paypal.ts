/**
 * `tillproof/webhooks/paypal`: the certificate PayPal signed with, and the event itself, fetched from PayPal.
 *
 * Invariant: nothing is fetched from anywhere but PayPal, although the URL of the certificate comes with a delivery that
 * nobody has verified yet.
 *
 * What a verified delivery proves is little: PayPal signs the ids, the time and a CRC32 of the body, and for any CRC32
 * another body is found within microseconds. Who holds one genuine delivery can put any body under its signature, for the
 * same ids. So take from it that PayPal has an event of this id, and read the event where it cannot be changed:
 *
 * ```ts
 * const certificate = await paypalCertificate(headers["paypal-cert-url"]);
 * if (!certificate.ok) return certificate.code === "key_unavailable" ? 503 : 400;
 * const verifier = createVerifier({ scheme: "paypal-rsa-crc32", secrets: WEBHOOK_ID, certificatePem: certificate.key });
 * const result = verifier.verify({ body, headers });
 * if (!result.ok) return 400;
 * const refetched = await refetchPaypalEvent(result.events[0].id, { accessToken });
 * if (!refetched.ok) return 503;
 * // refetched.event is PayPal's; result.events[0].payload is only what was delivered.
 * ```
 */

import { count, fn, onlyKnown, text, timeMs } from "../shell/guard.js";
import { shown } from "../shell/errors.js";
import { beginningOf, unlessAborted } from "../shell/response.js";
import { FetchedKeys, unavailable, type Fetched } from "./fetched-keys.js";
import { parseExact } from "./payload.js";
import type { RefusedDelivery } from "./verifier.js";

/** How PayPal is reached. */
export interface PaypalFetchOptions {
  /** Stands in for the global `fetch`. */
  readonly fetch?: (request: Request) => Promise<Response>;
  /** Milliseconds until an answer is given up; 5,000 when left out. */
  readonly timeoutMs?: number;
  /** Milliseconds since the epoch; now if left out. */
  readonly now?: number;
}

/** How an event is fetched again. */
export interface PaypalRefetchOptions extends PaypalFetchOptions {
  /** An OAuth 2.0 access token of the app that the webhook belongs to. */
  readonly accessToken: string;
  /** Asks the sandbox instead of the live system. */
  readonly sandbox?: boolean;
}

/** An event as PayPal has it; integers beyond 2^53 are `bigint`. */
export type RefetchedEvent = { readonly ok: true; readonly event: unknown } | RefusedDelivery;

const TIMEOUT_MS = 5_000;
/** Twice the text that is read as a key: a chain of certificates for 2048 bits has 6 KB. */
const CERTIFICATE_BYTES_MAX = 16_384;
/** PayPal sends events of some kilobytes. */
const EVENT_BYTES_MAX = 1 << 20;
const DAY_MS = 86_400_000;

/** One host of PayPal, one folder, one name: no user, port, query, fragment, escape or dot to be read in two ways. */
const CERTIFICATE_URL = /^https:\/\/(?:[a-z0-9-]+\.)+paypal\.com\/v1\/notifications\/certs\/[A-Za-z0-9_-]{1,128}$/;

/** What PayPal's documentation allows, and the dash that its ids have. */
const EVENT_ID = /^[A-Za-z0-9-]{1,50}$/;

/** Certificates by address, for the whole process: what stands there is a fact about PayPal, whoever fetched it. */
const certificates = /* @__PURE__ */ new FetchedKeys<string>(DAY_MS);

/**
 * The certificate at the URL that the header `PAYPAL-CERT-URL` names, as PEM, kept for a day, and for
 * a day more at most while PayPal cannot be asked.
 *
 * Its value goes to `createVerifier` as `certificatePem`. Refused with `certificate_url_refused` when the URL is not that of
 * a certificate of PayPal (answer with 400), with `key_unavailable` when PayPal could not be asked (answer with 503).
 *
 * Throws what names an option of the wrong type; never for what a sender controls.
 */
export async function paypalCertificate(url: unknown, options: PaypalFetchOptions = {}): Promise<Fetched<string>> {
  const wire = wireOf(onlyKnown("options", options, ["fetch", "timeoutMs", "now"]));
  if (typeof url !== "string" || !CERTIFICATE_URL.test(url)) return foreign(url);
  return certificates.get(url, wire.now, async () => {
    const answer = await got(wire, new Request(url, { redirect: "error" }), CERTIFICATE_BYTES_MAX);
    if (!answer.ok) return answer;
    if (answer.text.includes("-----BEGIN CERTIFICATE-----")) return { ok: true, key: answer.text };
    return unavailable("PayPal's answer is no certificate in PEM: answer with 503, so that the delivery is sent again");
  });
}

/**
 * The event of this id, asked for at PayPal's API (`GET /v1/notifications/webhooks-events/{id}`).
 *
 * This is the safe path: what comes back is what PayPal has, whatever was delivered. Refused with `event_not_found` when
 * PayPal has no such event for the app of the token, with `event_unavailable` when it could not be asked.
 *
 * Throws what names an option of the wrong type.
 */
export async function refetchPaypalEvent(id: string, options: PaypalRefetchOptions): Promise<RefetchedEvent> {
  const wire = wireOf(onlyKnown("options", options, ["accessToken", "sandbox", "fetch", "timeoutMs", "now"]));
  const accessToken = text("accessToken", options.accessToken);
  if (!EVENT_ID.test(text("id", id))) {
    return { ok: false, code: "event_not_found", message: `${shown(id)} is no id of a PayPal event: expected up to 50 letters, digits and dashes` };
  }
  const host = options.sandbox === true ? "api-m.sandbox.paypal.com" : "api-m.paypal.com";
  const request = new Request(`https://${host}/v1/notifications/webhooks-events/${id}`, {
    headers: { accept: "application/json", authorization: `Bearer ${accessToken}` },
    redirect: "error",
  });
  const answer = await got(wire, request, EVENT_BYTES_MAX);
  if (!answer.ok) {
    if (answer.status !== 404) return { ...answer, code: "event_unavailable" };
    return { ok: false, code: "event_not_found", message: `PayPal has no event ${id} for the app of this access token` };
  }
  const event = parsed(answer.text);
  if ((event as { id?: unknown } | null | undefined)?.id === id) return { ok: true, event };
  return { ok: false, code: "event_unavailable", message: "PayPal's answer is not the event that was asked for" };
}

interface Wire {
  readonly fetch: (request: Request) => Promise<Response>;
  readonly timeoutMs: number;
  readonly now: number;
}

function wireOf({ fetch: given, timeoutMs, now }: PaypalFetchOptions): Wire {
  return {
    fetch: given === undefined ? globalThis.fetch : fn("fetch", given),
    timeoutMs: timeoutMs === undefined ? TIMEOUT_MS : count("timeoutMs", timeoutMs, 1),
    now: timeMs("now", now ?? Date.now()),
  };
}

type Answer = { readonly ok: true; readonly text: string } | (RefusedDelivery & { readonly status?: number });

/** The body of an answer with status 200. Never rejects. */
async function got({ fetch, timeoutMs }: Wire, request: Request, bytesMax: number): Promise<Answer> {
  const end = AbortSignal.timeout(timeoutMs);
  try {
    const response = await unlessAborted(fetch(new Request(request, { signal: end })), end);
    if (response.status !== 200) {
      await response.body?.cancel();
      return { ...unavailable(`PayPal answered with status ${response.status}: expected 200`), status: response.status };
    }
    const { text: body, whole } = await unlessAborted(beginningOf(response, bytesMax), end);
    return whole ? { ok: true, text: body } : unavailable(`PayPal's answer has more than ${bytesMax} bytes`);
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return unavailable(`PayPal could not be asked (${found}): answer with 503, so that the delivery is sent again`);
  }
}

function parsed(json: string): unknown {
  try {
    return parseExact(json);
  } catch {
    return undefined;
  }
}

function foreign(url: unknown): RefusedDelivery {
  return {
    ok: false,
    code: "certificate_url_refused",
    message:
      `${shown(url)} is no address of a PayPal certificate: expected the header PAYPAL-CERT-URL with ` +
      "https://, a host below paypal.com and the path /v1/notifications/certs/",
  };
}
