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

/** Answers a request without the objects of `fetch`. */
export type ExchangeWith = (request: GatewayRequest, signal?: AbortSignal) => Promise<Answer>;

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
    const request = input instanceof Request && init === undefined ? input : new Request(input, init);
    request.signal.throwIfAborted();
    const url = new URL(request.url);
    const answer = await exchange(
      {
        method: request.method,
        path: url.pathname,
        query: url.search.slice(1),
        headers: [...request.headers],
        body: new Uint8Array(await request.arrayBuffer()),
      },
      request.signal,
    );
    request.signal.throwIfAborted();
    if (answer.connection === "broken") throw new TypeError("fetch failed", { cause: connectionReset() });
    if (answer.connection === "hung") throw new TypeError("fetch failed", { cause: neverAnswered() });
    if (answer.connection === "truncated") {
      return new Response(cutOff(answer.body), { status: answer.status, headers: answer.headers });
    }
    return new Response(request.method === "HEAD" ? null : answer.body, { status: answer.status, headers: answer.headers });
  };
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
