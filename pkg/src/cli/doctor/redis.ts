/** Whether a Redis server is there, takes writes, keeps commits and evicts nothing. Nothing is written. */

import { CHECK, driver, DURABLE, noDriver, PATIENCE_MS } from "./driver.js";
import { broken, doubtful, fine, type Finding } from "./finding.js";

/** One command, whatever the client. */
type Command = (...words: string[]) => Promise<unknown>;

/** Asks the server. Rejects with what the client says. */
export async function checkRedis(address: string): Promise<Finding[]> {
  const ioredis = await driver("ioredis");
  if (ioredis !== undefined) {
    const Redis = (ioredis["Redis"] ?? ioredis["default"]) as new (address: string, options: object) => {
      connect(): Promise<void>;
      call(...words: string[]): Promise<unknown>;
      disconnect(): void;
      on(event: "error", listener: () => void): void;
    };
    const client = new Redis(address, { lazyConnect: true, connectTimeout: PATIENCE_MS, maxRetriesPerRequest: 0, retryStrategy: () => null });
    client.on("error", () => undefined);
    try {
      await client.connect();
      return await judgeRedis(async (...words) => client.call(...words));
    } finally {
      client.disconnect();
    }
  }
  const other = await driver("redis");
  if (other === undefined) return noDriver("Redis", "redis");
  const createClient = other["createClient"] as (options: object) => {
    connect(): Promise<unknown>;
    sendCommand(words: string[]): Promise<unknown>;
    close?(): Promise<void>;
    quit(): Promise<unknown>;
    on(event: "error", listener: () => void): void;
  };
  const client = createClient({ url: address, socket: { connectTimeout: PATIENCE_MS, reconnectStrategy: false } });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await judgeRedis(async (...words) => client.sendCommand(words));
  } finally {
    await (client.close?.() ?? client.quit());
  }
}

async function judgeRedis(send: Command): Promise<Finding[]> {
  await send("PING");
  const found = fine(CHECK, "Redis answers; it needs no tables");
  const role = /^role:(\w+)/m.exec(String(await send("INFO", "replication")))?.[1];
  if (role !== undefined && role !== "master") {
    return [found, broken(DURABLE, `this server is a ${role}: it takes no writes`, "give the shop the address of the primary")];
  }
  const settings = new Map<string, string>();
  for (const name of ["appendonly", "appendfsync", "maxmemory-policy"]) {
    const answer = await send("CONFIG", "GET", name).catch(() => []);
    settings.set(name, Array.isArray(answer) ? String(answer[1] ?? "") : String((answer as Record<string, unknown>)[name] ?? ""));
  }
  const [append, sync, evict] = [settings.get("appendonly"), settings.get("appendfsync"), settings.get("maxmemory-policy")];
  if (append === "") return [found, doubtful(DURABLE, "this server does not tell its settings", "ask its operator for those of docs/stores.md")];
  if (evict !== "noeviction") {
    return [found, broken(DURABLE, `maxmemory-policy is ${evict}: an evicted claim is applied again`, "CONFIG SET maxmemory-policy noeviction, and the same in redis.conf")];
  }
  if (append !== "yes" || sync !== "always") {
    return [found, doubtful(DURABLE, `appendonly is ${append} and appendfsync ${sync}: a crash takes back the last commits`, "set them to yes and always: docs/stores.md")];
  }
  return [found, fine(DURABLE, "appendonly with appendfsync always, nothing is evicted")];
}
