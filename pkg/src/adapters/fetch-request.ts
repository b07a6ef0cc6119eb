/**
 * `Request` in, `Response` out: what Workers, Deno, Bun, Hono, Next and SvelteKit have in common.
 *
 * Invariant: the body is read as bytes from the request's own stream, at most once and never beyond the limit.
 */

import type { Answer, Arrival, BodyRead } from "./endpoint.js";
import { alreadyRead, type BodyAdvice, neverHandedOver } from "./lost-body.js";
import { BYTES_DROPPED_MAX, joined } from "./node-request.js";

/** A `Request`, as the endpoint takes it. `keep` is said when its body is gone. */
export function fetchArrival(request: Request, keep: BodyAdvice["keep"]): Arrival {
  const { protocol, pathname, search } = new URL(request.url);
  return {
    method: request.method,
    headers: request.headers,
    header: (name) => request.headers.get(name) ?? undefined,
    target: pathname + search,
    secure: protocol === "https:",
    body: (maxBytes) => readBody(request, keep, maxBytes),
  };
}

/** The answer as a `Response`. */
export function fetchResponse({ status, headers, body }: Answer): Response {
  return new Response(body === "" ? null : body, { status, headers });
}

async function readBody(request: Request, keep: string, maxBytes: number): Promise<BodyRead> {
  if (request.bodyUsed || request.body?.locked === true) throw alreadyRead({ keep });
  const announced = Number(request.headers.get("content-length"));
  if (request.body === null) {
    if (announced > 0) throw neverHandedOver(announced);
    return new Uint8Array(0);
  }
  if (announced > maxBytes) {
    await drop(request.body.getReader());
    return "too_large";
  }
  return readBytes(request.body, maxBytes);
}

/** The bytes of a stream that nobody reads yet. */
export async function readBytes(stream: ReadableStream<Uint8Array>, maxBytes: number): Promise<BodyRead> {
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return joined(chunks, length);
      length += value.length;
      if (length > maxBytes) break;
      chunks.push(value);
    }
  } catch (error) {
    return isTooLarge(error) ? "too_large" : "cut_off";
  }
  await drop(reader);
  return "too_large";
}

/** A limit of the framework's own, which ends the stream. */
function isTooLarge(error: unknown): boolean {
  const { status, statusCode } = (error ?? {}) as { readonly status?: unknown; readonly statusCode?: unknown };
  return status === 413 || statusCode === 413;
}

/**
 * Reads on before the answer goes out. Cancelling makes SvelteKit cut the connection, and the answer with it; reading
 * while it goes out makes workerd do so.
 */
async function drop(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  try {
    for (let length = 0; length <= BYTES_DROPPED_MAX; ) {
      const { done, value } = await reader.read();
      if (done) return;
      length += value.length;
    }
    await reader.cancel();
  } catch {
    // The sender went away, which is what it was told to do.
  }
}
