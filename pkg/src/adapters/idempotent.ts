/**
 * What every adapter does with a request that carries an `Idempotency-Key`.
 *
 * Invariant: `answer` never rejects. Nothing is run before it is known who asks, and what goes wrong on this side goes to
 * `onError`, while the sender is told that the outcome is open.
 *
 * Unlike a webhook, a request is known by what it means: a body that a framework has parsed is as good as its bytes.
 */

import type { Answer as KeyedAnswer, Outcome } from "../idempotency/answer.js";
import type { Idempotency } from "../idempotency/idempotency.js";
import type { HandlerContext } from "../idempotency/owner.js";
import { recoverMissing } from "../idempotency/settings.js";
import { isTillproofError, TillproofError } from "../shell/errors.js";
import { count, flag, fn, object, onlyKnown, refusal, text } from "../shell/guard.js";
import { utf8 } from "../shell/wire.js";
import type { Arrival, BodyRead } from "./endpoint.js";

export type { Idempotency } from "../idempotency/idempotency.js";
export type { HandlerContext } from "../idempotency/owner.js";
export type { Outcome as IdempotentOutcome } from "../idempotency/answer.js";

/** A request, in one form for all frameworks. */
export interface IdempotentRequest<Native> {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** The first value of a header; `name` is in lower case. */
  header(name: string): string | undefined;
  /** The body as it came, or as it can be written again where the framework parsed it. */
  readonly body: Uint8Array;
  /** The value of a JSON body. Throws `SyntaxError` for what is none: answer 400. */
  json(): unknown;
  /** The framework's own request. */
  readonly native: Native;
}

/** Does what was asked, and says how that ended; see `tillproof/idempotency`. */
export type IdempotentHandler<Native, Client> = (
  request: IdempotentRequest<Native>,
  context: HandlerContext<Client>,
) => Outcome<Client> | Promise<Outcome<Client>>;

/** What an adapter takes. */
export interface IdempotentOptions<Native, Client = unknown> {
  readonly idempotency: Idempotency<Client>;
  /** What the endpoint does, in a name of your own: keys of two endpoints have nothing to do with each other. */
  readonly operation: string;
  /**
   * Who asks, as you authenticated him, such as the id of his account. Whoever is nobody (`undefined` or an empty text) is
   * answered 401: an answer of one customer is never given to another.
   */
  readonly principal: (native: Native) => string | null | undefined | Promise<string | null | undefined>;
  readonly handler: IdempotentHandler<Native, Client>;
  /** What becomes of a request whose handler failed or died in the middle: `"repeat"`, `"hold"`, or whoever finds out. */
  readonly recover?: "repeat" | "hold" | IdempotentHandler<Native, Client>;
  /** Whether a request without a key is refused; `true` if left out. */
  readonly required?: boolean;
  /** Bytes a body may have: 1 MiB if left out. */
  readonly maxBytes?: number;
  /** Told of what the handler threw, and of what else was answered with 500. If left out, `console.error` is. */
  readonly onError?: (error: unknown) => void | Promise<void>;
}

/** Options, or a function that makes them at the first request, as for webhooks. */
export type IdempotentSetup<Native, Client, Env = void> =
  | IdempotentOptions<Native, Client>
  | ((env: Env) => IdempotentOptions<Native, Client>);

/** An endpoint that is ready to answer. */
export interface KeyedEndpoint<Native> {
  /** `parsed` is what the framework made of the body; asked only when the bytes are gone. */
  answer(arrival: Arrival, native: Native, parsed?: () => unknown): Promise<KeyedAnswer>;
}

const OPTIONS = [
  "idempotency", "operation", "principal", "handler", "recover", "required", "maxBytes", "onError",
] as const;

/** The body limit when none is given: 1 MiB, as for webhooks. */
const BODY_BYTES_MAX = 1_048_576;

/** Checks the options. Throws `argument_invalid`, `option_invalid`, `text_expected` or `unknown_option`. */
export function createKeyedEndpoint<Native, Client>(options: IdempotentOptions<Native, Client>): KeyedEndpoint<Native> {
  onlyKnown("options", options, OPTIONS);
  const { idempotency, principal, handler, recover, onError } = options;
  fn("idempotency.run", object("idempotency", idempotency).run);
  fn("principal", principal);
  fn("handler", handler);
  if (onError !== undefined) fn("onError", onError);
  if (recover === undefined && idempotency.mode === "lease") throw recoverMissing();
  if (recover !== undefined && recover !== "repeat" && recover !== "hold") fn("recover", recover);
  const operation = text("operation", options.operation);
  if (operation === "") throw refusal("argument_invalid", "operation", operation, "is empty: name what the endpoint does");
  const required = flag("required", options.required) ?? true;
  const maxBytes = count("maxBytes", options.maxBytes ?? BODY_BYTES_MAX, 1);

  const decide = async (arrival: Arrival, native: Native, parsed: () => unknown): Promise<KeyedAnswer> => {
    const who = await principal(native);
    if (typeof who !== "string" || who === "") return (await idempotency.refuse("idempotency_principal_missing")).answer;
    const body = await bodyOf(arrival, parsed, maxBytes);
    if (body === "too_large") return (await idempotency.refuse("idempotency_body_too_large")).answer;
    if (body === "cut_off") return (await idempotency.refuse("idempotency_body_cut_off")).answer;
    const { method, target } = arrival;
    const request: IdempotentRequest<Native> = {
      method,
      target,
      header: (name) => arrival.header(name),
      body,
      json: () => JSON.parse(new TextDecoder().decode(body)) as unknown,
      native,
    };
    const { answer } = await idempotency.run(
      {
        operation,
        principal: who,
        key: keyOf(arrival),
        method,
        target,
        body,
        contentType: arrival.header("content-type"),
      },
      (context) => handler(request, context),
      {
        required,
        ...(recover === undefined ? {} : { recover: typeof recover === "function" ? (context) => recover(request, context) : recover }),
      },
    );
    return answer;
  };

  return {
    async answer(arrival, native, parsed = () => undefined) {
      try {
        return await decide(arrival, native, parsed);
      } catch (error) {
        try {
          await (onError ?? console.error)(error);
        } catch (second) {
          // A hook that fails must not change the answer.
          console.error(second);
        }
        return (await idempotency.refuse("idempotency_failed")).answer;
      }
    },
  };
}

/** The header; where a platform keeps two of them apart they are joined, as all others do, and refused as such. */
function keyOf({ headers, header }: Arrival): string | undefined {
  if (!Array.isArray(headers)) return header("idempotency-key");
  const values = (headers as readonly (readonly [string, string])[]).filter(([name]) => name.toLowerCase() === "idempotency-key");
  return values.length === 0 ? undefined : values.map(([, value]) => value).join(", ");
}

/** The bytes, or what a framework's parser left of them, written again. */
async function bodyOf(arrival: Arrival, parsed: () => unknown, maxBytes: number): Promise<BodyRead> {
  try {
    return await arrival.body(maxBytes);
  } catch (error) {
    if (!isTillproofError(error) || !LOST.has(error.code)) throw error;
    const left = await parsed();
    if (left === undefined || left === null) throw lost();
    const body = utf8(typeof left === "string" ? left : JSON.stringify(left));
    return body.length > maxBytes ? "too_large" : body;
  }
}

const LOST: ReadonlySet<string> = new Set(["body_already_parsed", "body_already_read"]);

function lost(): TillproofError {
  const fix = "put the route above what reads the request, or have a body parser leave the body where your framework keeps it";
  return new TillproofError({
    code: "body_already_read",
    message: `the body was read before this endpoint could read it, and nothing of it was kept: ${fix}`,
    details: { found: "a stream that was read", fix },
  });
}

/** The headers of an answer, those that stand several times as lists. */
export function headersOf({ headers, body }: KeyedAnswer): Record<string, string | string[]> {
  const record: Record<string, string | string[]> = { "content-length": String(body.length) };
  for (const [name, value] of headers) {
    const before = record[name];
    record[name] = before === undefined ? value : [before, value].flat();
  }
  return record;
}

/** Statuses whose answers have no body, nor a length. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/** The answer as a `Response`. */
export function keyedResponse({ status, headers, body }: KeyedAnswer): Response {
  const content = BODILESS.has(status) || body.length === 0 ? null : (body as Uint8Array<ArrayBuffer>);
  return new Response(content, { status, headers: headers.map(([name, value]): [string, string] => [name, value]) });
}

/** A response of Node, as an answer of bytes needs it. */
export interface KeyedResponse {
  readonly headersSent: boolean;
  writeHead(status: number, headers: Record<string, string | string[]>): unknown;
  end(body: Uint8Array): unknown;
}

/** Answers on a response of Node. Does nothing when somebody else has answered, such as a time limit. */
export function sendKeyed(answer: KeyedAnswer, response: KeyedResponse): void {
  if (response.headersSent) return;
  const headers = headersOf(answer);
  if (BODILESS.has(answer.status)) delete headers["content-length"];
  response.writeHead(answer.status, headers);
  response.end(BODILESS.has(answer.status) ? new Uint8Array(0) : answer.body);
}
