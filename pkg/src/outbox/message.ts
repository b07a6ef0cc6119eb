/**
 * A message and the record that carries it.
 *
 * Invariant: the key of a record follows from the id of its message and back, so that one message is one record whoever
 * writes it and however often. Within a stream, keys sort in the order in which messages are delivered.
 */

import { TillproofError } from "../shell/errors.js";
import { count, fn, object, onlyKnown, refusal, text, timeMs } from "../shell/guard.js";
import { utf8 } from "../shell/wire.js";
import type { Store, StoredRecord, Write } from "../stores/store.js";

/** What the rest of the business is told. */
export interface OutboxMessage<Payload = unknown> {
  /** The same at every delivery: what a receiver compares to know that he had it already. */
  readonly id: string;
  /** What happened, such as `payment.settled`. */
  readonly type: string;
  /** Messages of one stream are delivered one after the other; a payment is a stream. */
  readonly stream: string;
  /** Its place in the stream. */
  readonly position: number;
  /** When it was written, in milliseconds since the epoch. */
  readonly createdAt: number;
  /** Plain JSON; amounts are strings of digits. */
  readonly payload: Payload;
}

/** A message that is to be written. */
export interface NewMessage<Payload = unknown> {
  readonly type: string;
  /** Messages of one stream are delivered one after the other. */
  readonly stream: string;
  /** Plain JSON; a `bigint` is written as its digits. */
  readonly payload: Payload;
  /**
   * The place in the stream, a whole number: the same stream and position is the same message. When left out, the message
   * is a new one each time, behind those this process wrote before.
   */
  readonly position?: number;
  /**
   * What else makes it this message and no other at its place; a digest of it becomes a part of the id. For whoever counts
   * places in something that a restored backup can take back.
   */
  readonly distinct?: string;
}

/**
 * `ready` waits for its delivery, perhaps behind another of its stream; `taken` is being delivered; `delivered` and
 * `dropped` are over; `quarantined` failed too often and waits for a person.
 */
export type MessageState = "ready" | "taken" | "delivered" | "quarantined" | "dropped";

/** A message with what became of it so far. */
export interface ListedMessage<Payload = unknown> extends OutboxMessage<Payload> {
  readonly state: MessageState;
  /** Deliveries begun. */
  readonly attempts: number;
  /** What the last attempt failed with. */
  readonly error?: string;
  /** When it is looked at next, in milliseconds since the epoch; `null` when nothing will happen by itself. */
  readonly nextAt: number | null;
}

/** What is stored beside the message itself. */
interface Progress {
  readonly state: MessageState;
  readonly attempts: number;
  /** Who delivers it at the moment. */
  readonly owner?: string;
  /** Whether it waits for another of its stream, and not for a moment of its own. */
  readonly held?: true;
  readonly error?: string;
}

/** A message as it was read. */
export interface Parcel {
  readonly key: string;
  readonly version: number;
  readonly wakeAt: number | null;
  readonly message: OutboxMessage;
  readonly progress: Progress;
}

/** The end of the year 9999: found by whoever asks for everything, and by no sweep. */
export const NEVER_MS = 253_402_300_799_999;

/** Bytes of a payload: stores keep records in memory while they write them. */
const PAYLOAD_BYTES_MAX = 262_144;

/** Positions given by the clock: milliseconds, times this, plus a count within the millisecond. */
const PER_MS = 1_000;

const ID = /^([0-9a-f]{32})-([0-9]{16}(?:-[0-9a-f]{8})?)$/;

/** The records of one outbox. */
export class Drawer {
  /** What all of its keys begin with. */
  readonly prefix: string;
  #lastPosition = 0;

  constructor(name: string) {
    this.prefix = `outbox/${name}/`;
  }

  /** The write that makes a message, to be committed with what it tells of. */
  async fresh(input: NewMessage, now: number): Promise<{ readonly message: OutboxMessage; readonly write: Write }> {
    onlyKnown("message", input, ["type", "stream", "payload", "position", "distinct"]);
    const type = named("message.type", input.type);
    const stream = named("message.stream", input.stream);
    const payload = plain(input.payload);
    const createdAt = timeMs("now", now);
    const given = input.position === undefined ? undefined : count("message.position", input.position);
    const distinct = input.distinct === undefined ? undefined : text("message.distinct", input.distinct);
    // From here on there is a message.
    const position = given ?? this.#nextPosition(createdAt);
    // Two processes may count alike; what they write must not be taken for one message.
    const mark = distinct === undefined ? (given === undefined ? crypto.randomUUID() : "") : await digest(distinct);
    const place = digits(position) + (mark === "" ? "" : `-${mark.slice(0, 8)}`);
    const lane = await laneOf(stream);
    const message: OutboxMessage = { id: `${lane}-${place}`, type, stream, position, createdAt, payload };
    const parcel = { key: `${this.prefix}${lane}/${place}`, version: 0, message, progress: { state: "ready", attempts: 0 } } as const;
    return { message, write: written({ ...parcel, wakeAt: null }, parcel.progress, createdAt) };
  }

  /** The key of a message. Throws `outbox_id_invalid`. */
  keyOf(id: string): string {
    const [, lane, place] = ID.exec(text("id", id)) ?? [];
    if (lane === undefined || place === undefined) {
      throw refusal("outbox_id_invalid", "id", id, "is no id of a message: expected the `id` of one that list() or a delivery showed");
    }
    return `${this.prefix}${lane}/${place}`;
  }

  /** What the keys of a stream begin with. */
  async stream(stream: string): Promise<string> {
    return `${this.prefix}${await laneOf(named("stream", stream))}/`;
  }

  #nextPosition(now: number): number {
    this.#lastPosition = Math.max(now * PER_MS, this.#lastPosition + 1);
    return this.#lastPosition;
  }
}

/**
 * An outbox whose messages can be a part of this store's commits. Throws `argument_invalid` or `outbox_of_another_store`:
 * messages in another store would either not be true together with what they tell of, or never be found.
 */
export function outboxOf<O extends { readonly store: Store; writes: unknown }>(store: Store, outbox: O): O {
  fn("outbox.writes", object("outbox", outbox).writes);
  if (outbox.store === store) return outbox;
  throw new TillproofError({
    code: "outbox_of_another_store",
    message: "outbox: it was made with another store: pass createOutbox the very store that is passed here, so that both are one commit",
    details: { argument: "outbox" },
  });
}

/** What the keys of a message's stream begin with. */
export function laneKey(key: string): string {
  return key.slice(0, key.lastIndexOf("/") + 1);
}

/** The message of a record. Throws `outbox_record_unreadable`. */
export function parcelOf(record: StoredRecord): Parcel {
  const { key, version, wakeAt } = record;
  const document = documentOf(record);
  const { id, type, stream, position, createdAt, payload, state, attempts, owner, held, error } = document;
  return {
    key,
    version,
    wakeAt,
    message: { id, type, stream, position, createdAt, payload },
    progress: {
      state,
      attempts,
      ...(owner === undefined ? {} : { owner }),
      ...(held === undefined ? {} : { held }),
      ...(error === undefined ? {} : { error }),
    },
  };
}

/** The write that moves a message on from where it was read. */
export function written(parcel: Parcel, progress: Progress, wakeAt: number | null, expiresAt: number | null = null): Write {
  const value = JSON.stringify({ v: 1, ...parcel.message, ...progress } satisfies Document);
  return { key: parcel.key, expected: parcel.version, value, wakeAt, expiresAt };
}

/** A message for people. */
export function listed({ message, progress: { state, attempts, error }, wakeAt }: Parcel): ListedMessage {
  const nextAt = wakeAt === NEVER_MS ? null : wakeAt;
  return { ...message, state, attempts, ...(error === undefined ? {} : { error }), nextAt };
}

/** Whether nothing will be delivered any more. */
export function isOver({ progress: { state } }: Parcel): boolean {
  return state === "delivered" || state === "dropped";
}

interface Document extends OutboxMessage, Progress {
  readonly v: 1;
}

function documentOf({ key, value }: StoredRecord): Document {
  let document: Document;
  try {
    document = JSON.parse(value) as Document;
  } catch (cause) {
    throw unreadable(key, "it is no JSON", cause);
  }
  if (document.v !== 1) throw unreadable(key, "a later version of tillproof wrote it: run that version here too");
  return document;
}

function unreadable(key: string, why: string, cause?: unknown): TillproofError {
  return new TillproofError({
    code: "outbox_record_unreadable",
    message: `the record ${key} cannot be read (${why}); the messages behind it in its stream wait`,
    advice: "reconcile",
    details: { key },
    cause,
  });
}

/** Streams may have names of any length and alphabet: half a digest of 256 bits keeps them apart. */
async function laneOf(stream: string): Promise<string> {
  return (await digest(stream)).slice(0, 32);
}

async function digest(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(text) as Uint8Array<ArrayBuffer>));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function digits(position: number): string {
  return String(position).padStart(16, "0");
}

function named(name: string, value: unknown): string {
  const given = text(name, value);
  if (given !== "" && given.length <= 1_000) return given;
  throw refusal("outbox_name_invalid", name, value, "is no name: expected 1 to 1,000 characters");
}

/** A payload as it will be read back. Throws `outbox_payload_invalid`. */
function plain(payload: unknown): unknown {
  let json: string | undefined;
  try {
    json = JSON.stringify(payload, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value));
  } catch (cause) {
    throw unstorable("cannot be written as JSON", cause);
  }
  if (json === undefined) throw unstorable("is nothing: pass null for a message without content");
  if (utf8(json).length > PAYLOAD_BYTES_MAX) {
    throw unstorable(`has more than ${PAYLOAD_BYTES_MAX} bytes: write what it tells of to a table of yours, and pass its id`);
  }
  return JSON.parse(json) as unknown;
}

function unstorable(problem: string, cause?: unknown): TillproofError {
  return new TillproofError({ code: "outbox_payload_invalid", message: `message.payload: ${problem}`, cause });
}

/** Progress as documents of others may name it. */
export function stateOf(value: unknown): MessageState {
  const states: readonly string[] = ["ready", "taken", "delivered", "quarantined", "dropped"];
  if (typeof value === "string" && states.includes(value)) return value as MessageState;
  throw refusal("option_invalid", "state", value, `is no state of a message: expected one of ${states.join(", ")}`);
}

