/**
 * SHA-256 of what comes in pieces, by what the host has.
 *
 * Invariant: all ways give the same digest. Where the host hashes piece by piece (Node, Bun, Deno, Workers with Node
 * compatibility) no more than one piece is held; WebCrypto alone, in browsers, wants the whole at once.
 */

/** The part of `node:crypto` that is used. */
interface Hasher {
  update(piece: Uint8Array): Hasher;
  digest(encoding: "hex"): string;
}

/** The digest in lower-case hexadecimal, and how many bytes it is of. */
export async function sha256Of(pieces: AsyncIterable<Uint8Array>): Promise<{ readonly length: number; readonly sha256: string }> {
  // Asked for at run time, because a bundle for browsers must not import it.
  const host = (globalThis as { process?: { getBuiltinModule?: (name: "node:crypto") => { createHash?: (name: "sha256") => Hasher } | undefined } }).process;
  const hasher = host?.getBuiltinModule?.("node:crypto")?.createHash?.("sha256");
  const kept: Uint8Array[] = [];
  let length = 0;
  for await (const piece of pieces) {
    length += piece.length;
    if (hasher === undefined) kept.push(piece);
    else hasher.update(piece);
  }
  if (hasher !== undefined) return { length, sha256: hasher.digest("hex") };
  const digest = await crypto.subtle.digest("SHA-256", await new Blob(kept as BlobPart[]).arrayBuffer());
  return { length, sha256: [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("") };
}
