/**
 * A gateway over HTTP, for Node.
 *
 * Invariant: a connection breaks exactly when the engine says so: a lost request or a lost answer resets the socket, and
 * everything else is answered, also what is not HTTP.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

import { createGateway, type Gateway, type GatewayOptions } from "./gateway.js";

/** The engine refuses bodies above 256 KiB; one byte more is read, so that it can say so. */
const BODY_BYTES_READ_MAX = 256 * 1024 + 1;

/** How long {@link GatewayServer.close} waits for answers under way. */
const DRAIN_MS = 5_000;

/** Idle connections are kept longer than any client keeps them, or a reused one is closed under a request. */
const KEEP_ALIVE_MS = 65_000;

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
  const server: Server = createServer((request, response) => void answer(server, gateway, request, response));
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.on("clientError", (_error, socket) => refuseNonsense(socket as Socket));
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
    const body = await readBody(request);
    const target = request.url ?? "/";
    const question = target.indexOf("?");
    const result = await gateway.exchange({
      method: request.method ?? "",
      path: question < 0 ? target : target.slice(0, question),
      query: question < 0 ? "" : target.slice(question + 1),
      headers: headerPairs(request),
      body,
    });
    if (result.connection === "broken") return reset(request.socket);
    const headers = Object.fromEntries(result.headers);
    // What was not read to its end cannot be followed by another request; and a server that ends takes none.
    if (!request.complete || !server.listening) headers["connection"] = "close";
    response.writeHead(result.status, { ...headers, "content-length": Buffer.byteLength(result.body) });
    response.end(result.body);
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

/** The body, or its beginning when it is longer than the engine takes. */
async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= BODY_BYTES_READ_MAX) break;
  }
  return Buffer.concat(chunks).subarray(0, BODY_BYTES_READ_MAX);
}

function headerPairs(request: IncomingMessage): [string, string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < request.rawHeaders.length; at += 2) {
    pairs.push([request.rawHeaders[at] ?? "", request.rawHeaders[at + 1] ?? ""]);
  }
  return pairs;
}

/** A reset, not an orderly end: the client sees ECONNRESET, as from a gateway that died. */
function reset(socket: Socket): void {
  socket.resetAndDestroy();
}

function refuseNonsense(socket: Socket): void {
  if (!socket.writable) return;
  const body = JSON.stringify({
    error: {
      code: "not_http",
      message: "the request is not HTTP as it should be: send it with an HTTP client",
      advice: "fix_call",
      details: {},
    },
  });
  const head = `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}`;
  socket.end(`${head}\r\nconnection: close\r\n\r\n${body}`);
}
