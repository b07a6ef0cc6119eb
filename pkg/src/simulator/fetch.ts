/** A gateway behind a function shaped as the global `fetch`, for clients that take one. */

import type { GatewayRequest } from "./engine.js";

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

/** Nothing the gateway reads, as the official client spells them; some of them are long. */
export const NOT_READ: ReadonlySet<string> = new Set([
  "Accept",
  "Connection",
  "Content-Length",
  "User-Agent",
  "X-Stripe-Client-Telemetry",
  "X-Stripe-Client-User-Agent",
]);

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
    return new WholeResponse(answer.body, { status, headers });
  };
}

/**
 * A response whose text is here already: read as a text or as JSON it needs no stream, which takes the platform as long as
 * the engine takes for the answer. It behaves as any other one, also after it was read.
 */
class WholeResponse extends Response {
  readonly #text: string;
  #isRead = false;

  constructor(text: string, init: ResponseInit) {
    super(text, init);
    this.#text = text;
  }

  override get bodyUsed(): boolean {
    return this.#isRead || super.bodyUsed;
  }

  override get body(): Response["body"] {
    this.#spend();
    return super.body;
  }

  override text(): Promise<string> {
    if (this.bodyUsed) return this.#refused(() => super.text());
    this.#isRead = true;
    return Promise.resolve(this.#text);
  }

  override json(): Promise<unknown> {
    if (this.bodyUsed) return this.#refused(() => super.json() as Promise<unknown>);
    this.#isRead = true;
    return new Promise((resolve) => resolve(JSON.parse(this.#text)));
  }

  override arrayBuffer(): Promise<ArrayBuffer> {
    return this.#refused(() => super.arrayBuffer());
  }

  override blob(): Promise<Blob> {
    return this.#refused(() => super.blob());
  }

  override formData(): Promise<FormData> {
    return this.#refused(() => super.formData());
  }

  override clone(): Response {
    this.#spend();
    return super.clone();
  }

  /** What the platform does, which refuses it where the body was read. */
  #refused<T>(ask: () => T): T {
    this.#spend();
    return ask();
  }

  /** Lets the platform know that the body was read, so that it says itself what it says of such a body. */
  #spend(): void {
    if (this.#isRead && !super.bodyUsed) void super.text();
  }
}

/** A request that is read, and what it is given up by. */
type Asked = GatewayRequest & { readonly signal?: AbortSignal };

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

const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const HEADER_VALUE = /^[!-~](?:[ -~]*[!-~])?$/;

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
  if (typeof body === "string" && !headers.some(([name]) => isNamed(name, "content-type"))) return undefined;
  const { path, query } = target(input);
  const text = typeof body === "string" ? body : "";
  if (signal instanceof AbortSignal) return { path, query, method, headers, body: text, signal };
  return (signal ?? undefined) === undefined ? { path, query, method, headers, body: text } : undefined;
}

/** Whether a header has a name that is written in lower case. */
function isNamed(name: string, lower: string): boolean {
  return name.length === lower.length && name.toLowerCase() === lower;
}

/** The values that were found in order last, of headers that are sent and not read: they are long, and always the same. */
const CHECKED = new Map<string, string>();

/** The headers when each that is read stands once, and no platform would change or refuse anything in them. */
function plainHeaders(given: RequestInit["headers"]): [name: string, value: string][] | undefined {
  const isList = Array.isArray(given);
  if (!isList && given !== undefined && Object.getPrototypeOf(given) !== Object.prototype) return undefined;
  const headers: [name: string, value: string][] = [];
  for (const pair of isList ? given : Object.entries(given ?? {})) {
    const [name, value] = pair as [unknown, unknown];
    if (typeof name !== "string" || typeof value !== "string") return undefined;
    if (CHECKED.get(name) === value) continue;
    if (!HEADER_NAME.test(name) || !HEADER_VALUE.test(value)) return undefined;
    if (NOT_READ.has(name)) {
      CHECKED.set(name, value);
      continue;
    }
    const lower = name.toLowerCase();
    // The platform would make one of both.
    if (headers.some(([other]) => isNamed(other, lower))) return undefined;
    headers.push([name, value]);
  }
  return headers;
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
