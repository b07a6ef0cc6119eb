/**
 * Virtual time for the storm: a seed in place of chance, events in order, and how dense they are.
 *
 * Invariant: nothing here or in what it drives looks at a real clock or draws a real number, so that two runs of one
 * seed give the same figures on every machine.
 */

/** `Math.random` and the bytes of `crypto` come from a seed from now on, also for the packages that are measured. */
export function seeded(seed) {
  let state = seed >>> 0;
  const next = () => {
    // Mulberry32.
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  Math.random = () => next() / 2 ** 32;
  crypto.getRandomValues = (array) => {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = next();
    return array;
  };
}

/** Events by time, and of one time in the order in which they were planned. A binary heap. */
export class Agenda {
  #heap = [];
  #planned = 0;

  plan(time, run) {
    const heap = this.#heap;
    const event = { time, order: (this.#planned += 1), run };
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(event, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = event;
  }

  /** Runs until nothing is planned any more, or the time is over. */
  run(end = Infinity) {
    for (let event = this.#next(); event !== undefined && event.time < end; event = this.#next()) event.run(event.time);
  }

  #next() {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child += 1;
      if (!before(heap[child], last)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function before(one, other) {
  return one.time < other.time || (one.time === other.time && one.order < other.order);
}

/** The most of these times that lie within any `width` of milliseconds. */
export function peak(times, width) {
  const sorted = Float64Array.from(times).sort();
  let [most, first] = [0, 0];
  for (let last = 0; last < sorted.length; last += 1) {
    while (sorted[last] - sorted[first] >= width) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

/** The smallest number that a share of them does not exceed. */
export function quantile(numbers, share) {
  const sorted = Float64Array.from(numbers).sort();
  return sorted.length === 0 ? NaN : sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
