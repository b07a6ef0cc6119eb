/**
 * The HTTP client of Adyen's library over a `fetch`.
 *
 * The library of Adyen takes no `fetch`, but an object with one function, which is what this makes. Errors are the
 * library's own, so that code around it stays as it is.
 */

import { TillproofError } from "../shell/errors.js";
import { fn } from "../shell/guard.js";

/** What the library's error is made of. */
export interface AdyenErrorParts {
  readonly message: string;
  readonly statusCode?: number;
  readonly errorCode?: string;
  readonly responseHeaders?: Record<string, string>;
  readonly responseBody?: string;
  readonly apiError?: never;
}

/** The part of the library's configuration that belongs to a request. */
export interface AdyenConfig {
  readonly apiKey?: string;
  readonly username?: string;
  readonly password?: string;
  readonly applicationName?: string;
  readonly connectionTimeoutMillis?: number;
}

/** What the library says about one request. */
export interface AdyenRequestOptions {
  readonly method?: string | undefined;
  readonly headers?: unknown;
  readonly idempotencyKey?: string;
  readonly params?: unknown;
}

/** An HTTP client as the library takes it: `new Client(config, adyenHttpClient(safeFetch, { HttpClientException }))`. */
export interface AdyenHttpClient {
  request(
    endpoint: string,
    json: string | Uint8Array,
    config: AdyenConfig,
    isApiKeyRequired: boolean,
    requestOptions?: AdyenRequestOptions,
  ): Promise<string>;
}

/** Classes of the library; `HttpClientException` is exported by `@adyen/api-library`. */
export interface AdyenLibrary {
  readonly HttpClientException: new (parts: AdyenErrorParts) => Error;
}

/** An HTTP client for Adyen's library that sends by `fetch`. */
export function adyenHttpClient(
  fetch: (input: string, init: RequestInit) => Promise<Response>,
  library: AdyenLibrary,
): AdyenHttpClient {
  fn("fetch", fetch);
  fn("library.HttpClientException", library.HttpClientException);
  return {
    async request(endpoint, json, config, isApiKeyRequired, options = {}) {
      const method = options.method ?? "POST";
      const response = await fetch(addressOf(endpoint, options.params), {
        method,
        headers: headersOf(config, isApiKeyRequired, options),
        ...(method === "GET" || method === "HEAD" ? {} : { body: typeof json === "string" ? json : Uint8Array.from(json) }),
        ...(config.connectionTimeoutMillis === undefined ? {} : { signal: AbortSignal.timeout(config.connectionTimeoutMillis) }),
      });
      const body = await response.text();
      if (response.ok) return body;
      throw new library.HttpClientException(errorOf(response, body));
    },
  };
}

function addressOf(endpoint: string, params: unknown): string {
  if (params === undefined || params === null) return endpoint;
  const query = new URLSearchParams(params as Record<string, string>).toString();
  return query === "" ? endpoint : `${endpoint}?${query}`;
}

function headersOf(config: AdyenConfig, isApiKeyRequired: boolean, options: AdyenRequestOptions): Headers {
  const given = Object.entries((options.headers ?? {}) as Record<string, unknown>);
  const headers = new Headers(given.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)] as [string, string]])));
  if (config.apiKey !== undefined && config.apiKey !== "") headers.set("x-api-key", config.apiKey);
  else if (isApiKeyRequired) {
    throw new TillproofError({ code: "credentials_missing", message: "the configuration of Adyen's client has no apiKey: set it" });
  } else headers.set("authorization", `Basic ${btoa(`${config.username ?? ""}:${config.password ?? ""}`)}`);
  if (!headers.has("content-type")) headers.set("content-type", "application/json");
  if (config.applicationName !== undefined) headers.set("user-agent", config.applicationName);
  if (options.idempotencyKey !== undefined) headers.set("idempotency-key", options.idempotencyKey);
  return headers;
}

function errorOf(response: Response, body: string): AdyenErrorParts {
  const parts = {
    statusCode: response.status,
    responseHeaders: Object.fromEntries(response.headers),
    responseBody: body,
  };
  const api = apiError(body);
  if (api === undefined) return { message: `HTTP Exception: ${response.status}.`, ...parts };
  const { errorCode, message } = api;
  return {
    message: `HTTP Exception: ${response.status}. ${message ?? ""}`,
    ...parts,
    ...(errorCode === undefined ? {} : { errorCode }),
    apiError: api as never,
  };
}

/** The document with which Adyen's API refuses: it repeats the status. */
interface AdyenApiError {
  readonly status: unknown;
  readonly errorCode?: string;
  readonly message?: string;
}

function apiError(body: string): AdyenApiError | undefined {
  try {
    const document: unknown = JSON.parse(body);
    return typeof document === "object" && document !== null && "status" in document ? document : undefined;
  } catch {
    return undefined;
  }
}
