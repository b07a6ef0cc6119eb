/** Bytes through a compressor of the host, which all hosts have. */

/** All of `parts`, one after the other, through `stream`. */
export async function through(stream: CompressionStream | DecompressionStream, ...parts: Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> {
  const source = new Blob(parts as BlobPart[]).stream() as ReadableStream<Uint8Array<ArrayBuffer>>;
  return new Uint8Array(await new Response(source.pipeThrough(stream)).arrayBuffer());
}
