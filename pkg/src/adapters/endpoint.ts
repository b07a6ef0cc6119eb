/**
 * What every adapter does with a request once its bytes are there.
 *
 * Invariant: `answer` never rejects, reads the body once and before anything else looks into it, and tells the sender
 * a status and nothing more. Why a delivery was refused goes to `onRefused`, what went wrong on this side to `onError`.
 *
 * Order: method, size, receiver. Nothing reaches the receiver that was not a POST of bytes as they arrived.
 */

import { refusedStatus } from "../inbox/answers.js";
import type { EventHandler } from "../inbox/apply.js";
import { isTillproofError, TillproofError } from "../shell/errors.js";
import { count, flag, fn, object, onlyKnown, refusal } from "../shell/guard.js";
import type { HeadersLike } from "../webhooks/headers.js";
import type { Delivery, RefusedDelivery, VerifiedEvent, Verifier } from "../webhooks/verifier.js";
import { onceFor } from "./environment.js";
import { checkedUrl, forwardedUrl } from "./public-url.js";

/** The body limit when none is given: 1 MiB, as in Fastify and Next. */
const BODY_BYTES_MAX = 1_048_576;

/** What an adapter needs to know of what became of a delivery. */
export interface Outcome {
  /** What the provider is answered. */
  readonly httpStatus: number;
  /** Why the delivery was refused, where it was. */
  readonly refusal?: RefusedDelivery;
}

/** Whoever takes deliveries and says how to answer: the receiver in front of a queue, or one of your own. */
export interface Receiver {
  receive(delivery: Delivery): Promise<Outcome>;
}

/** The part of an inbox that an adapter calls. */
export interface InboxLike {
  receive(delivery: Delivery, handler: EventHandler): Promise<Outcome>;
}

/** What holds for every adapter and every way of receiving. */
export interface EndpointSettings {
  /** Bytes a body may have: 1 MiB if left out. A larger one is answered with 413. */
  readonly maxBytes?: number;
  /** The URL as the provider was given it, for schemes that sign it. Wins over `trustProxy`. */
  readonly url?: string;
  /**
   * Derives that URL from `X-Forwarded-Proto`, `X-Forwarded-Host` and the path. Only behind a proxy that sets both: a
   * sender can write these headers too.
   */
  readonly trustProxy?: boolean;
  /** Puts the code of a refusal into the answer. For development: it also tells a forger how far he came. */
  readonly expose?: "code";
  /**
   * Told of each refused delivery: `code`, `message` and, where a likely mistake was found, `hint`. For logs. If left
   * out, `console.warn` is, in one line; `() => {}` says nothing.
   */
  readonly onRefused?: (refusal: RefusedDelivery) => void | Promise<void>;
  /** Told of what went wrong on this side and was answered with 500. If left out, `console.error` is. */
  readonly onError?: (error: unknown) => void | Promise<void>;
}

/** Through an inbox: each event applied once. */
export interface ThroughInbox<Box extends InboxLike> {
  readonly inbox: Box;
  /** As `inbox.receive` takes it. */
  readonly handler: Parameters<Box["receive"]>[1];
  readonly verifier?: undefined;
  readonly receiver?: undefined;
}

/** Without a store: the handler runs for every genuine delivery, also for repeated ones. */
export interface ThroughVerifier {
  readonly verifier: Verifier;
  /** Called for each event in turn; if it throws, the answer is 500 and the provider sends all of them again. */
  readonly handler: (event: VerifiedEvent) => void | Promise<void>;
  readonly inbox?: undefined;
  readonly receiver?: undefined;
}

/** Through whatever has `receive(delivery)`. */
export interface ThroughReceiver {
  readonly receiver: Receiver;
  readonly inbox?: undefined;
  readonly verifier?: undefined;
  readonly handler?: undefined;
}

/** What an adapter takes: one of `inbox`, `verifier` and `receiver`, and settings. */
export type WebhookOptions<Box extends InboxLike = InboxLike> = EndpointSettings &
  (ThroughInbox<Box> | ThroughVerifier | ThroughReceiver);

/**
 * Options, or a function that makes them at the first request: for frameworks that load a route while they build, when
 * its secrets are not there, and for those that hand secrets over with the request (`env`).
 */
export type WebhookSetup<Box extends InboxLike = InboxLike, Env = void> =
  | WebhookOptions<Box>
  | ((env: Env) => WebhookOptions<Box>);

/** A body as it was read: its bytes, or why there are none. */
export type BodyRead = Uint8Array | "too_large" | "cut_off";

/** A request, as an adapter presents it. */
export interface Arrival {
  readonly method: string;
  /** All headers, those that stand twice as such where the framework kept them so. */
  readonly headers: HeadersLike;
  /** The first value of one header; `name` is in lower case. */
  header(name: string): string | undefined;
  /** Path and query as they were requested. */
  readonly target: string;
  /** Whether the connection to this process is encrypted. */
  readonly secure: boolean;
  /** Reads the raw body. Throws a {@link TillproofError} that names the line of the setup which destroyed it. */
  body(maxBytes: number): BodyRead | Promise<BodyRead>;
}

/** What is sent back. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Empty, or the code of the refusal. */
  readonly body: string;
}

/** An endpoint that is ready to answer. */
export interface Endpoint {
  answer(arrival: Arrival): Promise<Answer>;
}

const SETTINGS = ["maxBytes", "url", "trustProxy", "expose", "onRefused", "onError"] as const;
const SOURCES = ["inbox", "verifier", "receiver"] as const;

/** Checks the options. Throws `argument_invalid`, `option_invalid`, `unknown_option` or `endpoint_url_invalid`. */
export function createEndpoint<Box extends InboxLike>(options: WebhookOptions<Box>): Endpoint {
  onlyKnown("options", options, [...SOURCES, "handler", ...SETTINGS]);
  const receive = receiverOf(options);
  const maxBytes = count("maxBytes", options.maxBytes ?? BODY_BYTES_MAX, 1);
  const trustProxy = flag("trustProxy", options.trustProxy) ?? false;
  const url = checkedUrl(options.url);
  const { expose, onRefused, onError } = options;
  if (expose !== undefined && expose !== "code") {
    throw refusal("argument_invalid", "expose", expose, 'is not known here: write "code", or leave it out');
  }
  if (onRefused !== undefined) fn("onRefused", onRefused);
  if (onError !== undefined) fn("onError", onError);

  const decide = async (arrival: Arrival): Promise<Outcome> => {
    if (arrival.method !== "POST") return refused(405, methodNotAllowed(arrival.method));
    const body = await arrival.body(maxBytes);
    if (body === "too_large") return refused(413, tooLarge(maxBytes));
    if (body === "cut_off") return refused(400, CUT_OFF);
    const signedUrl = url ?? (trustProxy ? forwardedUrl(arrival) : undefined);
    const delivery = { body, headers: arrival.headers, ...(signedUrl === undefined ? {} : { url: signedUrl }) };
    return checked(await receive(delivery));
  };

  return {
    async answer(arrival: Arrival): Promise<Answer> {
      let outcome: Outcome;
      try {
        outcome = await decide(arrival);
      } catch (error) {
        await tell(onError ?? console.error, error);
        return reply(500, expose === "code" && isTillproofError(error) ? error.code : "");
      }
      const { httpStatus, refusal: reason } = outcome;
      if (reason === undefined) return reply(httpStatus, "");
      // A refusal that is our own mistake would be lost among those that strangers cause.
      if (httpStatus >= 500) await tell(onError ?? console.error, ourMistake(reason));
      else await tell(onRefused ?? warn, reason);
      return reply(httpStatus, expose === "code" ? reason.code : "");
    },
  };
}

/** The endpoint for an environment: made at once from options, else when it is first asked for, and then kept. */
export function endpointOf<Box extends InboxLike, Env>(setup: WebhookSetup<Box, Env>): (env: Env) => Endpoint {
  return onceFor<WebhookOptions<Box>, Env, Endpoint>(setup, createEndpoint);
}

function receiverOf<Box extends InboxLike>(options: WebhookOptions<Box>): (delivery: Delivery) => Promise<Outcome> {
  const given = SOURCES.filter((name) => options[name] !== undefined);
  if (given.length !== 1) {
    const found = given.length === 0 ? "none of them" : given.join(" and ");
    throw refusal("argument_invalid", "options", found, "was given: pass one of `inbox`, `verifier` and `receiver`");
  }
  if (options.receiver !== undefined) {
    const { receiver } = options;
    fn("receiver.receive", object("receiver", receiver).receive);
    return (delivery) => receiver.receive(delivery);
  }
  if (options.inbox !== undefined) {
    const { inbox, handler } = options;
    fn("inbox.receive", inbox.receive);
    fn("handler", handler);
    return (delivery) => inbox.receive(delivery, handler);
  }
  const { verifier, handler } = options as ThroughVerifier;
  fn("verifier.verify", verifier.verify);
  fn("handler", handler);
  return (delivery) => handEach(verifier, handler, delivery);
}

async function handEach(
  verifier: Verifier,
  handler: ThroughVerifier["handler"],
  delivery: Delivery,
): Promise<Outcome> {
  const result = verifier.verify(delivery);
  if (!result.ok) return refused(refusedStatus(verifier.scheme, result.code), result);
  for (const event of result.events) await handler(event);
  return { httpStatus: 200 };
}

/** A receiver in JavaScript may have forgotten to answer, and an `undefined` status would crash some frameworks. */
function checked(outcome: Outcome): Outcome {
  const status: unknown = (outcome as Outcome | undefined)?.httpStatus;
  if (typeof status === "number" && Number.isInteger(status) && status >= 200 && status <= 599) return outcome;
  throw refusal("receiver_answer_invalid", "httpStatus", status, "is no status to answer with: expected 200 to 599");
}

function refused(httpStatus: number, reason: RefusedDelivery): Outcome {
  return { httpStatus, refusal: reason };
}

function methodNotAllowed(method: string): RefusedDelivery {
  const message = `the method is ${JSON.stringify(method.slice(0, 20))}: webhooks come by POST`;
  return { ok: false, code: "method_not_allowed", message };
}

function tooLarge(maxBytes: number): RefusedDelivery {
  const message =
    `the body is larger than the ${maxBytes} bytes of \`maxBytes\`, or than a lower limit of the framework: raise that ` +
    "one if this provider really sends more";
  return { ok: false, code: "body_too_large", message };
}

const CUT_OFF: RefusedDelivery = {
  ok: false,
  code: "body_cut_off",
  message: "the connection ended before the body did: nothing was applied, and the provider will send it again",
};

/** One line, whatever a message quotes of what a sender wrote. */
function warn({ code, message, hint }: RefusedDelivery): void {
  const line = `tillproof: delivery refused (${code}): ${message}${hint === undefined ? "" : ` (${hint})`}`;
  console.warn(line.replace(/\p{Cc}+/gu, " "));
}

function ourMistake({ code, message, hint }: RefusedDelivery): TillproofError {
  return new TillproofError({ code, message: hint === undefined ? message : `${message} (${hint})` });
}

function reply(status: number, code: string): Answer {
  const allow = status === 405 ? { allow: "POST" } : {};
  const type = code === "" ? {} : { "content-type": "text/plain; charset=utf-8" };
  return { status, headers: { ...allow, ...type }, body: code };
}

/** A hook that fails must not change the answer, which decides whether the provider tries again. */
async function tell<T>(hook: (what: T) => unknown, what: T): Promise<void> {
  try {
    await hook(what);
  } catch (error) {
    console.error(error);
  }
}
