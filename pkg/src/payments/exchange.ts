/**
 * One request on the wire, told as news.
 *
 * Invariant: an exchange never throws for what the network does, and it ends at its time-out even when `fetch` does
 * not. Whether bytes may have left decides between "not sent" and "unknown": only errors that Node, Bun and Deno give
 * while they look a host up or connect to it count as "not sent"; where that is hidden (browsers, edge), everything is
 * unknown.
 */

import { beginningOf, unlessAborted } from "../shell/response.js";
import { sentForm, type FindCredentials } from "./fetch-wire.js";
import type { ExchangeAction, News } from "./engine.js";
import { TIMER_MS_MAX } from "./host.js";

/** Codes of a connection that was never made, whoever reports them. A reset or a time-out is not among them. */
const NEVER_CONNECTED: ReadonlySet<string> = new Set(["UND_ERR_CONNECT_TIMEOUT", "ConnectionRefused"]);

/** Codes of the system that also an established connection can end with: the call that failed decides. */
const BY_SYSTEM_CALL: ReadonlySet<string> = new Set([
  "ENOTFOUND",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

/** The calls that come before the first byte of a request. */
const BEFORE_SENDING: ReadonlySet<string> = new Set(["connect", "getaddrinfo"]);

/** Most of a body that is read, in bytes: an answer about one payment is far below, and the rest proves nothing. */
const BODY_BYTES_MAX = 1 << 20;

/** What the wire needs to know. */
export interface Wire {
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly fetch: (request: Request) => Promise<Response>;
  /** Credentials of prepared calls, where somebody knows them. */
  readonly credentials?: FindCredentials | undefined;
}

/** What an exchange can be told as. */
export type Exchanged = Extract<News, { type: "response" | "failure" | "query" | "void" }>;

/** Carries out a send or a question. */
export async function exchange(wire: Wire, action: ExchangeAction, signal: AbortSignal): Promise<Exchanged> {
  const sent = sentForm(action, wire.headers, wire.credentials);
  if (sent === undefined) return unanswered(action, true);
  const late = new AbortController();
  // The timer holds the controller: a signal of `AbortSignal.timeout` could be collected before its time comes.
  const timer = setTimeout(() => late.abort(new DOMException("the request timed out", "TimeoutError")), Math.min(wire.timeoutMs, TIMER_MS_MAX));
  const end = AbortSignal.any([signal, late.signal]);
  try {
    const request = new Request(wire.baseUrl + action.path, {
      method: action.method,
      ...sent,
      signal: end,
      redirect: "manual",
    });
    const response = await unlessAborted(wire.fetch(request), end);
    // What is cut off makes it unreadable, which is the truth about it.
    const { text: body } = await unlessAborted(beginningOf(response, BODY_BYTES_MAX), end);
    return answered(action, response, body);
  } catch (error) {
    return unanswered(action, neverSent(error));
  } finally {
    clearTimeout(timer);
  }
}

/** The news of an exchange that got an answer, with its body as text. */
export function answered(action: ExchangeAction, response: { readonly status: number; readonly headers: Headers }, body: string): Exchanged {
  const answer = { status: response.status, body, headers: wanted(response.headers, action.answer_headers) };
  if (action.type !== "send") return { type: action.type, query: action.query, ...answer };
  return { type: "response", attempt: action.attempt, ...answer };
}

/** The headers that were asked for, as far as they are there. */
function wanted(headers: Headers, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (headers.has(name) ? [[name, headers.get(name) ?? ""]] : [])));
}

/** The news of an exchange that got no answer; `notSent` only where it is certain that no byte left. */
export function unanswered(action: ExchangeAction, notSent: boolean): Exchanged {
  if (action.type !== "send") return { type: action.type, query: action.query };
  return { type: "failure", attempt: action.attempt, not_sent: notSent };
}

/** Whether every error in the chain of causes that says what it is says that no connection was made. */
function neverSent(error: unknown): boolean {
  const verdicts = verdictsOf(error, 0);
  return verdicts.length > 0 && verdicts.every(Boolean);
}

/** One verdict for each error with a code; aggregates (one error for each address tried) count with all of theirs. */
function verdictsOf(error: unknown, depth: number): boolean[] {
  if (typeof error !== "object" || error === null || depth > 4) return [];
  const { code, syscall, cause, errors } = error as Record<"code" | "syscall" | "cause" | "errors", unknown>;
  const inner = Array.isArray(errors) ? errors.flatMap((each) => verdictsOf(each, depth + 1)) : [];
  // An aggregate repeats the code of its first error, without saying which call failed.
  const own = typeof code === "string" && inner.length === 0 ? [isBeforeSending(code, syscall)] : [];
  return [...own, ...inner, ...verdictsOf(cause, depth + 1)];
}

function isBeforeSending(code: string, syscall: unknown): boolean {
  if (NEVER_CONNECTED.has(code)) return true;
  return BY_SYSTEM_CALL.has(code) && typeof syscall === "string" && BEFORE_SENDING.has(syscall);
}
