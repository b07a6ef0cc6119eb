/**
 * A gateway over HTTP, for Node.
 *
 * Invariant: a connection breaks exactly when the engine says so: a lost request or a lost answer resets the socket, and
 * everything else is answered in the one envelope, also what is not HTTP.
 */

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo, Socket } from "node:net";

import { firstPart, HANG_MS } from "./fetch.js";
import { createGateway, exchangeRead, type Gateway } from "./gateway.js";
import { recordOf } from "./http-client.js";
import { openApi } from "./openapi.js";
import type { GatewayOptions } from "./options.js";
import { NOT_READ } from "./plain-headers.js";
import {
  envelope,
  EXPECTATION_FAILED,
  HEAD_TOO_LARGE,
  HOST_MISSING,
  NO_TUNNEL,
  NOT_HTTP,
  refuseConnection,
  TOO_SLOW,
  type Refusal,
} from "./refusal.js";

/**
 * By `require`: an import looks at every export, and those of Node 22 and later hold a web socket whose sight alone loads the
 * whole of `fetch`, which takes half as long as Node takes to start.
 */
const { createServer } = createRequire(import.meta.url)("node:http") as typeof import("node:http");

/** The engine refuses bodies above 256 KiB; one byte more is read, so that it can say so. */
const BODY_BYTES_READ_MAX = 256 * 1024 + 1;

/** What is read and dropped of a longer body, so that its sender comes to reading the answer. */
const BODY_BYTES_DROPPED_MAX = 64 * 1024 * 1024;

/** How long dropping may take, in milliseconds. */
const DROP_MS = 5_000;

/** How long {@link GatewayServer.close} waits for answers under way. */
const DRAIN_MS = 5_000;

/** Idle connections are kept longer than any client keeps them, or a reused one is closed under a request. */
const KEEP_ALIVE_MS = 65_000;

/** How often a hung connection looks whether the server still listens. */
const WATCH_MS = 200;

/** The header that says whom a request is for. */
const HOST = "host";

/** Where the description of the native dialect is served. */
const DOCUMENT_PATH = "/openapi.json";

/** Where to listen. */
export interface ServeOptions {
  /** What the gateway is made from. `clock` is `real` when left out. */
  readonly gateway?: GatewayOptions;
  /** 0, the default, takes any free port. */
  readonly port?: number;
  /** 127.0.0.1 when left out. */
  readonly host?: string;
}

/** A gateway that listens. */
export interface GatewayServer {
  readonly gateway: Gateway;
  readonly port: number;
  /** Such as `http://127.0.0.1:4010`. */
  readonly url: string;
  /** Takes no new requests, lets those under way end, stops the webhooks. */
  close(): Promise<void>;
}

/** Listens and resolves when it does; rejects when the port cannot be had. */
export async function serve(options: ServeOptions = {}): Promise<GatewayServer> {
  // Webhooks sent over HTTP are verified against the wall clock, whatever the gateway's own clock says.
  const gateway = createGateway({ clock: "real", signatureTime: Date.now, ...options.gateway });
  // What there is to describe is the native dialect; Stripe describes its own.
  const isDescribed = options.gateway?.dialect !== "stripe";
  // Node would refuse a missing Host by itself, with an empty body.
  const server: Server = createServer({ requireHostHeader: false }, (request, response) => {
    const asksForDocument = isDescribed && request.method === "GET" && request.url === DOCUMENT_PATH;
    void (asksForDocument ? describe(request, response) : answer(server, gateway, request, response));
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.on("checkExpectation", (request, response) => void refuse(request, response, EXPECTATION_FAILED));
  server.on("connect", (_request, socket) => refuseConnection(socket, NO_TUNNEL));
  // Nobody listens to "upgrade": such a request is answered as if it had not asked, as RFC 9110 section 7.8 provides.
  server.on("clientError", (error, socket) => refuseConnection(socket, refusalOf(error)));
  try {
    await listen(server, options.port ?? 0, options.host ?? "127.0.0.1");
  } catch (error) {
    await gateway.close();
    throw error;
  }
  const { address, port } = server.address() as AddressInfo;
  const host = address.includes(":") ? `[${address}]` : address;
  return { gateway, port, url: `http://${host}:${port}`, close: () => close(server, gateway) };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function close(server: Server, gateway: Gateway): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const impatience = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearTimeout(impatience);
  await gateway.close();
}

async function answer(
  server: Server,
  gateway: Gateway,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const { headers, hosts } = headersOf(request);
    if (hosts !== 1 && request.httpVersion === "1.1") return await refuse(request, response, HOST_MISSING);
    const body = await readBody(request);
    const target = request.url ?? "/";
    const question = target.indexOf("?");
    const asked = {
      method: request.method ?? "",
      path: question < 0 ? target : target.slice(0, question),
      query: question < 0 ? "" : target.slice(question + 1),
      headers,
      body,
    };
    const result = await exchangeRead(gateway, asked, () => goneSignal(response));
    if (result.connection === "broken") return reset(request.socket);
    if (result.connection === "hung") return hang(server, request.socket);
    const record = recordOf(result.headers);
    if (result.connection === "truncated") return cutOff(request, response, result.status, record, result.body);
    if (!server.listening) record["connection"] = "close";
    if (request.complete) write(response, result.status, record, result.body);
    else await writeEarly(request, response, result.status, record, result.body);
    // Virtual time stands still, but what is due now is sent now, as a merchant behind a socket expects.
    if (gateway.clock === "virtual") await gateway.advance(0);
  } catch (error) {
    // The engine answers what is wrong with a request; what arrives here is the client's disconnect or our bug.
    if (request.destroyed || response.headersSent) return reset(request.socket);
    const message = error instanceof Error ? error.message : String(error);
    const body = JSON.stringify({
      error: { code: "gateway_bug", message, advice: "report_bug", details: {} },
    });
    response.writeHead(500, { "content-type": "application/json" });
    response.end(body);
  }
}

/** What aborts when the client goes away, or has been answered. */
function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  if (response.destroyed) gone.abort();
  else response.once("close", () => gone.abort());
  return gone.signal;
}

/** Sends the OpenAPI document of the native dialect. */
async function describe(request: IncomingMessage, response: ServerResponse): Promise<void> {
  await send(request, response, 200, { "content-type": "application/json" }, JSON.stringify(openApi()));
}

/** Refuses a request whose body was not looked at. */
async function refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal): Promise<void> {
  const headers = { "content-type": "application/json", connection: "close" };
  await send(request, response, refusal.status, headers, envelope(refusal));
}

/** Sends an answer; the body stays away by itself where the method is HEAD. */
async function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<void> {
  if (request.complete) write(response, status, { ...headers }, body);
  else await writeEarly(request, response, status, headers, body);
}

/** Sends an answer to a request that was read to its end. The record becomes the answer's own. */
function write(response: ServerResponse, status: number, headers: Record<string, string>, body: string): void {
  headers["content-length"] = String(Buffer.byteLength(body));
  response.writeHead(status, headers);
  response.end(body);
}

/** Sends an answer to a request that was not read to its end, and cannot be followed by another one. */
async function writeEarly(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<void> {
  response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body), connection: "close" });
  response.write(body);
  await dropRest(request);
  response.end();
}

/** The body, or its beginning when it is longer than the engine takes. Rejects when the client goes away before its end. */
function readBody(request: IncomingMessage): Promise<Uint8Array> {
  // By events and not by iteration, which takes as long as the answer itself.
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let length = 0;
    const done = (): void => {
      const [first] = chunks;
      const whole = first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks);
      chunks = [];
      resolve(whole.subarray(0, BODY_BYTES_READ_MAX));
    };
    const take = (chunk: Buffer): void => {
      chunks.push(chunk);
      length += chunk.length;
      if (length < BODY_BYTES_READ_MAX) return;
      request.off("data", take);
      request.pause();
      done();
    };
    request.on("data", take);
    request.once("end", done);
    request.on("error", reject);
    request.once("close", () => {
      if (!request.complete) reject(new Error("the client went away before its request was sent"));
    });
  });
}

/**
 * Reads on after the answer was sent. A connection that is closed while its client still sends is reset, and a reset
 * takes the answer away before the client has read it.
 */
async function dropRest(request: IncomingMessage): Promise<void> {
  const impatience = setTimeout(() => request.destroy(), DROP_MS);
  let length = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > BODY_BYTES_DROPPED_MAX) break;
    }
  } catch {
    // The client has its answer and went away, which is what it was told to do.
  }
  clearTimeout(impatience);
}

/**
 * Every header as it came, but for those nobody reads, and how many say whom the request is for. Node's own record drops or
 * joins those that stand twice, and the engine is to see both.
 */
function headersOf({ rawHeaders }: IncomingMessage): { headers: [string, string][]; hosts: number } {
  const headers: [string, string][] = [];
  let hosts = 0;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    if (NOT_READ.has(name)) continue;
    if (name.length === HOST.length && name.toLowerCase() === HOST) hosts += 1;
    headers.push([name, rawHeaders[at + 1] ?? ""]);
  }
  return { headers, hosts };
}

/** Keeps a connection without a word until the client, or the server as a whole, gives up. */
function hang(server: Server, socket: Socket): void {
  const end = setTimeout(() => reset(socket), HANG_MS);
  end.unref();
  const watch = setInterval(() => {
    if (!server.listening) reset(socket);
  }, WATCH_MS);
  watch.unref();
  socket.once("close", () => {
    clearTimeout(end);
    clearInterval(watch);
  });
}

/** Announces the whole length, sends the beginning, and ends the connection. */
function cutOff(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): void {
  const whole = Buffer.from(body);
  response.writeHead(status, { ...headers, "content-length": whole.length, connection: "close" });
  response.write(firstPart(whole), () => request.socket.destroy());
  // An empty beginning is never written, so that nobody would be called back.
  if (whole.length < 2) request.socket.destroy();
}

/** A reset, not an orderly end: the client sees ECONNRESET, as from a gateway that died. */
function reset(socket: Socket): void {
  socket.resetAndDestroy();
}

/** What Node's parser stumbled over. */
function refusalOf(error: Error): Refusal {
  switch ((error as { code?: unknown }).code) {
    case "HPE_HEADER_OVERFLOW":
      return HEAD_TOO_LARGE;
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return TOO_SLOW;
    default:
      return NOT_HTTP;
  }
}
