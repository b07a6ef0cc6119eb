/** What scripts/service-tests.mjs started for this run. */

/** The address of a server, or the path of a program. */
export function server(name: "POSTGRES_URL" | "REDIS_URL" | "REDIS_CLUSTER_URL" | "NATS_URL" | "MODERN_NODE"): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run \`node scripts/test.mjs --only services\``);
  return value;
}
