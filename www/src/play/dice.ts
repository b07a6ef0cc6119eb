/** Chance from a seed, in the shape of `crypto.getRandomValues`. It spreads retries and nothing else: no key comes from it. */

export function dice(seed: number): (bytes: Uint8Array) => void {
  let state = seed >>> 0;
  return (bytes) => {
    for (let at = 0; at < bytes.length; at += 1) {
      // Mulberry32.
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      bytes[at] = (mixed ^ (mixed >>> 14)) & 0xff;
    }
  };
}
