/**
 * One HTTP exchange of the doctor.
 *
 * Invariant: it never rejects, follows no redirect, and ends: what went wrong is a sentence.
 */

import { UsageError } from "../usage.js";

/** What came back. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  /** The beginning of the body. */
  readonly text: string;
  /** When it was sent and when the status was there, by this clock. */
  readonly sentAt: number;
  readonly answeredAt: number;
}

/** Why nothing came back. */
export interface Unanswered {
  readonly problem: string;
  readonly fix: string;
}

const TIMEOUT_MS = 10_000;

/** Characters of an answer that are kept. */
const TEXT_MAX = 200;

/** Sends a request once. */
export async function exchange(url: URL, init: RequestInit = {}): Promise<Answered | Unanswered> {
  const sentAt = Date.now();
  try {
    const response = await fetch(url, { ...init, redirect: "manual", signal: AbortSignal.timeout(TIMEOUT_MS) });
    const answeredAt = Date.now();
    const text = (await response.text()).slice(0, TEXT_MAX);
    return { status: response.status, headers: response.headers, text, sentAt, answeredAt };
  } catch (error) {
    return unanswered(url, error);
  }
}

/** Whether there is an answer. */
export function isAnswered(outcome: Answered | Unanswered): outcome is Answered {
  return "status" in outcome;
}

/** A URL of a flag, which may be the whole secret of an endpoint: only its host is ever shown. */
export function urlOf(flag: string, value: string): URL {
  try {
    const url = new URL(value);
    if (url.protocol === "http:" || url.protocol === "https:") return url;
  } catch {
    // Told below, like every other text that is no address of HTTP.
  }
  throw new UsageError(`--${flag}: expected a URL that begins with https:// or http://`);
}

/** Whether it is this machine, where a certificate is not expected. */
export function isLocal({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") || hostname === "[::1]" || /^127\./.test(hostname);
}

function unanswered({ host }: URL, error: unknown): Unanswered {
  const { code, message } = rootOf(error);
  switch (code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return { problem: `the name ${host} is not known here`, fix: "mend the name, or the DNS of this host" };
    case "ECONNREFUSED":
      return { problem: `nothing listens at ${host}`, fix: "start the server, or mend the port" };
    case "ECONNRESET":
    case "UND_ERR_SOCKET":
      return { problem: `${host} closed the connection without an answer`, fix: "look into the log of the server or its proxy" };
    case "TimeoutError":
    case "UND_ERR_CONNECT_TIMEOUT":
    case "ETIMEDOUT":
    case "ENETUNREACH":
    case "EHOSTUNREACH":
      return { problem: `${host} did not answer within ${TIMEOUT_MS / 1000} s`, fix: "open the way: firewall, proxy, security group" };
    default:
      break;
  }
  if (/CERT|TLS|SSL|SELF_SIGNED|ALTNAME/.test(code)) {
    return { problem: `the certificate of ${host} is refused (${code})`, fix: "renew it, and serve the whole chain of certificates" };
  }
  return { problem: `${host} could not be reached: ${message}`, fix: "try the address with curl from this host" };
}

/** `fetch` says "fetch failed" only; what happened is its cause, or the first of several. */
function rootOf(error: unknown): { readonly code: string; readonly message: string } {
  let root = error as { code?: unknown; name?: unknown; message?: unknown; cause?: unknown; errors?: readonly unknown[] };
  // Two levels are what Node has; the limit is for an error that is its own cause.
  for (let depth = 0; depth < 5; depth += 1) {
    const inner = root.cause ?? root.errors?.[0];
    if (typeof inner !== "object" || inner === null) break;
    root = inner;
  }
  const code = typeof root.code === "string" ? root.code : String(root.name ?? "");
  return { code, message: String(root.message ?? root.name ?? "no reason was given").split("\n")[0] ?? "" };
}
