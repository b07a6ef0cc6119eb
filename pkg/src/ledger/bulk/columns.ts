/**
 * A batch as two columns in wasm's memory: numbers as words of 32 bits, ids as bytes. src/bulk/packed.rs reads them.
 *
 * Invariant: what stands in the columns is what the caller wrote, bit for bit, or he was told otherwise. Whether it can be
 * posted is decided by the engine; here nothing is lost on the way: no amount is rounded, no id is changed, no member of
 * an entry that these books do not keep is passed over in silence.
 */

import { isTillproofError, TillproofError } from "../../shell/errors.js";
import { amountDigits, list, object, onlyKnown, refusal, text, timeMs, type AmountInput } from "../../shell/guard.js";
import { ledgerBulk } from "../../shell/ledger-bulk.js";
import type { Side } from "../entry.js";

/** One leg of a transaction. */
export interface BulkPosting {
  /** Such as `Assets:Gateway:native:Pending:EUR`. */
  readonly account: string;
  readonly side: Side;
  /** Minor units, more than zero. */
  readonly amount: AmountInput;
  /** ISO 4217. */
  readonly currency: string;
}

/** A transaction of a batch. Its cause is that of the batch. */
export interface BulkTransaction {
  /** The caller's id: posting it again answers that it is there already. */
  readonly id: string;
  /** When it happened at the gateway, in milliseconds. */
  readonly occurredAt: number;
  /** 2 to 256 legs that sum to zero in each currency. */
  readonly postings: readonly BulkPosting[];
}

/** The slots of accounts that a set of books has introduced. */
export interface Slot {
  readonly currency: string;
  /** As the engine counts them. */
  readonly number: number;
  /** The same account in another currency. */
  readonly next: Slot | undefined;
}

/** Finds the slots of accounts. */
export interface Accounts {
  /** By name, each with the currencies it was introduced in. */
  readonly slots: ReadonlyMap<string, Slot>;
  /** Introduces an account in a currency. Throws what the engine has against it. */
  introduce(account: string, currency: string): Slot;
}

/** Words before the first leg of a transaction, and words of a leg. */
const HEAD_WORDS = 3;
const LEG_WORDS = 3;

/** A word of lengths has 16 bits for each: ids end at 200 bytes, and postings at 256. */
const LENGTH_MAX = 0xffff;

const LENGTH_BITS = 16;

/** Transactions whose ids are encoded together: their texts are in the cache then, and of one id too long few are redone. */
const CHUNK = 512;

/** A letter of UTF-16 takes three bytes at most. */
const LETTER_BYTES_MAX = 3;

/** Times and amounts cross as two words. */
const WORD = 2 ** 32;
const PER_WORD = 1 / WORD;

/** The last millisecond of the year 9999, as in guard.ts. */
const TIME_MS_MAX = 253_402_300_799_999;

/** Room for a usual batch, so that most never ask for more. */
const FIRST_WORDS = 16_384;
const FIRST_BYTES = 65_536;

/** Members of an entry that `Ledger` keeps and bulk books do not. */
const NOT_KEPT = ["recordedAt", "cause", "description", "links", "expiresAt", "facts"] as const;
type NotKept = Partial<Record<(typeof NOT_KEPT)[number], unknown>>;
type OfPosting = { readonly key?: unknown; readonly layer?: unknown };

let words = new Uint32Array();
let bytes = new Uint8Array();
/** How long the columns are. */
let wordsMade = FIRST_WORDS;
let bytesMade = FIRST_BYTES;
let generation = -1;
let encoder: TextEncoder | undefined;

/** Packs a batch. Answers with how many words and bytes of ids there are. Throws for what cannot be packed as it is. */
export function pack(transactions: readonly BulkTransaction[], accounts: Accounts): readonly [words: number, bytes: number] {
  if (generation !== ledgerBulk.generation || words.byteLength === 0) room(0, 0);
  let word = 0;
  let byte = 0;
  for (let from = 0; from < transactions.length; from += CHUNK) {
    const to = Math.min(from + CHUNK, transactions.length);
    const start = word;
    // Texts are joined and encoded together, at half the time of a loop over their letters.
    ids = "";
    word = packWords(transactions, from, to, word, accounts);
    byte = packIds(transactions, from, to, start, byte);
  }
  ids = "";
  return [word, byte];
}

/** The ids of a chunk, behind each other. */
let ids = "";

/** Packs the words of some transactions, as if their ids were ASCII. Answers with where they end. */
function packWords(transactions: readonly BulkTransaction[], from: number, to: number, start: number, accounts: Accounts): number {
  const { slots } = accounts;
  let word = start;
  for (let number = from; number < to; number += 1) {
    const transaction = transactions[number] as BulkTransaction;
    if (!isPlain(transaction)) throw misshapen(number, transaction);
    const { id, occurredAt, postings } = transaction;
    const legs = postings.length;
    if (legs > LENGTH_MAX) throw tooMany(number, legs);
    if (word + HEAD_WORDS + legs * LEG_WORDS > words.length) room(word + HEAD_WORDS + legs * LEG_WORDS, 0);
    ids += id;
    const time = isTime(occurredAt) ? occurredAt : timeMs(`transactions[${number}].occurredAt`, occurredAt);
    words[word] = (id.length & LENGTH_MAX) | (legs << LENGTH_BITS);
    words[word + 1] = time >>> 0;
    words[word + 2] = Math.trunc(time * PER_WORD);
    word += HEAD_WORDS;
    for (let leg = 0; leg < legs; leg += 1) {
      const posting = postings[leg] as BulkPosting;
      if (!isPlainPosting(posting)) throw misshapenPosting(number, leg, posting);
      const { account, side, amount, currency } = posting;
      let slot = slots.get(account);
      while (slot !== undefined && slot.currency !== currency) slot = slot.next;
      slot ??= introduced(accounts, number, leg, posting);
      words[word] = slot.number * 2 + (side === "credit" ? 1 : 0);
      if (typeof amount === "number" && (amount | 0) === amount && amount > 0) {
        words[word + 1] = amount;
        words[word + 2] = 0;
      } else {
        const minor = BigInt(amountDigits(`transactions[${number}].postings[${leg}].amount`, amount));
        words[word + 1] = Number(minor & 0xffff_ffffn);
        words[word + 2] = Number(minor >> 32n);
      }
      word += LEG_WORDS;
    }
  }
  return word;
}

/** Writes the ids of a chunk, whose words begin at `word`. Answers with where they end. */
function packIds(transactions: readonly BulkTransaction[], from: number, to: number, word: number, start: number): number {
  const { length } = ids;
  if (start + length * LETTER_BYTES_MAX > bytes.length) room(0, start + length * LETTER_BYTES_MAX);
  encoder ??= new TextEncoder();
  const { written } = encoder.encodeInto(ids, bytes.subarray(start));
  // In ASCII, as nearly all ids are, a letter is a byte, so that the lengths that were written are right.
  if (written === length && length <= LENGTH_MAX) return start + length;
  let byte = start;
  let head = word;
  for (let number = from; number < to; number += 1) {
    const { id, postings } = transactions[number] as BulkTransaction;
    const idBytes = encoded(number, id, byte);
    words[head] = idBytes | (postings.length << LENGTH_BITS);
    byte += idBytes;
    head += HEAD_WORDS + postings.length * LEG_WORDS;
  }
  return byte;
}

/** Whether a time is what nearly all are: nothing that has to be named is made for it. */
function isTime(time: unknown): boolean {
  return typeof time === "number" && time > 0 && time <= TIME_MS_MAX && Math.trunc(time) === time;
}

/** Whether a transaction is an object with what is packed and without what is not kept. */
function isPlain(transaction: BulkTransaction & NotKept): boolean {
  return (
    typeof transaction === "object" &&
    transaction !== null &&
    typeof transaction.id === "string" &&
    Array.isArray(transaction.postings) &&
    transaction.recordedAt === undefined &&
    transaction.cause === undefined &&
    transaction.description === undefined &&
    transaction.links === undefined &&
    transaction.expiresAt === undefined &&
    transaction.facts === undefined
  );
}

function isPlainPosting(posting: BulkPosting & OfPosting): boolean {
  return (
    typeof posting === "object" &&
    posting !== null &&
    (posting.side === "debit" || posting.side === "credit") &&
    posting.key === undefined &&
    posting.layer === undefined
  );
}

/** What is to be thrown for a transaction that cannot be packed. */
function misshapen(number: number, transaction: BulkTransaction & NotKept): TillproofError {
  const name = `transactions[${number}]`;
  object(name, transaction);
  text(`${name}.id`, transaction.id);
  list(`${name}.postings`, transaction.postings);
  return notKept(name, NOT_KEPT.find((member) => transaction[member] !== undefined) ?? "");
}

function misshapenPosting(number: number, leg: number, posting: BulkPosting & OfPosting): TillproofError {
  const name = `transactions[${number}].postings[${leg}]`;
  object(name, posting);
  if (text(`${name}.side`, posting.side) !== "debit" && posting.side !== "credit") {
    return refusal("field_invalid", `${name}.side`, posting.side, "is no side: expected debit or credit");
  }
  return notKept(name, posting.key !== undefined ? "key" : "layer");
}

function notKept(name: string, member: string): TillproofError {
  return new TillproofError({
    code: "bulk_not_kept",
    message: `${name}: \`${member}\` is kept by Ledger and not by bulk books: post it there, or leave it out`,
    details: { argument: name, field: member },
  });
}

function tooMany(number: number, legs: number): TillproofError {
  return new TillproofError({
    code: "entry_postings_count",
    message: `transaction ${number} of the batch: the entry has ${legs} postings: expected 2 to 256`,
    details: { found: String(legs), transaction: String(number) },
  });
}

function introduced(accounts: Accounts, number: number, leg: number, posting: BulkPosting): Slot {
  const name = `transactions[${number}].postings[${leg}]`;
  onlyKnown(name, posting, ["account", "side", "amount", "currency"]);
  const [account, currency] = [text(`${name}.account`, posting.account), text(`${name}.currency`, posting.currency)];
  try {
    return accounts.introduce(account, currency);
  } catch (error) {
    if (!isTillproofError(error)) throw error;
    const { code, advice, message, details } = error;
    throw new TillproofError({
      code,
      advice,
      message: `transaction ${number} of the batch: ${message}`,
      details: { ...details, transaction: String(number) },
    });
  } finally {
    // The engine may have moved its memory to make room for the name.
    if (ledgerBulk.generation === generation) room(0, 0);
  }
}

/** Writes an id with the encoder, and says how many bytes it has. */
function encoded(number: number, id: string, at: number): number {
  encoder ??= new TextEncoder();
  const { read, written } = encoder.encodeInto(id, bytes.subarray(at));
  // What is no character became a substitute, and two ids that differ in it would be one.
  if (written !== read) text(`transactions[${number}].id`, id);
  if (written <= LENGTH_MAX) return written;
  throw new TillproofError({
    code: "text_invalid",
    message: `transaction ${number} of the batch: the field \`id\` holds ${written} bytes: expected 1 to 200 bytes without control characters`,
    details: { field: "id", found: `${written} bytes`, limit: "200", transaction: String(number) },
  });
}

/** Makes the columns at least so long, with what stands in them, and finds them where they are now. */
function room(wordsWanted: number, bytesWanted: number): void {
  // Kept apart from the views, which have no length any more where the memory has moved.
  if (wordsWanted > wordsMade) wordsMade = wordsWanted * 2;
  if (bytesWanted > bytesMade) bytesMade = bytesWanted * 2;
  const [wordsAt, bytesAt] = ledgerBulk.raw((exports) => {
    exports.bulk_room(wordsMade, bytesMade);
    return [exports.bulk_words(), exports.bulk_ids()] as const;
  });
  const { buffer } = ledgerBulk.memory();
  words = new Uint32Array(buffer, wordsAt, wordsMade);
  bytes = new Uint8Array(buffer, bytesAt, bytesMade);
  generation = ledgerBulk.generation;
}

/** Finds the columns again, after a call that may have moved the memory. */
export function moved(): void {
  if (words.buffer !== ledgerBulk.memory().buffer || words.byteLength === 0) room(0, 0);
}
