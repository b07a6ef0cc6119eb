/**
 * Bodies that are being read: work under way that no timer knows of. Firefox reads them in another thread, and time must
 * not move on meanwhile.
 *
 * Invariant: after {@link BodyReads.restore} the prototypes are as they were found; a read gives what it gave before.
 */

type Method = (this: unknown, ...args: unknown[]) => Promise<unknown>;

const WHOLE = ["arrayBuffer", "blob", "bytes", "formData", "json", "text"];

/** What reads a body, or a part of one. */
function reading(): readonly (readonly [owner: object, names: readonly string[]])[] {
  return [
    [Request.prototype, WHOLE],
    [Response.prototype, WHOLE],
    [ReadableStreamDefaultReader.prototype, ["read"]],
  ];
}

/** The reads of one run. */
export class BodyReads {
  readonly #found: (readonly [owner: object, name: string, descriptor: PropertyDescriptor])[] = [];
  #underWay = new Set<Promise<unknown>>();

  /** Whether anything is being read. */
  get underWay(): boolean {
    return this.#underWay.size > 0;
  }

  /** Counts reads from now on. */
  install(): void {
    for (const [owner, names] of reading()) {
      for (const name of names) {
        const descriptor = Object.getOwnPropertyDescriptor(owner, name);
        if (typeof descriptor?.value !== "function") continue;
        this.#found.push([owner, name, descriptor]);
        Object.defineProperty(owner, name, { ...descriptor, value: this.#counted(descriptor.value as Method) });
      }
    }
  }

  /** No longer waits for what is being read now: it may itself wait for a timer. */
  giveUp(): void {
    this.#underWay = new Set();
  }

  /** Puts the prototypes back. */
  restore(): void {
    for (const [owner, name, descriptor] of this.#found.splice(0)) Object.defineProperty(owner, name, descriptor);
    this.giveUp();
  }

  #counted(read: Method): Method {
    const begin = (read: Promise<unknown>): void => {
      const known = this.#underWay;
      const end = (): void => void known.delete(read);
      known.add(read);
      read.then(end, end);
    };
    return function (...args) {
      const begun = read.apply(this, args);
      begin(begun);
      return begun;
    };
  }
}
