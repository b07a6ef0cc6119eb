/** Deliveries as Stripe makes them, and as forgers and accidents change them. */

import { request } from "node:http";

import { signWebhook } from "tillproof/testing";

/** What the servers under test are started with. */
export const SECRET = "whsec_of_the_frameworks";

/** A body as Stripe sends it: two spaces deep, with letters of more than one byte. */
export function genuine(id) {
  const object = { id: "ch_1", amount: 2500, currency: "eur", description: "Größe 42, naïve café ☕ 日本 😀" };
  const event = { id, object: "event", type: "charge.succeeded", data: { object } };
  return Buffer.from(JSON.stringify(event, null, 2));
}

/** Every byte there is; no JSON, no UTF-8. */
export const EVERY_BYTE = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

/** The headers Stripe would send with a body. */
export function signed(body) {
  return { "content-type": "application/json; charset=utf-8", ...signWebhook({ scheme: "stripe-v1", secret: SECRET, body }) };
}

/**
 * Sends a request byte for byte.
 *
 * @param {{ url: string, method?: string, headers?: object | string[], body?: Uint8Array, chunked?: boolean }} what
 * @returns {Promise<{ status: number, headers: object, text: string }>}
 */
export function send({ url, method = "POST", headers = {}, body = Buffer.alloc(0), chunked = false }) {
  return new Promise((resolve, reject) => {
    const length = chunked ? { "transfer-encoding": "chunked" } : { "content-length": body.length };
    const all = Array.isArray(headers) ? [...headers, ...Object.entries(length).flat().map(String)] : { ...headers, ...length };
    if (Array.isArray(all)) all.push("host", new URL(url).host);
    const sending = request(url, { method, headers: all, agent: false }, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, text: Buffer.concat(chunks).toString() }));
    });
    // A server that has answered may close while the rest is still being sent.
    let answered = false;
    sending.on("response", () => (answered = true));
    sending.on("error", (error) => (answered ? undefined : reject(error)));
    sending.end(body);
  });
}
