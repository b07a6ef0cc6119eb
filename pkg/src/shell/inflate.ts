/**
 * The inverse of deflate (RFC 1951), in one synchronous call.
 *
 * Invariant: returns exactly the number of bytes that was asked for and reads nothing else; what is cut off or broken
 * gives wrong bytes, which WebAssembly then refuses, and never an endless loop.
 *
 * Written here because no browser inflates synchronously (`DecompressionStream` is a stream), and because it weighs less
 * than a tenth of what it saves. Where Node's zlib is at hand it is used instead, see bytes.ts.
 */

/** A Huffman code: `slots` is looked up with the next `bits` bits, first bit highest, and gives `symbol << 4 | length`. */
interface Code {
  readonly bits: number;
  readonly slots: Uint16Array;
}

/** The order in which RFC 1951 section 3.2.7 sends the lengths of the code for lengths. */
const LENGTHS_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const END_OF_BLOCK = 256;
/** Match lengths go up to 258; the last symbol is an exception to their rule. */
const LONGEST = 28;

/** The `size` bytes that deflate made `packed` of. */
export function inflate(packed: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(size);
  let written = 0;
  let read = 0;
  let held = 0;
  let hold = 0;
  const reversed = Uint8Array.from({ length: 256 }, (_, byte) => reverse(byte));

  const take = (count: number): number => {
    for (; held < count; held += 8) hold |= (packed[read++] ?? 0) << held;
    const value = hold & ((1 << count) - 1);
    hold >>>= count;
    held -= count;
    return value;
  };
  const symbol = ({ bits, slots }: Code): number => {
    for (; held < bits; held += 8) hold |= (packed[read++] ?? 0) << held;
    // Codes come with their first bit highest, in a stream whose first bit is the lowest of a byte.
    const next = ((reversed[hold & 255] ?? 0) << 8) | (reversed[(hold >> 8) & 255] ?? 0);
    const slot = slots[next >> (16 - bits)] ?? 0;
    hold >>>= slot & 15;
    held -= slot & 15;
    return slot >> 4;
  };

  const stored = (): void => {
    take(held & 7);
    const end = Math.min(size, written + take(16));
    take(16);
    while (written < end) out[written++] = take(8);
  };
  const dynamic = (): [Code, Code] => {
    const literals = take(5) + 257;
    const all = literals + take(5) + 1;
    const sent = take(4) + 4;
    const lengths = new Uint8Array(19);
    for (const place of LENGTHS_ORDER.slice(0, sent)) lengths[place] = take(3);
    const code = codeOf(lengths);
    const seen = new Uint8Array(all);
    for (let at = 0; at < all; ) {
      const length = symbol(code);
      // 16 repeats the length before; 17 and 18 stand for many zeros.
      const times = length < 16 ? 1 : length === 16 ? take(2) + 3 : length === 17 ? take(3) + 3 : take(7) + 11;
      const value = length < 16 ? length : length === 16 ? (seen[at - 1] ?? 0) : 0;
      seen.fill(value, at, (at += times));
    }
    return [codeOf(seen.subarray(0, literals)), codeOf(seen.subarray(literals))];
  };
  const compressed = ([literals, distances]: [Code, Code]): void => {
    while (written < size) {
      const literal = symbol(literals);
      if (literal === END_OF_BLOCK) return;
      if (literal < END_OF_BLOCK) {
        out[written++] = literal;
        continue;
      }
      const index = literal - END_OF_BLOCK - 1;
      const extra = index < 8 || index === LONGEST ? 0 : (index >> 2) - 1;
      const length = index < 8 ? index + 3 : index === LONGEST ? 258 : ((4 + (index & 3)) << extra) + 3 + take(extra);
      const far = symbol(distances);
      const distance = far < 2 ? far + 1 : ((2 + (far & 1)) << ((far >> 1) - 1)) + 1 + take((far >> 1) - 1);
      for (const end = Math.min(size, written + length); written < end; written++) {
        out[written] = out[written - distance] ?? 0;
      }
    }
  };

  for (let last = 0; last === 0 && read <= packed.length; ) {
    last = take(1);
    const kind = take(2);
    if (kind === 0) stored();
    else compressed(kind === 1 ? fixed() : dynamic());
  }
  return out;
}

/** The code whose symbol `n` has `lengths[n]` bits: shorter ones first, equal ones in order. */
function codeOf(lengths: Uint8Array): Code {
  const bits = Math.max(...lengths);
  const slots = new Uint16Array(1 << bits);
  let from = 0;
  for (let length = 1; length <= bits; length++) {
    for (let symbol = lengths.indexOf(length); symbol >= 0; symbol = lengths.indexOf(length, symbol + 1)) {
      slots.fill((symbol << 4) | length, from, (from += 1 << (bits - length)));
    }
  }
  return { bits, slots };
}

function reverse(byte: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 8; bit++) reversed |= ((byte >> bit) & 1) << (7 - bit);
  return reversed;
}

/** The code of blocks that bring none. */
function fixed(): [Code, Code] {
  const lengths = new Uint8Array(288).fill(8).fill(9, 144, 256).fill(7, 256, 280);
  return [codeOf(lengths), codeOf(new Uint8Array(30).fill(5))];
}
