/**
 * The inverse of raw deflate (RFC 1951), for platforms that inflate only asynchronously.
 *
 * Invariant: it is given what our own build has written, and checks only that it does not end too early. A library
 * weighs three times as much as this, in a bundle where every kilobyte counts.
 */

/** The order in which the lengths of the first code of a block are written. */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** The code that a block may use without writing it: so many symbols of each length. */
const FIXED = [[144, 8], [112, 9], [24, 7], [8, 8], [30, 5]] as const;

/** Bits of the longest code. */
const BITS_MAX = 15;

/** Bytes that are held at most before they are known to be needed. */
const AHEAD = 2;

/** Inflates `source` to the `size` bytes it was made of. Throws a RangeError where `source` ends too early. */
export function inflate(source: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(size);
  let [at, held, heldBits, end] = [0, 0, 0, 0];

  const hold = (count: number): void => {
    for (; heldBits < count; heldBits += 8) {
      if (at > source.length + AHEAD) throw new RangeError("packed bytes end too early");
      held |= (source[at++] ?? 0) << heldBits;
    }
  };

  /** The next bits as a number, the lowest first. */
  const take = (count: number): number => {
    hold(count);
    const value = held & ((1 << count) - 1);
    held >>>= count;
    heldBits -= count;
    return value;
  };

  const symbolOf = (code: Uint16Array): number => {
    hold(BITS_MAX);
    const found = code[held & (code.length - 1)] as number;
    take(found & 15);
    return found >> 4;
  };

  /** The lengths of both codes of a block, themselves in a code, in which repetitions are symbols too. */
  const lengthsOf = (count: number): number[] => {
    const own = Array<number>(19).fill(0);
    for (let place = 0, written = take(4) + 4; place < written; place += 1) own[ORDER[place] as number] = take(3);
    const code = codeOf(own);
    const lengths: number[] = [];
    while (lengths.length < count) {
      const symbol = symbolOf(code);
      const times = symbol < 16 ? 1 : symbol === 16 ? 3 + take(2) : symbol === 17 ? 3 + take(3) : 11 + take(7);
      const length = symbol < 16 ? symbol : symbol === 16 ? (lengths.at(-1) as number) : 0;
      for (let left = times; left > 0; left -= 1) lengths.push(length);
    }
    return lengths;
  };

  /** A number whose highest bits are in a symbol, and the others behind it: `wide` symbols for each count of bits. */
  const numberOf = (symbol: number, wide: number): number => {
    if (symbol < 2 * wide) return symbol;
    const bits = Math.floor(symbol / wide) - 1;
    return ((wide + (symbol % wide)) << bits) + take(bits);
  };

  for (let last = 0; last === 0; ) {
    last = take(1);
    const kind = take(2);
    if (kind === 0) {
      // Bytes as they are, from the next one on, behind their number and its complement.
      at -= heldBits >> 3;
      held = heldBits = 0;
      const length = take(16);
      at += 2;
      out.set(source.subarray(at, at + length), end);
      at += length;
      end += length;
      continue;
    }
    const literals = kind === 1 ? 288 : take(5) + 257;
    const lengths = kind === 1 ? FIXED.flatMap(([count, length]) => Array<number>(count).fill(length)) : lengthsOf(literals + take(5) + 1);
    const [code, distances] = [codeOf(lengths.slice(0, literals)), codeOf(lengths.slice(literals))];
    for (let symbol; (symbol = symbolOf(code)) !== 256; ) {
      if (symbol < 256) {
        out[end++] = symbol;
        continue;
      }
      // The last one stands for a length that has no other bits.
      const length = symbol === 285 ? 258 : 3 + numberOf(symbol - 257, 4);
      const back = 1 + numberOf(symbolOf(distances), 2);
      for (let left = length; left > 0; left -= 1, end += 1) out[end] = out[end - back] as number;
    }
  }
  return out;
}

/** A code of these lengths as a table: whatever bits come next, the symbol they begin with and its length in the low bits. */
function codeOf(lengths: readonly number[]): Uint16Array {
  const table = new Uint16Array(1 << Math.max(1, ...lengths));
  let next = 0;
  for (let length = 1; length <= BITS_MAX; length += 1, next <<= 1) {
    lengths.forEach((found, symbol) => {
      if (found !== length) return;
      // The first bit of a code is the lowest of those that are held.
      let first = 0;
      for (let bit = 0; bit < length; bit += 1) first |= ((next >> bit) & 1) << (length - 1 - bit);
      for (let place = first; place < table.length; place += 1 << length) table[place] = (symbol << 4) | length;
      next += 1;
    });
  }
  return table;
}
