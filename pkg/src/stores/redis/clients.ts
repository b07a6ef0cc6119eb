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

/** A client of `@upstash/redis`, which speaks over `fetch`: what is used of it. */
export interface UpstashRedis {
  eval(script: string, keys: string[], values: string[]): Promise<unknown>;
  /** What tells it from ioredis, whose scripts are commands. */
  createScript(...values: never[]): unknown;
}

/** A client of one of the three, or of a cluster. */
export type RedisClient = IoRedis | NodeRedis | UpstashRedis;

/**
 * Runs a script. By its text, which Redis keeps compiled: a hash would save a kilobyte on the wire and need a way back
 * whenever a server was restarted.
 */
export type RunScript = (script: string, keys: readonly string[], values: readonly string[]) => Promise<unknown>;

/** Recognises a client by its shape. Throws `redis_client_unknown`. */
export function runnerOf(client: RedisClient): RunScript {
  const shape = (client ?? {}) as Partial<IoRedis & NodeRedis & UpstashRedis>;
  if (typeof shape.eval === "function" && typeof shape.createScript === "function") {
    const upstash = client as UpstashRedis;
    return async (script, keys, values) => unmarked(await upstash.eval(marking(script), [...keys], [...values]));
  }
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
    message: "this is no client of Redis: pass a Redis or Cluster of ioredis, what createClient of redis returns, or a Redis of @upstash/redis",
  });
}

/** Stands before every text that a script returns, so that it is no JSON. */
const MARK = "=";

/**
 * The same script, which marks the texts it returns: this client reads what looks like JSON as JSON, and a record that was
 * parsed and written again would not be the one that was stored.
 */
function marking(script: string): string {
  return `local function script() ${script}
end
local function marked(value)
  if type(value) == 'string' then return '${MARK}' .. value end
  if type(value) ~= 'table' then return value end
  local list = {}
  for i = 1, #value do list[i] = marked(value[i]) end
  return list
end
return marked(script())`;
}

function unmarked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unmarked);
  return typeof value === "string" ? value.slice(MARK.length) : value;
}
