/**
 * What a handler says, and how it is kept.
 *
 * Invariant: what is stored is replayed byte for byte: status, chosen headers, body.
 */

import { count, fn, object, onlyKnown, refusal } from "../shell/guard.js";
import { TillproofError } from "../shell/errors.js";
import { encode, utf8 } from "../shell/wire.js";

/** What is sent. */
export interface Answer {
  readonly status: number;
  /** Names in lower case; one that stands several times comes several times. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

/** An answer as a handler writes it. */
export interface Reply {
  /** 200 if left out. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Bytes, or a text that is sent as UTF-8. */
  readonly body?: Uint8Array | string | null;
  /** Instead of `body`: a value that is sent as JSON; a `bigint` becomes a string of digits. */
  readonly json?: unknown;
}

/** An answer in one of two spellings. */
export type ReplyLike = Reply | Response;

/** An answer for now: somebody else has not decided yet. */
export interface PendingOutcome {
  readonly outcome: "pending";
  readonly reply: ReplyLike;
  readonly refreshMs: number;
}

/** Nothing was done, and the key is free again. */
export interface NotExecutedOutcome {
  readonly outcome: "not_executed";
  readonly reply: ReplyLike;
}

/** The rest of the work, together with the answer in one transaction. */
export interface TransactionOutcome<Client> {
  readonly outcome: "transaction";
  readonly body: (client: Client) => ReplyLike | PendingOutcome | Promise<ReplyLike | PendingOutcome>;
}

/** What a handler may end with. A handler that throws says that nobody knows what it did. */
export type Outcome<Client = unknown> = ReplyLike | PendingOutcome | NotExecutedOutcome | TransactionOutcome<Client>;

/**
 * The outcome is not known yet: `reply` (202, say) is stored as the word for now, and whoever repeats the request gets it
 * until `refreshMs` have passed (2,000 if left out). Then somebody looks for news: `recover`, or the handler again.
 */
export function pending(reply: ReplyLike, { refreshMs = 2_000 }: { readonly refreshMs?: number } = {}): PendingOutcome {
  return { outcome: "pending", reply, refreshMs: count("refreshMs", refreshMs) };
}

/**
 * Nothing was done: `reply` is sent and not stored, and the key is free again. In a transaction, what was written is
 * rolled back. From `recover`: it is known that nothing was done, so the handler runs, and no reply is needed.
 */
export function notExecuted(reply: ReplyLike = { status: 503 }): NotExecutedOutcome {
  return { outcome: "not_executed", reply };
}

/**
 * In mode `lease` on a store with transactions: what `body` writes through the client and the answer it returns become
 * true together, and only if nobody else has taken over. For handlers that call others first, for which no transaction
 * should stay open.
 */
export function inTransaction<Client>(body: TransactionOutcome<Client>["body"]): TransactionOutcome<Client> {
  return { outcome: "transaction", body: fn("body", body) };
}

/** Which of the four it is. */
export function isOutcome<K extends "pending" | "not_executed" | "transaction">(
  value: unknown,
  kind: K,
): value is Extract<Outcome, { outcome: K }> {
  return typeof value === "object" && value !== null && (value as { outcome?: unknown }).outcome === kind;
}

/**
 * The answer a handler meant. Throws `reply_invalid` for what is none and `answer_too_large`: both say that the handler ran
 * and its result is lost.
 */
export async function answerOf(reply: ReplyLike, bytesMax: number): Promise<Answer> {
  const given = isResponse(reply) ? await ofResponse(reply) : ofReply(reply);
  const answer = { ...given, headers: given.headers.filter(([name]) => !OF_THE_CONNECTION.has(name)) };
  if (answer.body.length <= bytesMax) return answer;
  throw new TillproofError({
    code: "answer_too_large",
    message:
      `the answer has ${answer.body.length} bytes, and at most ${bytesMax} are kept for repetitions: raise ` +
      "`maxAnswerBytes`, or answer with an address where the rest can be had",
    details: { found: String(answer.body.length), limit: String(bytesMax) },
  });
}

/** What is said of one connection, and the length, which the server counts itself: another server sends a repetition. */
const OF_THE_CONNECTION: ReadonlySet<string> = new Set(["connection", "content-length", "keep-alive", "transfer-encoding"]);

function isResponse(reply: ReplyLike): reply is Response {
  return typeof (reply as Response | undefined)?.arrayBuffer === "function";
}

async function ofResponse(response: Response): Promise<Answer> {
  const cookies = response.headers.getSetCookie?.() ?? [];
  const others = [...response.headers].filter(([name]) => name !== "set-cookie");
  return {
    status: response.status,
    headers: [...others, ...cookies.map((value) => ["set-cookie", value] as const)],
    body: new Uint8Array(await response.arrayBuffer()),
  };
}

function ofReply(reply: Reply): Answer {
  onlyKnown("reply", reply, ["status", "headers", "body", "json"]);
  const { status = 200, headers = {}, body, json } = reply;
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw refusal("reply_invalid", "reply.status", status, "is no status to answer with: expected 200 to 599");
  }
  const pairs = Object.entries(object("reply.headers", headers)).flatMap(([name, values]) =>
    [values].flat().map((value) => [name.toLowerCase(), String(value)] as const),
  );
  if (json !== undefined) {
    if (body !== undefined) throw refusal("reply_invalid", "reply", "both", "holds `body` and `json`: pass one of them");
    const typed = pairs.some(([name]) => name === "content-type");
    return { status, headers: typed ? pairs : [["content-type", "application/json"], ...pairs], body: encode(json) };
  }
  if (body === undefined || body === null) return { status, headers: pairs, body: new Uint8Array(0) };
  if (typeof body === "string") return { status, headers: pairs, body: utf8(body) };
  if (body instanceof Uint8Array) return { status, headers: pairs, body };
  throw refusal("reply_invalid", "reply.body", body, "is neither bytes nor text: pass an object as `json`");
}

/** An answer as it is stored, with the headers in `kept` only. */
export function encodeAnswer({ status, headers, body }: Answer, kept: ReadonlySet<string>): string {
  const chosen = headers.filter(([name]) => kept.has(name));
  const text = textOf(body);
  return JSON.stringify({ status, headers: chosen, ...(text === null ? { base64: toBase64(body) } : { text }) });
}

/** Reads what {@link encodeAnswer} wrote. */
export function decodeAnswer(stored: string): Answer {
  const { status, headers, text, base64 } = JSON.parse(stored) as StoredAnswer;
  const body = text === undefined ? Uint8Array.from(atob(base64 ?? ""), (letter) => letter.charCodeAt(0)) : utf8(text);
  return { status, headers, body };
}

interface StoredAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly text?: string;
  readonly base64?: string;
}

let strict: TextDecoder | undefined;

/** The text whose UTF-8 the bytes are; `null` where they are none. */
function textOf(bytes: Uint8Array): string | null {
  strict ??= new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  try {
    return strict.decode(bytes);
  } catch {
    return null;
  }
}

function toBase64(bytes: Uint8Array): string {
  let letters = "";
  // In slices, since the arguments of one call are limited.
  for (let at = 0; at < bytes.length; at += 8_192) letters += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  return btoa(letters);
}
