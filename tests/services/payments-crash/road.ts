/**
 * The road between merchant and gateway: it carries requests over HTTP, loses what it is told to lose, and knows who dies
 * while something is on it.
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * What happens to one request: it is carried there and back; it never arrives; it arrives and the answer is lost; or its
 * sender dies while the answer is on its way.
 */
export type Fate = "carried" | "request_lost" | "answer_lost" | "sender_dies";

/** A road to one gateway. */
export interface Road {
  readonly url: string;
  /** What happens to the next requests, in order; those after them are carried. */
  fates: Fate[];
  /** How far the gateway's clock was set ahead by way of this road, in milliseconds. */
  aheadMs: number;
  /** Kills the sender and resolves when he is gone. */
  killSender: () => Promise<void>;
  close(): Promise<void>;
}

/** Opens a road to the gateway at `target`. */
export async function openRoad(target: string): Promise<Road> {
  const server = createServer((request, response) => {
    void travel(road, target, request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const road: Road = {
    url: `http://127.0.0.1:${port}`,
    fates: [],
    aheadMs: 0,
    killSender: async () => undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return road;
}

async function travel(road: Road, target: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const path = request.url ?? "/";
  const sent = Buffer.concat(chunks);
  const isControl = path.startsWith("/_tillproof/");
  if (isControl) road.aheadMs += (JSON.parse(sent.toString()) as { seconds: number }).seconds * 1_000;
  // The clock of the gateway is no traffic.
  const fate = isControl ? "carried" : (road.fates.shift() ?? "carried");
  if (fate === "request_lost") return void request.socket.resetAndDestroy();
  const { host: _, connection: __, ...headers } = request.headers as Record<string, string>;
  const method = request.method ?? "GET";
  const answer = await fetch(target + path, { method, headers, ...(method === "GET" ? {} : { body: sent }) });
  const body = Buffer.from(await answer.arrayBuffer());
  if (fate === "answer_lost") return void request.socket.resetAndDestroy();
  if (fate === "sender_dies") return road.killSender();
  const kept = ["content-type", "idempotent-replayed", "retry-after"].flatMap((name) => {
    const value = answer.headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  response.writeHead(answer.status, Object.fromEntries(kept));
  response.end(body);
}
