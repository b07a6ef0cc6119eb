/**
 * A payment provider on a loopback socket that keeps its promises about keys and breaks everything else.
 *
 * Invariant: a charge is made once for each key, and at every request that carries none; what the wire does to the
 * answer changes nothing about that. So the number of charges says what a client did to a customer.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What becomes of a money-moving request. Each name is a column of the table that compares clients. */
export type Behaviour =
  | "healthy"
  | "reset after processing"
  | "no answer"
  | "500, stored"
  | "503, Retry-After: 2"
  | "429, date 3 s away"
  | "409, then the answer"
  | "truncated 2xx"
  | "late answer"
  | "slow loris";

/** The six columns of reference/payments.md 5.1. */
export const SIX_BEHAVIOURS = [
  "reset after processing",
  "no answer",
  "500, stored",
  "503, Retry-After: 2",
  "429, date 3 s away",
  "409, then the answer",
] as const satisfies readonly Behaviour[];

/** A money-moving request as it arrived. */
export interface Arrival {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly key: string | undefined;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** How a provider is made. */
export interface HostileOptions {
  readonly behaviour: Behaviour;
  /** How many money-moving requests meet the behaviour; later ones are answered. For ever when left out. */
  readonly times?: number;
  /** When a late answer comes, and how long the loris takes; 1,500 when left out. */
  readonly lateMs?: number;
  /** Where requests carry their key, besides the headers every provider of the table has. */
  readonly bodyField?: string;
  /** Answers a money-moving request: what the provider made of it. Speaks Stripe and the native dialect when left out. */
  readonly charge?: (arrival: Arrival, number: number) => unknown;
  /** Answers requests that only read, and those that have nothing to do with money; `undefined` is 404. */
  readonly read?: (arrival: Arrival, charges: readonly unknown[]) => unknown;
  /** Which requests move money; every POST when left out. */
  readonly moves?: (arrival: Arrival) => boolean;
}

/** A running provider. */
export interface HostileProvider {
  readonly origin: string;
  readonly port: number;
  /** Money-moving requests, in the order of arrival. */
  readonly arrivals: readonly Arrival[];
  /** What was charged, in order. */
  readonly charges: readonly unknown[];
  /** The keys that were seen. */
  readonly keys: ReadonlySet<string>;
  /** Resolves when the number of arrivals is reached. */
  arrived(count: number): Promise<void>;
  /** Ends it with everything that hangs. */
  close(): Promise<void>;
}

const KEY_HEADERS = ["idempotency-key", "paypal-request-id", "cko-idempotency-key"];

/** Starts a provider on a free port. */
export async function hostileProvider(options: HostileOptions): Promise<HostileProvider> {
  const arrivals: Arrival[] = [];
  const charges: unknown[] = [];
  const stored = new Map<string, { readonly status: number; readonly body: string }>();
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const later = (milliseconds: number, then: () => void): void => {
    const timer = setTimeout(() => (timers.delete(timer), then()), milliseconds);
    timers.add(timer);
  };
  const moves = options.moves ?? ((arrival: Arrival) => arrival.method === "POST");

  /** What the key stands for: the first request with it charges, and whatever that gave is what all others get. */
  function outcome(arrival: Arrival, make: (charge: string) => { status: number; body: string }) {
    const known = arrival.key === undefined ? undefined : stored.get(arrival.key);
    if (known !== undefined) return { ...known, replayed: true };
    const object = (options.charge ?? chargeOf)(arrival, charges.length + 1);
    charges.push(object);
    const fresh = make(JSON.stringify(object));
    if (arrival.key !== undefined) stored.set(arrival.key, fresh);
    return { ...fresh, replayed: false };
  }

  function serve(arrival: Arrival, request: IncomingMessage, response: ServerResponse): void {
    if (!moves(arrival)) return answerRead(arrival, response);
    arrivals.push(arrival);
    const number = arrivals.length;
    const hostile = number <= (options.times ?? Number.POSITIVE_INFINITY) ? options.behaviour : "healthy";
    const paid = (body: string) => ({ status: 200, body });
    const send = ({ status, body, replayed }: ReturnType<typeof outcome>, headers: Record<string, string> = {}): void => {
      const marker = replayed ? { "idempotent-replayed": "true" } : {};
      response.writeHead(status, { "content-type": "application/json", "request-id": `req_${number}`, ...marker, ...headers });
      response.end(body);
    };
    const refuse = (status: number, headers: Record<string, string>): void => {
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(JSON.stringify({ error: { type: "api_error", code: "scripted", message: hostile } }));
    };
    switch (hostile) {
      case "healthy":
        send(outcome(arrival, paid));
        break;
      case "reset after processing":
        outcome(arrival, paid);
        request.socket.resetAndDestroy();
        break;
      case "no answer":
        outcome(arrival, paid);
        break;
      case "500, stored":
        send(outcome(arrival, () => ({ status: 500, body: '{"error":{"type":"api_error","message":"An error occurred."}}' })));
        break;
      case "503, Retry-After: 2":
        outcome(arrival, paid);
        refuse(503, { "retry-after": "2" });
        break;
      case "429, date 3 s away":
        // The limiter stands before the keys: nothing is charged, and the next attempt is the first.
        refuse(429, { "retry-after": new Date(Date.now() + 3_000).toUTCString() });
        break;
      case "409, then the answer":
        if (number === 1) {
          outcome(arrival, paid);
          refuse(409, {});
        } else send(outcome(arrival, paid));
        break;
      case "truncated 2xx": {
        const { body } = outcome(arrival, paid);
        response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
        response.write(body.slice(0, body.length / 2), () => request.socket.destroy());
        break;
      }
      case "late answer": {
        const answer = outcome(arrival, paid);
        later(options.lateMs ?? 1_500, () => send(answer));
        break;
      }
      case "slow loris": {
        const { body } = outcome(arrival, paid);
        response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
        const step = Math.max(1, Math.ceil(body.length / 10));
        const drip = (from: number): void => {
          if (from >= body.length) return void response.end();
          response.write(body.slice(from, from + step));
          later((options.lateMs ?? 1_500) / 10, () => drip(from + step));
        };
        drip(0);
        break;
      }
    }
    while (waiting[0] !== undefined && waiting[0].count <= arrivals.length) waiting.shift()?.resolve();
  }

  function answerRead(arrival: Arrival, response: ServerResponse): void {
    const found = (options.read ?? readOf)(arrival, charges);
    response.writeHead(found === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(found ?? { error: { type: "invalid_request_error", message: "no such object" } }));
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("error", () => undefined);
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
      const key = KEY_HEADERS.map((name) => headers[name]).find((value) => value !== undefined) ?? keyInBody(body, options.bodyField);
      serve({ method: request.method ?? "", path: request.url ?? "", headers, body, key, at: Date.now() }, request, response);
    });
  });
  await listening(server);
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    arrivals,
    charges,
    get keys() {
      return new Set(arrivals.flatMap(({ key }) => (key === undefined ? [] : [key])));
    },
    arrived: (count) =>
      new Promise((resolve) => {
        if (arrivals.length >= count) resolve();
        else waiting.push({ count, resolve });
      }),
    close: async () => {
      timers.forEach(clearTimeout);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function listening(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
}

function keyInBody(body: string, field: string | undefined): string | undefined {
  if (field === undefined || !body.startsWith("{")) return undefined;
  const value = (JSON.parse(body) as Record<string, unknown>)[field];
  return typeof value === "string" ? value : undefined;
}

/** A payment as the two dialects show it, told apart by the encoding of the request. */
function chargeOf({ path, headers, body }: Arrival, number: number): unknown {
  if ((headers["content-type"] ?? "").startsWith("application/x-www-form-urlencoded")) {
    const form = new URLSearchParams(body);
    const metadata = Object.fromEntries(
      [...form].flatMap(([name, value]) => {
        const inner = /^metadata\[(.+)\]$/.exec(name)?.[1];
        return inner === undefined ? [] : [[inner, value]];
      }),
    );
    const object = /^\/v1\/(\w+?)s?(?:\/|$)/.exec(path)?.[1] ?? "object";
    const [amount, currency] = [Number(form.get("amount") ?? 0), form.get("currency") ?? "eur"];
    return { id: `pi_${number}`, object, amount, currency, metadata, status: "succeeded", livemode: false };
  }
  const request = JSON.parse(body === "" ? "{}" : body) as Record<string, unknown>;
  return { id: `pay_${number}`, state: "completed", failure: null, ...request };
}

/** The list of a reference in either dialect. */
function readOf({ path }: Arrival, charges: readonly unknown[]): unknown {
  const url = new URL(path, "http://provider.test");
  const all = charges as readonly Record<string, unknown>[];
  if (url.pathname === "/api/payments") {
    const reference = url.searchParams.get("reference");
    return { object: "list", data: all.filter((charge) => charge["reference"] === reference).reverse(), hasMore: false };
  }
  if (url.pathname.endsWith("/search")) {
    const value = /:\s*["'](.*)["']$/.exec(url.searchParams.get("query") ?? "")?.[1];
    const data = all.filter((charge) => Object.values((charge["metadata"] ?? {}) as object).includes(value)).reverse();
    return { object: "search_result", data, has_more: false, next_page: null, url: url.pathname };
  }
  return all.find((charge) => url.pathname.endsWith(`/${String(charge["id"])}`));
}
