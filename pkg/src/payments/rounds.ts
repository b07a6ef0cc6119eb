/**
 * One round with the engine: what is stored goes in, perhaps with a wish or news, and what it decides is stored.
 *
 * Invariant: a round that only tells the engine something begins nothing. A lost race means that another process moved
 * the intent; the round is repeated on what is stored now.
 */

import { TillproofError } from "../shell/errors.js";
import { timeMs } from "../shell/guard.js";
import type { Batch } from "../stores/store.js";
import {
  openIntent,
  stepIntent,
  viewIntent,
  type IntentView,
  type KeptAnswer,
  type RequestDocument,
  type SettingsDocument,
  type Step,
} from "./engine.js";
import { hex, sleep } from "./host.js";
import type { Intents, Loaded } from "./intents.js";
import { profileOfIntent, type KnownProfile } from "./profiles.js";
import { NOTHING, Recording, type Seams } from "./recording.js";

/** Longest pause after lost races, in milliseconds. */
const GIVE_WAY_MS_MAX = 256;

/** Races lost in a row, some eight seconds, after which it is the store that is wrong: an intent moves a few times. */
const LOST_MAX = 64;

/** Who decides, about whose money, and by which clock. */
export interface Terms {
  readonly profile: KnownProfile;
  readonly account: string;
  /** In hexadecimal. */
  readonly secret: string;
  readonly settings: SettingsDocument;
  /** When an older copy of the store was put in place, if one was. */
  readonly restoredAt?: number | undefined;
  readonly now: () => number;
  readonly random: (bytes: Uint8Array) => void;
}

/** A wish or a piece of news that a round of the engine begins with. */
export type Opening = Pick<Parameters<typeof stepIntent>[0], "same_as" | "reopen_with" | "cancel" | "resolve" | "news">;

/** How an intent is begun, beside its request. */
export interface Introduction {
  readonly now: () => number;
  /** Begins again what failed: whenever it did, or only where it did without an answer of the provider that is given again. */
  readonly retryFailed?: boolean | "unanswered";
  /** Name of the profile, where it is not the client's own. */
  readonly profile?: string | undefined;
  /** When the caller first wanted it, in milliseconds since the epoch. */
  readonly since?: number | undefined;
}

/** The rounds of one client. */
export class Rounds {
  readonly #terms: Terms;
  readonly #intents: Intents;
  readonly #recording: Recording;
  /** Names this client in leases; a new one each time, since a restarted process must not trust its old leases. */
  readonly #owner: string;

  constructor(terms: Terms, intents: Intents, seams: Omit<Seams, "open">) {
    this.#terms = terms;
    this.#intents = intents;
    this.#owner = this.#entropy();
    const open = (request: RequestDocument, profile: string): Step => this.open(request, { now: terms.now, profile });
    this.#recording = new Recording(intents, { ...seams, open });
  }

  /** The first entries of an intent, with nothing stored. Checks the request and the terms. */
  open(request: RequestDocument, { now, profile, since }: Introduction): Step {
    const { account, secret, settings, restoredAt } = this.#terms;
    // What the copy does not know may have been charged long ago, unless it was first wanted since.
    const forgotten = restoredAt !== undefined && (since === undefined || since < restoredAt);
    const document = profile === undefined ? this.#terms.profile.document : profileOfIntent(this.#terms.profile, profile);
    const older = forgotten ? { since: 0 } : since === undefined ? {} : { since };
    return openIntent({ profile: document, account, secret, request, settings, now: timeMs("now", now()), ...older });
  }

  /** Opens an intent, or compares a repeated call with what was stored and opens a new epoch when that was asked for. */
  async introduce(key: string, request: RequestDocument, how: Introduction): Promise<void> {
    for (let lost = 1; ; lost += 1) {
      const loaded = await this.#intents.find(key);
      if (loaded === null) {
        if (await this.store(key, NOTHING, this.open(request, how))) return;
      } else {
        const { status, answer } = viewIntent(loaded.journal);
        const reopen = status === "failed" && (how.retryFailed === "unanswered" ? !isFinal(answer) : how.retryFailed);
        const again = reopen ? { reopen_with: this.#terms.secret } : {};
        if (await this.store(key, loaded, this.tell(loaded, how.now, { same_as: request, ...again }))) return;
      }
      await this.giveWay(lost);
    }
  }

  /** Opens an intent and cancels it, in one write, unless there is one already. */
  async forestall(key: string, request: RequestDocument, now: () => number): Promise<void> {
    for (let lost = 1; (await this.#intents.find(key)) === null; lost += 1) {
      const { append } = this.open(request, { now });
      const step = this.tell({ version: 0, journal: append }, now, { cancel: true });
      if (await this.store(key, NOTHING, { ...step, append: [...append, ...step.append] })) return;
      await this.giveWay(lost);
    }
  }

  /**
   * Stores a wish or news about an intent; `committed` runs once that is true. With a batch, it becomes true together
   * with the caller's other writes. Resolves to `false` when there is no such intent.
   */
  async note(key: string, opening: Opening, now: () => number, batch: Batch | undefined, committed: () => void): Promise<boolean> {
    for (let lost = 1; ; lost += 1) {
      const loaded = await this.#intents.find(key);
      if (loaded === null) return false;
      const step = this.tell(loaded, now, opening);
      if (step.append.length === 0) return true;
      if (batch !== undefined) {
        await this.#recording.add(batch, key, loaded, step, committed);
        return true;
      }
      if (await this.store(key, loaded, step)) {
        committed();
        return true;
      }
      await this.giveWay(lost);
    }
  }

  /** Stores what a round decided; `false`, with nothing stored, when another process was faster. */
  async store(key: string, loaded: Loaded, step: Step): Promise<boolean> {
    return this.#recording.commit(key, loaded, step);
  }

  /** A round that tells the engine something and begins nothing. */
  tell(loaded: Loaded, now: () => number, opening: Opening): Step {
    return this.step(loaded, now, { ...opening, permit: "ask" });
  }

  /** A round. Whatever it authorises may be done once it is stored. */
  step(loaded: Loaded, now: () => number, opening: Opening & { readonly permit?: number | "ask" }): Step {
    return stepIntent({
      profile: profileOfIntent(this.#terms.profile, loaded.journal[0]?.["profile"]),
      journal: loaded.journal,
      settings: this.#terms.settings,
      now: timeMs("now", now()),
      owner: this.#owner,
      entropy: this.#entropy(),
      ...opening,
    });
  }

  /** Where an intent stands in the store. */
  async viewOf(key: string): Promise<IntentView> {
    return viewIntent((await this.#intents.load(key)).journal);
  }

  /**
   * After a lost race: at once at first, later with a growing, drawn pause, so that two processes do not spin. Throws
   * `store_contended` instead of going on for ever.
   */
  async giveWay(lost: number): Promise<void> {
    if (lost > LOST_MAX) {
      throw new TillproofError({
        code: "store_contended",
        message:
          `the store refused ${LOST_MAX} commits in a row because the intent had changed: does it read from a replica that ` +
          "lags, or break its contract? Let the checks of tillproof/stores/conformance tell, and ask again with the same reference",
        advice: "wait",
      });
    }
    await sleep(this.drawn(Math.min(GIVE_WAY_MS_MAX, 2 ** Math.max(0, lost - 2))));
  }

  /** A number below `most`, in 256 steps. */
  drawn(most: number): number {
    const draw = new Uint8Array(1);
    this.#terms.random(draw);
    return ((draw[0] ?? 0) * most) >> 8;
  }

  #entropy(): string {
    const target = new Uint8Array(16);
    this.#terms.random(target);
    return hex(target);
  }
}

/** Whether an answer is given again. Credentials that were refused are another matter than the call. */
function isFinal(answer: KeptAnswer | undefined): boolean {
  return answer !== undefined && answer.status !== 401 && answer.status !== 403;
}
