/**
 * Requests and responses of `node:http`, and of the frameworks that stand on them.
 *
 * Invariant: what is returned as a body are the bytes of the connection (or of a framework's own copy of them), never
 * something that was decoded and encoded again.
 */

import type { Answer, Arrival, BodyRead, Endpoint } from "./endpoint.js";
import { alreadyParsed, alreadyRead, type BodyAdvice } from "./lost-body.js";

/** What is read on and dropped of a body that is too large, so that its sender comes to reading the answer. */
export const BYTES_DROPPED_MAX = 64 * 1_048_576;

/** The part of `IncomingMessage` that is used. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly rawHeaders?: readonly string[] | undefined;
  readonly readableDidRead?: boolean;
  readonly readableEnded?: boolean;
  readonly readableEncoding?: string | null;
  readonly destroyed?: boolean;
  readonly socket?: unknown;
  on(event: "data", listener: (chunk: Uint8Array) => void): unknown;
  on(event: "end" | "close", listener: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  destroy(): unknown;
}

/** The part of `ServerResponse` that is used. */
export interface NodeResponse {
  readonly headersSent: boolean;
  writeHead(status: number, headers: Record<string, string | number>): unknown;
  end(body: string): unknown;
}

/** What a framework may have put beside the stream. */
export interface ParsedBody {
  /** The parsed body. Read only when the stream is gone: for some frameworks reading it starts the parser. */
  readonly body?: unknown;
  /** The bytes a framework kept beside. */
  readonly rawBody?: unknown;
}

/** A request of Node, as the endpoint takes it. `target` is the path before a router shortened it. */
export function nodeArrival(
  request: NodeRequest,
  parsed: () => ParsedBody,
  advice: () => BodyAdvice,
  target: string = request.url ?? "/",
): Arrival {
  return {
    method: request.method ?? "",
    headers: headerPairs(request),
    header: (name) => firstOf(request.headers[name]),
    target,
    secure: (request.socket as { readonly encrypted?: unknown } | undefined)?.encrypted === true,
    body: (maxBytes) => rawBody(request, parsed, advice, maxBytes),
  };
}

/** Answers on a response of Node. Does nothing when somebody else has answered, such as a time limit. */
export async function answerNode(endpoint: Endpoint, arrival: Arrival, response: NodeResponse): Promise<void> {
  const { status, headers, body } = await endpoint.answer(arrival);
  if (response.headersSent) return;
  response.writeHead(status, sized({ status, headers, body }));
  response.end(body);
}

/** The headers of an answer with its length; codes are ASCII, so that letters are bytes. */
export function sized({ headers, body }: Answer): Record<string, string | number> {
  return { ...headers, "content-length": body.length };
}

/** Node's own record drops or joins headers that stand twice; the engine is to see both. */
function headerPairs({ headers, rawHeaders }: NodeRequest): Arrival["headers"] {
  // Frameworks for serverless platforms make requests that have only the record.
  if (rawHeaders === undefined || rawHeaders.length === 0) return headers;
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) pairs.push([rawHeaders[at] ?? "", rawHeaders[at + 1] ?? ""]);
  return pairs;
}

function firstOf(value: string | string[] | undefined): string | undefined {
  return typeof value === "object" ? value[0] : value;
}

function rawBody(
  request: NodeRequest,
  parsed: () => ParsedBody,
  advice: () => BodyAdvice,
  maxBytes: number,
): BodyRead | Promise<BodyRead> {
  if (isUnread(request)) {
    // A sender who went away before anybody listened is not announced again.
    if (request.destroyed === true) return "cut_off";
    if (Number(firstOf(request.headers["content-length"])) > maxBytes) return "too_large";
    return readStream(request, maxBytes);
  }
  const { body, rawBody: kept } = parsed();
  const bytes = bytesOf(kept) ?? (body instanceof Uint8Array ? body : undefined);
  if (bytes !== undefined) return bytes.length > maxBytes ? "too_large" : bytes;
  if (body !== undefined && body !== null) throw alreadyParsed(body, advice());
  throw alreadyRead(advice());
}

function isUnread({ readableDidRead, readableEnded, readableEncoding }: NodeRequest): boolean {
  // A stream that was told an encoding gives text, in which broken bytes were replaced.
  const givesBytes = readableEncoding === undefined || readableEncoding === null;
  return givesBytes && readableDidRead !== true && readableEnded !== true;
}

/** A text counts only if it was made without loss: a replacement character says that bytes were broken. */
function bytesOf(kept: unknown): Uint8Array | undefined {
  if (kept instanceof Uint8Array) return kept;
  return typeof kept === "string" && !kept.includes("\uFFFD") ? new TextEncoder().encode(kept) : undefined;
}

/** Listens instead of iterating: an iterator that is left early destroys the request, and the answer with it. */
function readStream(request: NodeRequest, maxBytes: number): Promise<BodyRead> {
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    request.on("data", (chunk) => {
      length += chunk.length;
      if (length <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      chunks.length = 0;
      resolve("too_large");
      if (length > maxBytes + BYTES_DROPPED_MAX) request.destroy();
    });
    request.on("end", () => resolve(joined(chunks, length)));
    request.on("error", () => resolve("cut_off"));
    // After the end of a whole body this comes too, and changes nothing.
    request.on("close", () => resolve("cut_off"));
  });
}

/** The chunks as one array. */
export function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const [only] = chunks;
  if (only !== undefined && chunks.length === 1) return only;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
