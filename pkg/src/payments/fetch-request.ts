/**
 * A request of an SDK as it can be kept: what is sent again, what belongs to credentials, and what is left out.
 *
 * Invariant: nothing that opens an account is part of what is kept. A header counts as a credential by its name, and
 * when in doubt it is one.
 */

import { TillproofError } from "../shell/errors.js";
import { unlessAborted } from "../shell/response.js";
import type { CallBody } from "./call.js";
import { REFERENCE_HEADER } from "./fetch-reference.js";

/** A request, taken apart. */
export interface Captured {
  readonly method: string;
  readonly url: URL;
  /** Sent at every attempt, by whatever process; kept in the store. Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Sent at every attempt, kept in memory only. Lower-case names. */
  readonly credentials: Readonly<Record<string, string>>;
  /** The header that names the call, if there was one. */
  readonly reference: string | null;
  readonly body: CallBody | undefined;
}

/** Names that say that a header opens something. An idempotency key opens nothing, and is taken out by its own name. */
const CREDENTIAL = /auth|cookie|token|secret|passw|credential|signature|api-?key|access-?key|(?<!idempoten[a-z]*)-key$/;

/** What the transport writes by itself, what describes one connection, and what is true of one moment only. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  "host",
  "content-length",
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "te",
  "trailer",
  "upgrade",
  "expect",
  "accept-encoding",
  "x-stripe-client-telemetry",
  REFERENCE_HEADER,
]);

/** The request a `fetch` was called with. A stream is a body like any other here. */
export function requestOf(input: RequestInfo | URL, init: RequestInit | undefined): Request {
  const streams = init?.body instanceof ReadableStream;
  return new Request(input, streams ? ({ duplex: "half", ...init } as RequestInit) : init);
}

/** Whether a header of this name opens an account. */
export function isCredential(name: string): boolean {
  return CREDENTIAL.test(name.toLowerCase());
}

/** Takes a request apart. Reads its body; throws `body_too_large` beyond `bytesMax`, and the reason of an abort. */
export async function captured(request: Request, bytesMax: number): Promise<Captured> {
  const headers: Record<string, string> = {};
  const credentials: Record<string, string> = {};
  for (const [name, value] of request.headers) {
    if (!LEFT_OUT.has(name)) (isCredential(name) ? credentials : headers)[name] = value;
  }
  const bytes = await unlessAborted(bytesOf(request, bytesMax), request.signal);
  const body = withFixedBoundary(bytes, headers);
  return {
    method: request.method,
    url: new URL(request.url),
    headers,
    credentials,
    reference: request.headers.get(REFERENCE_HEADER),
    body: body === undefined ? undefined : kept(body),
  };
}

async function bytesOf(request: Request, bytesMax: number): Promise<Uint8Array | undefined> {
  // Firefox has no streams of requests: what is nowhere else absent must not be taken for an empty body.
  const stream = request.body as ReadableStream<Uint8Array> | null | undefined;
  if (stream === null) return undefined;
  if (stream === undefined) {
    const whole = new Uint8Array(await request.arrayBuffer());
    if (whole.length > bytesMax) throw tooLarge(bytesMax);
    return whole.length === 0 ? undefined : whole;
  }
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    length += value.byteLength;
    if (length > bytesMax) {
      await reader.cancel().catch(() => undefined);
      throw tooLarge(bytesMax);
    }
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

function tooLarge(bytesMax: number): TillproofError {
  return new TillproofError({
    code: "body_too_large",
    message:
      `the body of a call that moves money has more than ${bytesMax} bytes, and is kept until its outcome is known: ` +
      "send less, raise bodyBytesMax, or let `guards` say that this call moves no money",
    details: { limit: String(bytesMax) },
  });
}

/** The boundary every kept form has, so that one form sent twice is twice the same text. */
const BOUNDARY = "----tillproof-form-boundary-7d1f3c5a9b2e4860";

/** A drawn boundary would make each repetition another request. Changes the header with the body. */
function withFixedBoundary(bytes: Uint8Array | undefined, headers: Record<string, string>): Uint8Array | undefined {
  const drawn = /^multipart\/form-data;.*?boundary="?([^";]+)"?/i.exec(headers["content-type"] ?? "")?.[1];
  if (bytes === undefined || drawn === undefined) return bytes;
  // One letter for each byte, so that parts which are files stay what they are.
  const letters = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  if (letters.includes(BOUNDARY)) return bytes;
  headers["content-type"] = `multipart/form-data; boundary=${BOUNDARY}`;
  return Uint8Array.from(letters.replaceAll(`--${drawn}`, `--${BOUNDARY}`), (letter) => letter.charCodeAt(0));
}

function kept(bytes: Uint8Array): CallBody {
  try {
    // A byte order mark is part of what was written.
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { base64: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")) };
  }
}
