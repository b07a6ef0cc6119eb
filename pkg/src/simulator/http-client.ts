/**
 * A gateway behind the interface that the official `stripe` client takes as its `httpClient`: no socket, no objects of
 * `fetch`, and an answer that is parsed once, or not at all where its shape is known.
 */

import { refusal } from "../shell/guard.js";
import { AnswerReader } from "./answer-reader.js";
import type { ExchangeWith, Kept, Truncated } from "./fetch.js";
import { connectionReset, neverAnswered } from "./fetch.js";
import { NOT_READ } from "./plain-headers.js";

/** What the client sends: a header may be a number, and it may stand several times. */
export type ClientHeaders = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** An answer as the client reads it. */
export interface ClientResponse {
  getStatusCode(): number;
  /** Names in lower case. */
  getHeaders(): Record<string, string>;
  /** What becomes of it is `lastResponse`: the client writes on it. */
  getRawResponse(): { readonly headers: Record<string, string>; readonly statusCode: number };
  toStream(streamCompleteCallback: () => void): ReadableStream<Uint8Array>;
  toJSON(): Promise<unknown>;
}

/** What `new Stripe(key, { httpClient })` takes. */
export interface StripeHttpClient {
  getClientName(): string;
  makeRequest(
    host: string,
    port: string | number,
    path: string,
    method: string,
    headers: ClientHeaders,
    requestData: string | Uint8Array | null | undefined,
    protocol: string,
    timeout: number,
  ): Promise<ClientResponse>;
}

/**
 * The class of the official client, as far as it is needed here: the client knows a body that broke off by an error of its
 * own, which nobody else can make. Versions before 23 have none, and take such a body for invalid JSON over a connection too.
 */
export interface StripeClass {
  readonly HttpClient?: { readonly makeResponseBodyError?: (exception: unknown) => Error };
}

/**
 * The class of the official client as it was handed in.
 *
 * Throws `argument_invalid`.
 */
export function stripeClass(stripe: StripeClass): StripeClass {
  if (typeof stripe === "function" || (typeof stripe === "object" && stripe !== null)) return stripe;
  throw refusal("argument_invalid", "stripe", stripe, "is not the class of the official client: pass what `import Stripe from \"stripe\"` gives");
}

/**
 * An `httpClient` whose requests are answered by `exchange`. With the class of the client, a body that breaks off is told of as
 * over a connection.
 */
export function httpClientOver(exchange: ExchangeWith, stripe?: StripeClass): StripeHttpClient {
  const reader = new AnswerReader();
  return {
    getClientName: () => "tillproof",
    makeRequest: async (_host, _port, path, method, headers, requestData) => {
      const question = path.indexOf("?");
      const asked = exchange({
        method,
        path: question < 0 ? path : path.slice(0, question),
        query: question < 0 ? "" : path.slice(question + 1),
        headers: pairs(headers),
        body: requestData ?? "",
      });
      const answer = "connection" in asked ? asked : await asked;
      if (answer.connection === "broken") throw connectionReset();
      if (answer.connection === "hung") throw neverAnswered();
      return new Answered(answer, reader, stripe);
    },
  };
}

function pairs(headers: ClientHeaders): [string, string][] {
  const found: [string, string][] = [];
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (value === undefined || NOT_READ.has(name)) continue;
    if (typeof value === "object") for (const one of value) found.push([name, one]);
    else found.push([name, String(value)]);
  }
  return found;
}

/** The headers of an answer as a record. */
export function recordOf(headers: Kept["headers"]): Record<string, string> {
  const record: Record<string, string> = {};
  for (const [name, value] of headers) record[name] = value;
  return record;
}

class Answered implements ClientResponse {
  readonly #answer: Kept | Truncated;
  readonly #headers: Record<string, string>;
  readonly #reader: AnswerReader;
  readonly #stripe: StripeClass | undefined;

  constructor(answer: Kept | Truncated, reader: AnswerReader, stripe: StripeClass | undefined) {
    this.#answer = answer;
    this.#reader = reader;
    this.#stripe = stripe;
    this.#headers = recordOf(answer.headers);
  }

  getStatusCode(): number {
    return this.#answer.status;
  }

  getHeaders(): Record<string, string> {
    return this.#headers;
  }

  /** With the status, as the answers of Node have it: the client adds what is missing, property by property. */
  getRawResponse(): { readonly headers: Record<string, string>; readonly statusCode: number } {
    return { headers: this.#headers, statusCode: this.#answer.status };
  }

  toStream(streamCompleteCallback: () => void): ReadableStream<Uint8Array> {
    streamCompleteCallback();
    const { body } = new Response(this.#answer.body);
    return body ?? new ReadableStream();
  }

  async toJSON(): Promise<unknown> {
    if (this.#answer.connection === "truncated") {
      const reset = connectionReset();
      throw this.#stripe?.HttpClient?.makeResponseBodyError?.(reset) ?? reset;
    }
    return this.#reader.read(this.#answer.body);
  }
}
