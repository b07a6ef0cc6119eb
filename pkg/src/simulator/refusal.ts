/**
 * Refusals the engine never sees, because they are the business of HTTP itself.
 *
 * Invariant: they look like every other refusal: the same envelope, a code, a sentence that says what to do. Node's own
 * answers have no body, which a client that reads `error.code` cannot tell from a broken gateway.
 */

import type { Duplex } from "node:stream";

/** Why a request was refused. */
export interface Refusal {
  readonly status: number;
  /** What follows the status in the first line. */
  readonly reason: string;
  readonly code: string;
  readonly message: string;
}

/** What arrived is no request. */
export const NOT_HTTP: Refusal = {
  status: 400,
  reason: "Bad Request",
  code: "not_http",
  message: "the request is not HTTP as it should be: send it with an HTTP client",
};

/** RFC 9112 section 3.2: without exactly one Host, nobody can say whom an HTTP/1.1 request was meant for. */
export const HOST_MISSING: Refusal = {
  status: 400,
  reason: "Bad Request",
  code: "host_missing",
  message: "the request does not have exactly one Host header: send one",
};

/** The request was begun and not sent to its end. */
export const TOO_SLOW: Refusal = {
  status: 408,
  reason: "Request Timeout",
  code: "request_timeout",
  message: "the request did not arrive in time: send it again",
};

/** An expectation other than `100-continue`. */
export const EXPECTATION_FAILED: Refusal = {
  status: 417,
  reason: "Expectation Failed",
  code: "expectation_failed",
  message: "the header Expect asks for something unknown here: leave it out, or send 100-continue",
};

/** More headers than Node reads. */
export const HEAD_TOO_LARGE: Refusal = {
  status: 431,
  reason: "Request Header Fields Too Large",
  code: "headers_too_large",
  message: "the headers of the request are too long: send fewer or shorter ones",
};

/** CONNECT asks for a tunnel through this server. */
export const NO_TUNNEL: Refusal = {
  status: 405,
  reason: "Method Not Allowed",
  code: "method_not_allowed",
  message: "this is a payment gateway and no proxy: it does not answer CONNECT",
};

/** How long a refused client may go on sending before it is cut off, in milliseconds. */
const FAREWELL_MS = 2_000;

/** Refuses what Node has given up on, or handed over, as a bare connection. */
export function refuseConnection(socket: Duplex, refusal: Refusal): void {
  // Node takes its own listener away from a connection it hands over, and an error nobody hears ends the process.
  socket.on("error", () => undefined);
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = envelope(refusal);
  const head = `HTTP/1.1 ${refusal.status} ${refusal.reason}\r\ncontent-type: application/json`;
  socket.end(`${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`);
  // What still arrives is read and dropped: closing under it resets the connection before the answer is read.
  socket.resume();
  const farewell = setTimeout(() => socket.destroy(), FAREWELL_MS);
  socket.once("close", () => clearTimeout(farewell));
}

/** The body of a refusal. */
export function envelope({ code, message }: Refusal): string {
  return JSON.stringify({ error: { code, message, advice: "fix_call", details: {} } });
}
