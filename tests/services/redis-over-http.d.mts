import type { Redis } from "ioredis";

/** Where the bridge listens, and how it is ended. */
export interface Bridge {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves on loopback whoever brings the token. */
export function redisOverHttp(client: Redis, token: string): Promise<Bridge>;
