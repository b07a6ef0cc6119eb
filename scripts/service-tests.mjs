/**
 * tests/services: what only a real server or a killed process can show.
 *
 * Invariant: a test gets its servers through `POSTGRES_URL`, `REDIS_URL`, `REDIS_CLUSTER_URL` and `NATS_URL`, and a Node
 * with a SQLite of its own, which Node 20 lacks, through `MODERN_NODE`; whatever happens, the servers are gone afterwards.
 */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { redisOverHttp } from "../tests/services/redis-over-http.mjs";
import { at, Failure, run } from "./command.mjs";
import { esbuild } from "./javascript.mjs";
import { ensureNats, ensurePostgres, ensureRedis, ensureRedisCluster, stopServices } from "./services.mjs";

const SOURCES = at("tests/services");
const BUNDLES = at("target/services");

/** Bundles every source below tests/services into target/services, and returns the folder. */
export async function buildServiceTests() {
  await ensurePackages();
  rmSync(BUNDLES, { recursive: true, force: true });
  mkdirSync(BUNDLES, { recursive: true });
  symlinkSync(join(SOURCES, "node_modules"), join(BUNDLES, "node_modules"));
  const sources = readdirSync(SOURCES, { recursive: true })
    .filter((file) => file.endsWith(".ts") && !file.includes("node_modules"));
  await esbuild().build({
    entryPoints: sources.map((file) => join(SOURCES, file)),
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    // Drivers are loaded as merchants load them; everything else comes from the sources.
    external: Object.keys(JSON.parse(readFileSync(join(SOURCES, "package.json"), "utf8")).dependencies),
    outbase: SOURCES,
    outdir: BUNDLES,
    outExtension: { ".js": ".mjs" },
    sourcemap: "inline",
    logLevel: "warning",
  });
  return BUNDLES;
}

/** Starts the servers, hands their addresses to `body` as environment variables, and stops them. */
export async function withServices(body) {
  try {
    const [POSTGRES_URL, REDIS_URL, REDIS_CLUSTER_URL, NATS_URL] = await Promise.all([
      ensurePostgres(),
      ensureRedis(),
      ensureRedisCluster(),
      ensureNats(),
    ]);
    return await body({ POSTGRES_URL, REDIS_URL, REDIS_CLUSTER_URL, NATS_URL, MODERN_NODE: modernNode() });
  } finally {
    await stopServices();
  }
}

/** Adds a Redis behind HTTP to the servers: `UPSTASH_REDIS_REST_URL` and `UPSTASH_REDIS_REST_TOKEN`. */
export async function withRedisOverHttp(env, body) {
  const { Redis } = createRequire(join(SOURCES, "package.json"))("ioredis");
  const client = new Redis(Object.assign(new URL(env.REDIS_URL), { pathname: "/5" }).href);
  const bridge = await redisOverHttp(client, "token");
  try {
    await client.flushdb();
    return await body({ ...env, UPSTASH_REDIS_REST_URL: bridge.url, UPSTASH_REDIS_REST_TOKEN: "token" });
  } finally {
    await bridge.close();
    await client.quit();
  }
}

/** A Node with `node:sqlite`: this one, or the one tests/services/package.json pins for older hosts. */
function modernNode() {
  if (process.getBuiltinModule?.("node:sqlite") !== undefined) return process.execPath;
  const pinned = join(SOURCES, "node_modules", `node-${process.platform}-${process.arch}`, "bin", "node");
  if (existsSync(pinned)) return pinned;
  throw new Failure(`these tests need node:sqlite: run them with Node 24 (this is ${process.version})`);
}

async function ensurePackages() {
  const lock = createHash("sha256").update(readFileSync(join(SOURCES, "package-lock.json"))).digest("hex");
  const stamp = join(SOURCES, "node_modules", ".tillproof-lock");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: SOURCES });
  writeFileSync(stamp, lock);
}
