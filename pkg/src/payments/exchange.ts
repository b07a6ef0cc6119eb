/**
 * One request on the wire, told as news.
 *
 * Invariant: an exchange never throws for what the network does. Whether bytes may have left decides between "not
 * sent" and "unknown", and only error codes that Node, Bun and Deno give *before* a connection exists count as "not
 * sent"; where the code is hidden (browsers, edge), everything is unknown.
 */

import type { Action, News } from "./engine.js";

/** Codes of a connection that was never made. A reset or a time-out is not among them on purpose. */
const NOT_SENT: ReadonlySet<string> = new Set([
  "ENOTFOUND",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
  "ConnectionRefused",
]);

/** Longest body read from a gateway, in characters: an answer about one payment is far below. */
const BODY_MAX = 8 << 20;

/** What the wire needs to know. */
export interface Wire {
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly fetch: (request: Request) => Promise<Response>;
}

/** Carries out a send or a query. */
export async function exchange(
  wire: Wire,
  action: Extract<Action, { type: "send" | "query" }>,
  signal: AbortSignal,
): Promise<News> {
  const timeout = AbortSignal.timeout(wire.timeoutMs);
  try {
    const request = new Request(wire.baseUrl + action.path, {
      method: action.method,
      headers: { ...wire.headers, ...action.headers },
      ...(action.type === "send" && action.body !== undefined ? { body: action.body } : {}),
      signal: AbortSignal.any([signal, timeout]),
      redirect: "manual",
    });
    const response = await wire.fetch(request);
    const body = await response.text();
    const retryAfter = response.headers.get("retry-after");
    const answer = {
      status: response.status,
      body: body.slice(0, BODY_MAX),
      ...(retryAfter === null ? {} : { retry_after: retryAfter }),
    };
    if (action.type === "query") return { type: "query", ...answer };
    const replayed = response.headers.get("idempotent-replayed") === "true";
    return { type: "response", attempt: action.attempt, replayed, ...answer };
  } catch (error) {
    if (action.type === "query") return { type: "query" };
    return { type: "failure", attempt: action.attempt, not_sent: codesOf(error).some((code) => NOT_SENT.has(code)) };
  }
}

/** The codes along the chain of causes. An aggregate counts only when each of its errors would. */
function codesOf(error: unknown, depth = 0): string[] {
  if (typeof error !== "object" || error === null || depth > 4) return [];
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown };
  if (Array.isArray(errors) && errors.length > 0) {
    const inner = errors.map((each) => codesOf(each, depth + 1));
    return inner.every((codes) => codes.some((each) => NOT_SENT.has(each))) ? inner.flat() : [];
  }
  return [...(typeof code === "string" ? [code] : []), ...codesOf(cause, depth + 1)];
}
