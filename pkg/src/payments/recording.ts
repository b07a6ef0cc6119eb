/**
 * Stores what a round of the engine decided, with everything that must become true together with it.
 *
 * Invariant: an intent's new entries, the intents they open and what `extraWrites` adds are one commit. Hooks hear of it
 * afterwards, and only if it succeeded.
 */

import { TillproofError } from "../shell/errors.js";
import { tell } from "../shell/listener.js";
import type { Batch, Write } from "../stores/store.js";
import { viewIntent, type IntentView, type JournalEntry, type RequestDocument, type Step } from "./engine.js";
import type { Intents, Loaded } from "./intents.js";

/** One change of an intent. */
export interface Transition {
  /** Key of the intent's record in the store. */
  readonly key: string;
  readonly reference: string;
  /** How many entries the journal had before; the first new one has this position. */
  readonly position: number;
  /** What the journal held before. */
  readonly earlier: readonly JournalEntry[];
  /** What was appended, as the journal has it. */
  readonly entries: readonly JournalEntry[];
  /** Where the intent stood; `null` when it is new. */
  readonly before: IntentView | null;
  readonly after: IntentView;
}

/** What is to be stored together with a change. */
export type ExtraWrites = (transition: Transition) => readonly Write[] | Promise<readonly Write[]>;

/** What a recording needs beside the store. */
export interface Seams {
  /** Makes the first entries of an intent that another one opens. */
  readonly open: (request: RequestDocument, profile: string) => Step;
  readonly extraWrites: ExtraWrites | undefined;
  readonly onTransition: ((transition: Transition) => void) | undefined;
  readonly onError: (error: unknown) => void;
}

/** An intent nobody has begun yet. */
export const NOTHING: Loaded = { version: 0, journal: [] };

/** Commits in a row that `extraWrites` may spoil while the intent itself stands still: others may write there too. */
const SPOILT_MAX = 16;

/** Writes of intents, with all that belongs to them. */
export class Recording {
  readonly #intents: Intents;
  readonly #seams: Seams;
  /** How often in a row the commit of an intent was refused although nobody had moved it. */
  readonly #spoilt = new Map<string, number>();

  constructor(intents: Intents, seams: Seams) {
    this.#intents = intents;
    this.#seams = seams;
  }

  /** Stores a step; `false`, with nothing stored, when another process was faster. */
  async commit(key: string, loaded: Loaded, step: Step): Promise<boolean> {
    if (step.append.length === 0) return true;
    const { writes, transitions } = await this.#collect(key, loaded, step);
    if (!(await this.#intents.commit(writes))) {
      await this.#mustHaveMoved(key, loaded);
      return false;
    }
    this.#spoilt.delete(key);
    this.#tell(transitions);
    return true;
  }

  /**
   * A lost race is played again. Where the intent stands as it stood, it was lost to what `extraWrites` adds, and a version
   * that is never the stored one would lose it for ever: throws `extra_writes_conflict` then.
   */
  async #mustHaveMoved(key: string, { version }: Loaded): Promise<void> {
    if (this.#seams.extraWrites === undefined) return;
    const stands = ((await this.#intents.find(key))?.version ?? 0) === version;
    const spoilt = (this.#spoilt.get(key) ?? 0) + 1;
    if (stands && spoilt < SPOILT_MAX) {
      this.#spoilt.set(key, spoilt);
      return;
    }
    this.#spoilt.delete(key);
    if (!stands) return;
    throw new TillproofError({
      code: "extra_writes_conflict",
      message:
        `the store refused ${SPOILT_MAX} commits in a row although nobody had moved the intent: one of the writes that ` +
        "extraWrites adds expects a version that is not the stored one. Read it anew in each call, or name 0 for a record " +
        "that must not exist",
      details: { key },
    });
  }

  /** Adds a step to the caller's own batch; `committed` runs once it became true. */
  async add(batch: Batch, key: string, loaded: Loaded, step: Step, committed: () => void): Promise<void> {
    const { writes, transitions } = await this.#collect(key, loaded, step);
    const last = writes.length - 1;
    for (const [index, write] of writes.entries()) {
      const tell = (): void => {
        this.#tell(transitions);
        committed();
      };
      batch.add(write, index === last ? { committed: tell } : {});
    }
  }

  async #collect(key: string, loaded: Loaded, step: Step): Promise<{ writes: Write[]; transitions: Transition[] }> {
    const writes = [this.#intents.write(key, loaded, step.append, step.wake_at)];
    const transitions = this.#transition(key, loaded, step);
    for (const request of step.open) {
      const childKey = this.#intents.key(request.reference);
      // An older copy of this intent may have been restored beside the intent it opens.
      if ((await this.#intents.find(childKey)) !== null) continue;
      const opened = this.#seams.open(request, step.intent.profile);
      writes.push(this.#intents.write(childKey, NOTHING, opened.append, opened.wake_at));
      transitions.push(...this.#transition(childKey, NOTHING, opened));
    }
    for (const transition of transitions) writes.push(...((await this.#seams.extraWrites?.(transition)) ?? []));
    return { writes, transitions };
  }

  /** None where nobody listens: it costs a replay of the journal. */
  #transition(key: string, loaded: Loaded, step: Step): Transition[] {
    if (this.#seams.extraWrites === undefined && this.#seams.onTransition === undefined) return [];
    const before = loaded.version === 0 ? null : viewIntent(loaded.journal);
    const { reference } = step.intent;
    return [{ key, reference, position: loaded.journal.length, earlier: loaded.journal, entries: step.append, before, after: step.intent }];
  }

  #tell(transitions: readonly Transition[]): void {
    for (const transition of transitions) {
      tell(() => this.#seams.onTransition?.(transition), this.#seams.onError);
    }
  }
}
