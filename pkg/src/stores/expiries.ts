/**
 * What may be dropped, and when: a heap, since a purge must not walk over all that stays.
 *
 * Invariant: the first of the heap is the soonest. An entry whose key has another one since, or none, is passed over when
 * it comes to the top, and these are never more than the others and a few.
 */

interface Entry {
  readonly key: string;
  readonly at: number;
}

/** Entries that are out of date and may stay without a look at how many are not. */
const OUTDATED_FREE = 64;

/** Keys by the time from which they may be dropped. */
export class Expiries {
  readonly #present = new Map<string, Entry>();
  #heap: Entry[] = [];

  /** Says when a key may be dropped, instead of what was said before; `null` for never. */
  set(key: string, at: number | null): void {
    if (at === null) {
      this.#present.delete(key);
      return;
    }
    const entry = { key, at };
    this.#present.set(key, entry);
    if (this.#heap.length > 2 * this.#present.size + OUTDATED_FREE) this.#rebuild();
    else this.#rise(entry);
  }

  /** Takes out at most so many keys whose time has come, the soonest first. */
  take(now: number, limit: number): string[] {
    const keys: string[] = [];
    for (let first = this.#heap[0]; keys.length < limit && first !== undefined && first.at <= now; first = this.#heap[0]) {
      this.#dropFirst();
      if (this.#present.get(first.key) !== first) continue;
      this.#present.delete(first.key);
      keys.push(first.key);
    }
    return keys;
  }

  /** A sorted list is a heap. */
  #rebuild(): void {
    this.#heap = [...this.#present.values()].sort((left, right) => (isSooner(left, right) ? -1 : 1));
  }

  #rise(entry: Entry): void {
    const heap = this.#heap;
    let place = heap.push(entry) - 1;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = heap[above] as Entry;
      if (!isSooner(entry, parent)) break;
      heap[place] = parent;
      place = above;
    }
    heap[place] = entry;
  }

  /** The last takes the first place and sinks to its own. */
  #dropFirst(): void {
    const heap = this.#heap;
    const entry = heap.pop();
    if (entry === undefined || heap.length === 0) return;
    let place = 0;
    for (;;) {
      const left = 2 * place + 1;
      if (left >= heap.length) break;
      const right = Math.min(left + 1, heap.length - 1);
      const below = isSooner(heap[right] as Entry, heap[left] as Entry) ? right : left;
      const child = heap[below] as Entry;
      if (!isSooner(child, entry)) break;
      heap[place] = child;
      place = below;
    }
    heap[place] = entry;
  }
}

function isSooner(left: Entry, right: Entry): boolean {
  return left.at < right.at || (left.at === right.at && left.key < right.key);
}
