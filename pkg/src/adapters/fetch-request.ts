/**
 * `Request` in, `Response` out: what Workers, Deno, Bun, Hono, Next and SvelteKit have in common.
 *
 * Invariant: the body is read as bytes from the request's own stream, at most once and never beyond the limit.
 */

import type { Answer, Arrival, BodyRead } from "./endpoint.js";
import { alreadyRead, type BodyAdvice } from "./lost-body.js";
import { joined } from "./node-request.js";

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
  if (Number(request.headers.get("content-length")) > maxBytes) return "too_large";
  return request.body === null ? new Uint8Array(0) : readBytes(request.body, maxBytes);
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
  } catch {
    return "cut_off";
  }
  // Not awaited: the runtime may hold this back until the sender has finished.
  void reader.cancel().catch(() => undefined);
  return "too_large";
}
