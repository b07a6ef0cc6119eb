/**
 * The hash functions of the host.
 *
 * Invariant: all ways give the same digest; the host is only faster. A host without a synchronous hash, and one that
 * refuses an algorithm (FIPS builds refuse SHA-1), is no error: wasm can hash.
 */

/** Of the engine's algorithms, what hosts call them: none, and the three it counts from 1. */
const NAMES = ["", "sha1", "sha256", "sha512"] as const;

/** What there is of `node:crypto`. Bun and Deno have it too, and Workers with Node compatibility. */
export interface HostCrypto {
  /** Node 20.12 and later: one call, and by far the fastest below a few kilobytes. */
  hash?(name: string, message: Uint8Array, encoding: "latin1"): string;
  createHash?(name: string): HostHasher;
}

interface HostHasher {
  update(part: Uint8Array): HostHasher;
  update(part: string, encoding: "utf8"): HostHasher;
  digest(encoding: "latin1"): string;
}

let found: HostCrypto | null | undefined;

/** How many short messages are still hashed by wasm: to load what Node has takes as long as all else before the first verdict. */
let early = 8;

/** What this host has, or `null`. Asked for when it is needed, because a bundle for browsers must not import it. */
export function hostCrypto(isShort: boolean): HostCrypto | null {
  if (isShort && early > 0) {
    early -= 1;
    return null;
  }
  found ??= lookUp();
  return found;
}

function lookUp(): HostCrypto | null {
  const host = (globalThis as { process?: { getBuiltinModule?: (name: "node:crypto") => HostCrypto | undefined } }).process;
  return host?.getBuiltinModule?.("node:crypto") ?? null;
}

/** The digest of one message, a letter for each byte; `undefined` where the host cannot. */
export function hashWhole(host: HostCrypto, algorithm: number, message: Uint8Array): string | undefined {
  const name = NAMES[algorithm] as string;
  try {
    return host.hash?.(name, message, "latin1") ?? host.createHash?.(name).update(message).digest("latin1");
  } catch {
    return undefined;
  }
}

/** The digest of a head and a body that is where the caller has it. */
export function hashParts(
  host: HostCrypto,
  algorithm: number,
  head: Uint8Array,
  body: Uint8Array | string,
): string | undefined {
  try {
    const hasher = host.createHash?.(NAMES[algorithm] as string).update(head);
    return (typeof body === "string" ? hasher?.update(body, "utf8") : hasher?.update(body))?.digest("latin1");
  } catch {
    return undefined;
  }
}
