/** The clients of Redis behind one form: a script, its keys, its arguments. */

import { TillproofError } from "../../shell/errors.js";

/** A client of `ioredis`: what is used of it. */
export interface IoRedis {
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>;
  /** What tells it from node-redis, which spells it `evalSha`. */
  evalsha(...values: never[]): unknown;
}

/** A client of `redis`: what is used of it. */
export interface NodeRedis {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  /** What tells it from ioredis, which spells it `evalsha`. */
  evalSha(...values: never[]): unknown;
}

/** A client of one of the two, or of a cluster. */
export type RedisClient = IoRedis | NodeRedis;

/**
 * Runs a script. By its text, which Redis keeps compiled: a hash would save a kilobyte on the wire and need a way back
 * whenever a server was restarted.
 */
export type RunScript = (script: string, keys: readonly string[], values: readonly string[]) => Promise<unknown>;

/** Recognises a client by its shape. Throws `redis_client_unknown`. */
export function runnerOf(client: RedisClient): RunScript {
  const shape = (client ?? {}) as Partial<IoRedis & NodeRedis>;
  if (typeof shape.eval === "function" && typeof shape.evalSha === "function") {
    const node = client as NodeRedis;
    return (script, keys, values) => node.eval(script, { keys: [...keys], arguments: [...values] });
  }
  if (typeof shape.eval === "function" && typeof shape.evalsha === "function") {
    const io = client as IoRedis;
    return (script, keys, values) => io.eval(script, keys.length, ...keys, ...values);
  }
  throw new TillproofError({
    code: "redis_client_unknown",
    message: "this is no client of Redis: pass a Redis or Cluster of ioredis, or what createClient of redis returns",
  });
}
