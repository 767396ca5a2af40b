import { DamageError } from "./bytes.js";

// Finite state entropy codes (RFC 8878, section 4.1): tables of states, and those that zstd predefines for lengths and
// offsets (section 3.1.1.3.2).

/** @typedef {{log: number, symbols: Uint8Array, bits: Uint8Array, bases: Uint16Array}} StateTable */

export const literalCodes = extended(16, [1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], 0);
export const matchCodes = extended(32, [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], 3);
export const usualLiterals = stateTable(
  [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1], 6);
export const usualMatches = stateTable(
  [1, 4, 3, 2, 2, 2, 2, 2, 2, ...Array(37).fill(1), -1, -1, -1, -1, -1, -1, -1], 6);
export const usualOffsets = stateTable([...Array(6).fill(1), 2, 2, 2, ...Array(15).fill(1), -1, -1, -1, -1, -1], 5);

/**
 * Codes of lengths: the first `plain` codes are their own values, the others have a base and extra bits.
 * @param {number} plain @param {number[]} extra @param {number} least
 */
function extended(plain, extra, least) {
  const bases = new Int32Array(plain + extra.length);
  const bits = new Uint8Array(plain + extra.length);
  for (let code = 0, base = least; code < bases.length; code++) {
    bases[code] = base;
    bits[code] = code < plain ? 0 : extra[code - plain];
    base += 1 << bits[code];
  }
  return { bases, bits };
}

/** @param {number} value at least 1 */
export function highBit(value) {
  return 31 - Math.clz32(value);
}

/** @param {string} what @returns {never} */
export function damaged(what) {
  throw new DamageError(`zstd: ${what}`);
}

/** @param {ArrayLike<number>} counts −1 stands for less than 1 @param {number} log @returns {StateTable} */
export function stateTable(counts, log) {
  const size = 1 << log;
  const symbols = new Uint8Array(size);
  const bits = new Uint8Array(size);
  const bases = new Uint16Array(size);
  const next = new Uint16Array(counts.length);
  let high = size - 1;
  for (let s = 0; s < counts.length; s++) {
    next[s] = Math.abs(counts[s]);
    if (counts[s] === -1) symbols[high--] = s;
  }
  const step = (size >> 1) + (size >> 3) + 3;
  let place = 0;
  for (let s = 0; s < counts.length; s++) {
    for (let i = 0; i < counts[s]; i++) {
      symbols[place] = s;
      do place = place + step & size - 1; while (place > high);
    }
  }
  if (place !== 0) damaged("a table of states is not whole");
  for (let state = 0; state < size; state++) {
    const count = next[symbols[state]]++;
    bits[state] = log - highBit(count);
    bases[state] = (count << bits[state]) - size;
  }
  return { log, symbols, bits, bases };
}

/**
 * Reads the counts of a state table.
 * @param {Uint8Array} source @param {number} from @param {number} to @param {number} logLimit @param {number} symbolLimit
 */
export function readStateTable(source, from, to, logLimit, symbolLimit) {
  let place = from * 8;
  /** @param {number} count */
  const take = (count) => {
    if (place + count > to * 8) damaged("a table of states is cut off");
    const i = place >> 3;
    const word = source[i] | source[i + 1] << 8 | source[i + 2] << 16;
    place += count;
    return word >>> (place - count & 7) & (1 << count) - 1;
  };
  const log = take(4) + 5;
  if (log > logLimit) damaged("a table of states is too large");
  const counts = [];
  let left = 1 << log;
  while (left > 0) {
    const bits = highBit(left + 1) + 1;
    const low = (1 << bits - 1) - 1;
    const threshold = (1 << bits) - 2 - left;
    // The last bit of a short value belongs to the next one, and may lie beyond the end.
    let value = take(bits - 1);
    if (value >= threshold) {
      value |= take(1) << bits - 1;
      if (value > low) value -= threshold;
    }
    const count = value - 1;
    left -= Math.abs(count);
    counts.push(count);
    for (let zeros = count === 0 ? 3 : 0; zeros === 3;) {
      zeros = take(2);
      for (let i = 0; i < zeros; i++) counts.push(0);
    }
    if (counts.length > symbolLimit + 1) damaged("a table has too many symbols");
  }
  if (left < 0) damaged("a table of states is not whole");
  return { table: stateTable(counts, log), end: place + 7 >> 3 };
}

/** @param {number} symbol @returns {StateTable} */
export function singleState(symbol) {
  return { log: 0, symbols: Uint8Array.of(symbol), bits: Uint8Array.of(0), bases: Uint16Array.of(0) };
}
