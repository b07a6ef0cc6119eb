/** Base64, by what each platform has. */

/** Newer than the library types of the oldest TypeScript we build with. */
type Base64Decoder = { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> };
type NodeBuffer = { from(text: string, encoding: "base64"): Uint8Array<ArrayBuffer> };

/** The bytes of a base64 text, by the fastest decoder the platform has. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const native = (Uint8Array as Base64Decoder).fromBase64;
  if (native !== undefined) return native.call(Uint8Array, text);
  const buffer = (globalThis as { Buffer?: NodeBuffer }).Buffer;
  if (buffer !== undefined) return buffer.from(text, "base64");
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
