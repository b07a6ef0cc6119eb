/**
 * The way of a delivery through the engine, step by step.
 *
 * Invariant: what decides stands in Rust. This side copies bytes to where the engine wants them, and hashes what the
 * engine laid out where the host does that faster. Headers are judged before the body is touched.
 *
 * Not here: what comes in and goes out of the package (`verifier.ts`).
 */

import { utf8 } from "../shell/wire.js";
import { Area, OUT, writeText, type Found } from "./area.js";
import { HeaderNames } from "./headers.js";
import { hashParts, hashWhole, hostCrypto, type HostCrypto } from "../shell/host-hash.js";
import type { Glue, Instance } from "../shell/instance.js";
import { errorOf, readRefusal, type Refusal } from "./refusals.js";

/** What the glue of a webhook artefact exports. */
export interface WebhookExports extends Glue {
  webhooks_area(): number;
  webhooks_text(bytes: number): number;
  webhooks_open(): number;
  webhooks_begin(handle: number, bodyBytes: number, roomBytes: number): number;
  webhooks_absorb(bytes: number): void;
  webhooks_close(secretIndex: number): number;
  webhooks_whole(handle: number): number;
  webhooks_events(handle: number, roomBytes: number): void;
}

/** What `begin` and `close` answer; `0` is a refusal. */
const [VERIFIED, HASH, WHOLE] = [1, 2, 3];

/** Bytes of a body that fit behind the head at once. */
const CHUNK_BYTES = 65_536;

/** A longer body is hashed where it is: from here on the copy costs more than a second call of the hash does. */
const COPIED_BYTES_MAX = 16_384;

/** What the UTF-8 of U+FFFD begins with. */
const REPLACEMENT_BYTE = 0xef;

/** The body as it was handed in. */
export type Content = Uint8Array | string;

/** A delivery as the engine reads it. */
export interface Claim {
  /** Once it is verified, a copy that nobody else can change. */
  content: Content;
  readonly headers: readonly Found[];
  readonly url: string | undefined;
  readonly now: number;
}

/** An event as the engine tells it. */
export interface EventFacts {
  readonly id: string;
  readonly idIsSigned: boolean;
  readonly digest?: string;
  readonly type?: string;
  readonly occurredAt?: number;
  /** Where it stands in the list of a delivery that carries several, from 0; those that were refused count too. */
  readonly index?: number;
}

/** What the engine found genuine. */
export interface Proof {
  readonly secretIndex: number;
  readonly timestamp: number | undefined;
  /** The events, where they had to be read to verify them, and the places of those that are not genuine. */
  readonly read: Events | undefined;
}

/** The events of a delivery. */
export interface Events {
  readonly events: readonly EventFacts[];
  readonly refused: readonly number[];
}

/** What a verifier is, once the engine has it. */
export interface Opened {
  readonly handle: number;
  readonly hash: number;
  /** Whether a delivery may carry several events. */
  readonly carriesMany: boolean;
  readonly names: HeaderNames;
}

/** The door to one artefact. */
export class Door {
  readonly #artefact: Instance<WebhookExports>;
  readonly #host: (isShort: boolean) => HostCrypto | null;
  #area: Area | undefined;
  #generation = -1;
  /** The delivery whose whole body stands in the room, and its bytes there. */
  #laid: Claim | undefined;
  #laidBytes = 0;

  /** `host` is there for tests: the hash functions to use instead of those this host has. */
  constructor(artefact: Instance<WebhookExports>, host: (isShort: boolean) => HostCrypto | null = hostCrypto) {
    this.#artefact = artefact;
    this.#host = host;
  }

  /** How often the instance was thrown away: a handle is good for the generation it was made in. */
  get generation(): number {
    return this.#artefact.generation;
  }

  /** Makes a verifier of its options. Throws what the engine has against them; `scheme` is what its message repeats. */
  open(options: Uint8Array, scheme: string): Opened {
    return this.#artefact.raw((exports) => {
      const area = this.#at(exports);
      this.#writeText(exports, area, options);
      const handle = exports.webhooks_open();
      area.refresh();
      if (handle === 0) throw errorOf(readRefusal(area, [...scheme].slice(0, 40).join("")));
      const names = Array.from({ length: area.word(OUT + 3) }, (_, index) => area.string(OUT + 4 + 2 * index));
      return { handle, hash: area.word(OUT), carriesMany: area.word(OUT + 2) === 1, names: new HeaderNames(names) };
    });
  }

  /** Decides on a delivery. Without a closure: its making would be a part of a short delivery's time. */
  verify(opened: Opened, claim: Claim): Proof | Refusal {
    const { exports } = this.#artefact;
    try {
      return this.#verify(exports, opened, claim);
    } catch (error) {
      throw this.#artefact.told(error);
    }
  }

  #verify(exports: WebhookExports, opened: Opened, claim: Claim): Proof | Refusal {
    const area = this.#at(exports);
    const { handle } = opened;
    const { content } = claim;
    const { length } = content;
    this.#laid = undefined;
    area.write(claim.now, claim.url, claim.headers);
    let answer = exports.webhooks_begin(handle, length, typeof content === "string" ? length * 3 : length);
    area.refresh();
    if (answer === WHOLE) {
      this.#writeText(exports, area, content);
      answer = exports.webhooks_whole(handle);
      area.refresh();
      return answer === VERIFIED ? proof(area, readEvents(area.delivered())) : readRefusal(area);
    }
    for (let secret = 0; answer === HASH; secret += 1) {
      this.#hash(exports, area, opened.hash, claim);
      answer = exports.webhooks_close(secret);
      area.refresh();
    }
    return answer === VERIFIED ? proof(area, undefined) : readRefusal(area);
  }

  /** The events of a delivery that was verified. */
  events(opened: Opened, claim: Claim): Events {
    return this.#artefact.raw((exports) => {
      const area = this.#at(exports);
      // Mostly it was the last one, and all of it still stands where it was hashed.
      const inRoom = this.#laid === claim ? this.#laidBytes : 0;
      if (inRoom === 0) {
        area.write(claim.now, claim.url, claim.headers);
        this.#writeText(exports, area, claim.content);
      }
      exports.webhooks_events(opened.handle, inRoom);
      area.refresh();
      return readEvents(area.delivered());
    });
  }

  /**
   * Whether the body, which is text, is known to hold no half of a surrogate pair: that would have been written as U+FFFD.
   * Looking for its first byte, which few texts have, takes half the time of looking at the text.
   */
  wroteUnicode(claim: Claim): boolean {
    const area = this.#area;
    if (this.#laid !== claim || area === undefined || area.bytes.length === 0) return false;
    const from = area.room + area.laid;
    return area.bytes.subarray(from, from + this.#laidBytes).indexOf(REPLACEMENT_BYTE) < 0;
  }

  /** Hashes what is laid out, and the body, by the fastest way there is. */
  #hash(exports: WebhookExports, area: Area, algorithm: number, claim: Claim): void {
    const { content } = claim;
    const isShort = content.length <= COPIED_BYTES_MAX;
    const host = this.#host(isShort);
    const { room, laid } = area;
    if (host !== null) {
      let digest: string | undefined;
      if (isShort) {
        let written = content.length;
        if (typeof content === "string") written = writeText(area.bytes, room + laid, content);
        else area.bytes.set(content, room + laid);
        digest = hashWhole(host, algorithm, new Uint8Array(area.bytes.buffer, room, laid + written));
        if (digest !== undefined) {
          this.#laid = claim;
          this.#laidBytes = written;
        }
      } else {
        digest = hashParts(host, algorithm, area.bytes.subarray(room, room + laid), content);
      }
      if (digest !== undefined) {
        area.digest(digest);
        return;
      }
    }
    const bytes = typeof content === "string" ? utf8(content) : content;
    // Also once for an empty body: it is what begins the hash.
    for (let at = 0; at === 0 || at < bytes.length; at += CHUNK_BYTES) {
      const chunk = bytes.subarray(at, at + CHUNK_BYTES);
      area.bytes.set(chunk, room + laid);
      exports.webhooks_absorb(chunk.length);
      area.refresh();
    }
  }

  /** Hands a long text over. */
  #writeText(exports: WebhookExports, area: Area, content: Content): void {
    // It may stand where the room was.
    this.#laid = undefined;
    const bytes = typeof content === "string" ? utf8(content) : content;
    const at = exports.webhooks_text(bytes.length);
    area.refresh();
    area.bytes.set(bytes, at);
  }

  #at(exports: WebhookExports): Area {
    if (this.#area === undefined || this.#generation !== this.#artefact.generation) {
      this.#generation = this.#artefact.generation;
      this.#laid = undefined;
      this.#area = new Area(this.#artefact.memory(), () => exports.webhooks_area());
    }
    this.#area.refresh();
    return this.#area;
  }
}

function proof(area: Area, read: Events | undefined): Proof {
  return { secretIndex: area.word(OUT), timestamp: area.word(OUT + 1) === 1 ? area.number(OUT + 2) : undefined, read };
}

const texts = new TextDecoder();

/** Reads what `written` of `src/wasm/webhooks/crossing.rs` wrote. */
function readEvents(bytes: Uint8Array): Events {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  const word = (): number => {
    at += 4;
    return view.getUint32(at - 4, true);
  };
  const refused: number[] = [];
  for (let rest = word(); rest > 0; rest -= 1) refused.push(word());
  const events: EventFacts[] = [];
  for (let rest = word(); rest > 0; rest -= 1) {
    const flags = word();
    const index = word();
    const occurredAt = word() + word() * 0x1_0000_0000;
    const [idBytes, typeBytes, digestBytes] = [word(), word(), word()];
    const end = at + idBytes + typeBytes + digestBytes;
    // Decoded at once: of ASCII, which they mostly are, a byte is a letter.
    const all = texts.decode(bytes.subarray(at, end));
    const plain = all.length === end - at;
    const from = at;
    const text = (length: number): string => {
      at += length;
      return plain ? all.slice(at - length - from, at - from) : texts.decode(bytes.subarray(at - length, at));
    };
    const event: { -readonly [K in keyof EventFacts]: EventFacts[K] } = {
      id: text(idBytes),
      idIsSigned: (flags & 1) !== 0,
    };
    const [type, digest] = [text(typeBytes), text(digestBytes)];
    if ((flags & 2) !== 0) event.type = type;
    if ((flags & 4) !== 0) event.digest = digest;
    if ((flags & 8) !== 0) event.occurredAt = occurredAt;
    if ((flags & 16) !== 0) event.index = index;
    events.push(event);
  }
  return { events, refused };
}
