/** A gateway behind a function shaped as the global `fetch`, for clients that take one. */

import type { GatewayRequest } from "./engine.js";
import { plainHeaders } from "./plain-headers.js";
import { WaitingResponse, WholeResponse } from "./response.js";

/** An answer as it was sent. */
export interface Kept {
  readonly connection: "kept";
  readonly status: number;
  /** Names in lower case. */
  readonly headers: [name: string, value: string][];
  readonly body: string;
}

/** An answer of which only the beginning arrives: `body` is whole, {@link firstPart} of it is sent. */
export interface Truncated {
  readonly connection: "truncated";
  readonly status: number;
  readonly headers: [name: string, value: string][];
  readonly body: string;
}

/** What became of a request: an answer or a part of one, a broken connection, or nothing at all for ever. */
export type Answer = Kept | Truncated | { readonly connection: "broken" } | { readonly connection: "hung" };

/** How long a hung connection is kept where nobody gives up before, in milliseconds. */
export const HANG_MS = 120_000;

/** Gives the signal of a request where somebody has to wait: making one for every request would cost more than most answers. */
export type SignalSource = () => AbortSignal;

/** Answers a request without the objects of `fetch`. */
export type ExchangeWith = (request: GatewayRequest, signal?: AbortSignal) => Answer | Promise<Answer>;

/** The global `fetch`, or a function that may stand in its place. */
export type Fetch = (input: Request | URL | string, init?: RequestInit) => Promise<Response>;

/**
 * A `fetch` whose requests are answered by `exchange`, whatever the origin of their address.
 *
 * It rejects as the one of Node does: with the reason of an aborted signal, and with a `TypeError` whose cause has the code
 * `ECONNRESET` when the connection was broken.
 */
export function fetchOver(exchange: ExchangeWith): Fetch {
  return async (input, init) => {
    const request = plainRequest(input, init) ?? (await readRequest(input, init));
    const { signal } = request;
    signal?.throwIfAborted();
    const given = exchange(request, signal);
    const answer = "connection" in given ? given : await given;
    signal?.throwIfAborted();
    if (answer.connection === "broken") throw new TypeError("fetch failed", { cause: connectionReset() });
    if (answer.connection === "hung") throw new TypeError("fetch failed", { cause: neverAnswered() });
    if (answer.connection === "truncated") {
      return new Response(cutOff(answer.body), { status: answer.status, headers: answer.headers });
    }
    const { status, headers } = answer;
    if (request.method === "HEAD") return new Response(null, { status, headers });
    return request.isOfficial === true
      ? new WaitingResponse(answer.body, status, headers)
      : new WholeResponse(answer.body, { status, headers });
  };
}

/** A request that is read, and what it is given up by. */
type Asked = GatewayRequest & {
  readonly signal?: AbortSignal;
  /** Whether the official client asks, of which it is known what becomes of an answer. */
  readonly isOfficial?: boolean;
};

/** A request by way of the platform's own object, which knows everything a request may be made of. */
async function readRequest(input: Request | URL | string, init: RequestInit | undefined): Promise<Asked> {
  const request = input instanceof Request && init === undefined ? input : new Request(input, init);
  request.signal.throwIfAborted();
  const body = new Uint8Array(await request.arrayBuffer());
  return { ...target(request.url), method: request.method, headers: [...request.headers], body, signal: request.signal };
}

/** Methods that mean the same in whatever way they are handed over. */
const PLAIN_METHODS = new Set(["GET", "POST", "DELETE"]);

/** What is read here of the options of a request. */
const PLAIN_OPTIONS = new Set(["method", "headers", "body", "signal"]);

/**
 * A request as most clients make it: an address, a method, names and values of headers, and a text. `undefined` for every
 * other one, which is left to the platform. The object of the platform would take longer than the answer.
 */
function plainRequest(input: Request | URL | string, init: RequestInit | undefined): Asked | undefined {
  // An at sign may stand behind a name and a password, which a request must not have.
  if (typeof input !== "string" || init === undefined || input.includes("@")) return undefined;
  for (const name in init) if (!PLAIN_OPTIONS.has(name)) return undefined;
  const { method, headers: given, body, signal } = init;
  if (typeof method !== "string" || !PLAIN_METHODS.has(method)) return undefined;
  if ((body ?? undefined) !== undefined && (typeof body !== "string" || method === "GET")) return undefined;
  const headers = plainHeaders(given);
  if (headers === undefined) return undefined;
  // The platform says of a text which type it has, where nothing else is said.
  if (typeof body === "string" && !headers.isTyped) return undefined;
  const { path, query } = target(input);
  const { list, isOfficial } = headers;
  const text = typeof body === "string" ? body : "";
  if (signal instanceof AbortSignal) return { path, query, method, headers: list, body: text, signal, isOfficial };
  return (signal ?? undefined) === undefined ? { path, query, method, headers: list, body: text, isOfficial } : undefined;
}

/** An address in which nothing is escaped, folded or left out: its origin, its path and its query. */
const PLAIN_ADDRESS = /^(https?:\/\/[\w.:-]+)(\/[\w/-]*)(?:\?([\w=&[\].-]*))?$/;

/** The last origin that was found in order. */
let knownOrigin = "";

/** The path and the query of an address. Throws a `TypeError` for what is none. */
function target(address: string): { readonly path: string; readonly query: string } {
  const [, origin = "", path = "", query = ""] = PLAIN_ADDRESS.exec(address) ?? [];
  // The platform takes as long to read an address as the engine for a tenth of its answer.
  if (origin !== "" && origin === knownOrigin) return { path, query };
  const { pathname, search } = new URL(address);
  knownOrigin = origin;
  return { path: pathname, query: search.slice(1) };
}

/** What Node says of a connection that was reset. */
export function connectionReset(): Error {
  return Object.assign(new Error("the simulator broke the connection"), { code: "ECONNRESET" });
}

/** What a client says that has waited long enough. */
export function neverAnswered(): Error {
  return Object.assign(new Error("the simulator never answered"), { code: "ETIMEDOUT" });
}

/** What is sent of a body that is cut off: at least nothing, and never all. */
export function firstPart(body: Uint8Array): Uint8Array {
  return body.subarray(0, Math.floor(body.length / 2));
}

/** The beginning of a body, then what Node's `fetch` says of a connection that ends too early. */
function cutOff(body: string): ReadableStream<Uint8Array> {
  let sent = false;
  return new ReadableStream({
    pull(controller) {
      if (sent) controller.error(new TypeError("terminated", { cause: connectionReset() }));
      else controller.enqueue(firstPart(new TextEncoder().encode(body)));
      sent = true;
    },
  });
}
