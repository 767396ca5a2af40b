import {
  damaged, highBit, literalCodes, matchCodes, readStateTable, singleState, usualLiterals, usualMatches, usualOffsets,
} from "./fse.js";

// Decodes zstd (RFC 8878) as Format.md uses it: one frame without a dictionary that is never ended, with a flush after each piece.

/** @typedef {import("./fse.js").StateTable} StateTable */

const blockLimit = 1 << 17;
const windowLimit = 1 << 23;

/** A stream in pieces: every byte can be read when its piece is complete. */
export class ZstdStream {
  end = 0;
  window = 0;
  offsets = [1, 4, 8];
  /** @type {(StateTable | null)[]} */
  tables = [null, null, null];

  constructor() {
    this.out = new Uint8Array(1 << 18);
    this.literals = new Uint8Array(blockLimit);
    // A bit stream that is read backwards, between zeros: bits before its start are read as 0.
    this.backward = new Uint8Array(blockLimit + 32);
    this.reset();
  }

  /** Begins another stream in the same memory. */
  reset() {
    this.end = 0;
    this.window = 0;
    this.hasHeader = false;
    this.hasEnded = false;
    this.hasChecksum = false;
    this.offsets = [1, 4, 8];
    /** @type {{table: Uint16Array, log: number} | null} */
    this.huffman = null;
    this.tables = [null, null, null];
  }

  /**
   * @param {Uint8Array} piece @param {number} limit bytes that may come out
   * @returns {Uint8Array} a view that is good until the next call
   */
  append(piece, limit) {
    if (this.end > 2 * this.window + (1 << 18)) {
      this.out.copyWithin(0, this.end - this.window, this.end);
      this.end = this.window;
    }
    const start = this.end;
    let at = 0;
    if (piece.length && this.hasEnded) damaged("bytes behind the end");
    if (piece.length && !this.hasHeader) at = this.readFrameHeader(piece);
    while (at < piece.length) {
      if (this.hasEnded) damaged("bytes behind the end");
      if (at + 3 > piece.length) damaged("a block is cut off");
      const header = piece[at] | piece[at + 1] << 8 | piece[at + 2] << 16;
      const kind = header >> 1 & 3;
      const size = header >>> 3;
      const stored = kind === 1 ? 1 : size;
      at += 3;
      if (size > Math.min(blockLimit, this.window) || at + stored > piece.length) damaged("a block is cut off or too large");
      this.makeRoom(blockLimit);
      if (kind === 0) {
        this.out.set(piece.subarray(at, at + size), this.end);
        this.end += size;
      } else if (kind === 1) {
        this.out.fill(piece[at], this.end, this.end + size);
        this.end += size;
      } else if (kind === 2) {
        this.readBlock(piece, at, at + size);
      } else {
        damaged("a block of an unknown kind");
      }
      at += stored;
      if (this.end - start > limit) damaged("more comes out than a frame may hold");
      if (header & 1) {
        this.hasEnded = true;
        if (this.hasChecksum) damaged("a checksum, which this player can't compare");
      }
    }
    return this.out.subarray(start, this.end);
  }

  /** @param {number} count */
  makeRoom(count) {
    if (this.end + count <= this.out.length) return;
    const larger = new Uint8Array(Math.max(this.out.length * 2, this.end + count));
    larger.set(this.out.subarray(0, this.end));
    this.out = larger;
  }

  /** @param {Uint8Array} piece */
  readFrameHeader(piece) {
    if (piece.length < 6 || piece[0] !== 0x28 || piece[1] !== 0xb5 || piece[2] !== 0x2f || piece[3] !== 0xfd) {
      damaged("no frame begins here");
    }
    const flags = piece[4];
    if (flags & 8) damaged("a reserved bit is set");
    const isSingle = (flags & 32) !== 0;
    const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][flags >> 6];
    let at = 5;
    if (!isSingle) {
      const base = 2 ** (10 + (piece[at] >> 3));
      this.window = base + base / 8 * (piece[at] & 7);
      at++;
    }
    for (const end = at + [0, 1, 2, 4][flags & 3]; at < end; at++) {
      if (piece[at]) damaged("a dictionary is needed");
    }
    if (at + sizeBytes > piece.length) damaged("the header is cut off");
    let size = sizeBytes === 2 ? 256 : 0;
    for (let i = 0; i < sizeBytes; i++) size += piece[at + i] * 2 ** (8 * i);
    if (isSingle) this.window = size;
    if (this.window > windowLimit) damaged("the window is larger than the format allows");
    this.hasChecksum = (flags & 4) !== 0;
    this.hasHeader = true;
    return at + sizeBytes;
  }

  /** @param {Uint8Array} source @param {number} from @param {number} to */
  readBlock(source, from, to) {
    if (to - from < 2) damaged("a block is cut off");
    const { count, at } = this.readLiterals(source, from, to);
    this.readSequences(source, at, to, count);
  }

  /** Fills `literals`. @param {Uint8Array} source @param {number} from @param {number} to */
  readLiterals(source, from, to) {
    const kind = source[from] & 3;
    const form = source[from] >> 2 & 3;
    const word = (source[from] | source[from + 1] << 8 | source[from + 2] << 16 | source[from + 3] << 24) >>> 4;
    let count;
    let at;
    if (kind < 2) {
      const bytes = form === 1 ? 2 : form === 3 ? 3 : 1;
      count = form === 1 ? word & 0xfff : form === 3 ? word & 0xfffff : source[from] >> 3;
      at = from + bytes;
      const stored = kind === 0 ? count : 1;
      if (count > blockLimit || at + stored > to) damaged("literals are cut off");
      if (kind === 0) this.literals.set(source.subarray(at, at + count));
      else this.literals.fill(source[at], 0, count);
      return { count, at: at + stored };
    }
    const bits = [10, 10, 14, 18][form];
    if (from + 5 > to) damaged("literals are cut off");
    count = word & (1 << bits) - 1;
    const high = word / 2 ** bits + source[from + 4] * 2 ** (28 - bits);
    const size = Math.floor(high) & (1 << bits) - 1;
    at = from + [3, 3, 4, 5][form];
    const end = at + size;
    if (count > blockLimit || end > to) damaged("literals are cut off");
    if (kind === 2) at = this.readHuffman(source, at, end);
    if (!this.huffman) return damaged("literals without a code");
    if (form === 0) {
      this.readSymbols(source, at, end, 0, count);
      return { count, at: end };
    }
    if (at + 6 > end) damaged("literals are cut off");
    const part = count + 3 >> 2;
    let place = at + 6;
    for (let i = 0; i < 4; i++) {
      const next = i === 3 ? end : place + (source[at + 2 * i] | source[at + 2 * i + 1] << 8);
      if (next > end || part * 3 > count) damaged("literals are cut off");
      this.readSymbols(source, place, next, part * i, i === 3 ? count : part * (i + 1));
      place = next;
    }
    return { count, at: end };
  }

  /**
   * Prepares a stream for backward reading.
   * @param {Uint8Array} source @param {number} from @param {number} to @returns {number} the bit behind its last
   */
  turn(source, from, to) {
    const size = to - from;
    if (size < 1 || source[to - 1] === 0) damaged("a bit stream has no end");
    this.backward.set(source.subarray(from, to), 16);
    this.backward.fill(0, 16 + size, 24 + size);
    return (15 + size) * 8 + highBit(source[to - 1]);
  }

  /** @param {Uint8Array} source @param {number} from @param {number} to @param {number} first @param {number} last */
  readSymbols(source, from, to, first, last) {
    const { table, log } = /** @type {{table: Uint16Array, log: number}} */ (this.huffman);
    const { backward, literals } = this;
    let place = this.turn(source, from, to);
    const mask = (1 << log) - 1;
    const shift = 24 - log;
    let i = first;
    // Two at a time: both have at most 22 bits.
    for (; i + 1 < last && place > 152; i += 2) {
      const start = place - 24;
      const byte = start >> 3;
      const word = (backward[byte] | backward[byte + 1] << 8 | backward[byte + 2] << 16 | backward[byte + 3] << 24)
        >>> (start & 7);
      const one = table[word >>> shift & mask];
      const two = table[word >>> shift - (one >> 8) & mask];
      literals[i] = one;
      literals[i + 1] = two;
      place -= (one >> 8) + (two >> 8);
    }
    for (; i < last && place > 128; i++) {
      const start = place - 24;
      const byte = start >> 3;
      const word = (backward[byte] | backward[byte + 1] << 8 | backward[byte + 2] << 16 | backward[byte + 3] << 24)
        >>> (start & 7);
      const one = table[word >>> shift & mask];
      literals[i] = one;
      place -= one >> 8;
    }
    if (place !== 128 || i !== last) damaged("literals don't end where their stream does");
  }

  /** Reads a Huffman code. @param {Uint8Array} source @param {number} from @param {number} limit */
  readHuffman(source, from, limit) {
    const header = source[from];
    let at = from + 1;
    /** @type {number[]} */
    let weights = [];
    if (header >= 128) {
      const count = header - 127;
      if (at + (count + 1 >> 1) > limit) damaged("a code is cut off");
      for (let i = 0; i < count; i++) weights.push(i & 1 ? source[at + (i >> 1)] & 15 : source[at + (i >> 1)] >> 4);
      at += count + 1 >> 1;
    } else {
      if (at + header > limit) damaged("a code is cut off");
      weights = this.readWeights(source, at, at + header);
      at += header;
    }
    let sum = 0;
    for (const weight of weights) {
      if (weight > 12) damaged("a code is too long");
      sum += weight && 1 << weight - 1;
    }
    if (!sum) damaged("a code is empty");
    const log = highBit(sum) + 1;
    const rest = (1 << log) - sum;
    if (log > 11 || rest & rest - 1) damaged("a code is not whole");
    weights.push(highBit(rest) + 1);
    const table = new Uint16Array(1 << log);
    const ranks = weights.filter((weight) => weight === 1).length;
    if (ranks < 2 || ranks & 1) damaged("a code is not whole");
    let place = 0;
    for (let weight = 1; weight <= log; weight++) {
      for (let symbol = 0; symbol < weights.length; symbol++) {
        if (weights[symbol] !== weight) continue;
        const count = 1 << weight - 1;
        table.fill(symbol | log + 1 - weight << 8, place, place + count);
        place += count;
      }
    }
    if (place !== table.length) damaged("a code is not whole");
    this.huffman = { table, log };
    return at;
  }

  /** Weights of a code, which two states give alternately. @param {Uint8Array} source @param {number} from @param {number} to */
  readWeights(source, from, to) {
    const { table, end } = readStateTable(source, from, to, 6, 255);
    let place = this.turn(source, end, to);
    const weights = [];
    const states = [0, 0];
    for (const i of [0, 1]) {
      place -= table.log;
      states[i] = this.bitsAt(place, table.log);
    }
    if (place < 128) damaged("a code is cut off");
    for (let i = 0; weights.length < 254; i ^= 1) {
      weights.push(table.symbols[states[i]]);
      const bits = table.bits[states[i]];
      if (place - bits < 128) {
        weights.push(table.symbols[states[i ^ 1]]);
        return weights;
      }
      place -= bits;
      states[i] = table.bases[states[i]] + this.bitsAt(place, bits);
    }
    return damaged("a code has too many symbols");
  }

  /** @param {number} place @param {number} count at most 24 */
  bitsAt(place, count) {
    const { backward } = this;
    const byte = place >> 3;
    return (backward[byte] | backward[byte + 1] << 8 | backward[byte + 2] << 16 | backward[byte + 3] << 24)
      >>> (place & 7) & (1 << count) - 1;
  }

  /** @param {Uint8Array} source @param {number} from @param {number} to @param {number} literalCount */
  readSequences(source, from, to, literalCount) {
    if (from >= to) damaged("sequences are cut off");
    let at = from;
    let count = source[at++];
    if (count > 127) {
      if (at + (count === 255 ? 2 : 1) > to) damaged("sequences are cut off");
      if (count === 255) {
        count = (source[at] | source[at + 1] << 8) + 0x7f00;
        at += 2;
      } else {
        count = (count - 128 << 8) + source[at++];
      }
    }
    if (count === 0) {
      if (at !== to) damaged("bytes behind a block");
      this.out.set(this.literals.subarray(0, literalCount), this.end);
      this.end += literalCount;
      return;
    }
    if (at >= to) damaged("sequences are cut off");
    const modes = source[at++];
    if (modes & 3) damaged("a reserved bit is set");
    const kinds = [
      { usual: usualLiterals, log: 9, symbols: 35 }, { usual: usualOffsets, log: 8, symbols: 31 },
      { usual: usualMatches, log: 9, symbols: 52 },
    ];
    kinds.forEach(({ usual, log, symbols }, i) => {
      const mode = modes >> 6 - 2 * i & 3;
      if (mode === 0) this.tables[i] = usual;
      if (mode === 1) {
        if (at >= to || source[at] > symbols) damaged("a table has too many symbols");
        this.tables[i] = singleState(source[at++]);
      }
      if (mode === 2) {
        const { table, end } = readStateTable(source, at, to, log, symbols);
        this.tables[i] = table;
        at = end;
      }
      if (!this.tables[i]) damaged("a table is missing");
    });
    this.run(source, at, to, count, literalCount);
  }

  /** Carries out sequences. @param {Uint8Array} source @param {number} from @param {number} to @param {number} count @param {number} literalCount */
  run(source, from, to, count, literalCount) {
    const [literalTable, offsetTable, matchTable] = /** @type {StateTable[]} */ (this.tables);
    const { out, literals, offsets } = this;
    const limit = this.end + blockLimit;
    let place = this.turn(source, from, to);
    let literalState = this.bitsAt(place -= literalTable.log, literalTable.log);
    let offsetState = this.bitsAt(place -= offsetTable.log, offsetTable.log);
    let matchState = this.bitsAt(place -= matchTable.log, matchTable.log);
    let [near, middle, far] = offsets;
    let end = this.end;
    let literal = 0;
    for (let i = 0; i < count; i++) {
      const offsetCode = offsetTable.symbols[offsetState];
      if (offsetCode > 24) damaged("an offset is too far");
      let offset = (1 << offsetCode) + this.bitsAt(place -= offsetCode, offsetCode);
      const matchCode = matchTable.symbols[matchState];
      const matchBits = matchCodes.bits[matchCode];
      const length = matchCodes.bases[matchCode] + this.bitsAt(place -= matchBits, matchBits);
      const literalCode = literalTable.symbols[literalState];
      const literalBits = literalCodes.bits[literalCode];
      const plain = literalCodes.bases[literalCode] + this.bitsAt(place -= literalBits, literalBits);
      if (offset > 3) {
        offset -= 3;
        far = middle;
        middle = near;
        near = offset;
      } else {
        const choice = offset - (plain === 0 ? 0 : 1);
        offset = choice === 0 ? near : choice === 1 ? middle : choice === 2 ? far : near - 1;
        if (choice > 1) far = middle;
        if (choice > 0) {
          middle = near;
          near = offset;
        }
      }
      if (i + 1 < count) {
        const a = literalTable.bits[literalState];
        literalState = literalTable.bases[literalState] + this.bitsAt(place -= a, a);
        const b = matchTable.bits[matchState];
        matchState = matchTable.bases[matchState] + this.bitsAt(place -= b, b);
        const c = offsetTable.bits[offsetState];
        offsetState = offsetTable.bases[offsetState] + this.bitsAt(place -= c, c);
      }
      if (place < 128 || literal + plain > literalCount || end + plain + length > limit) damaged("sequences are cut off");
      if (plain > 48) {
        out.set(literals.subarray(literal, literal + plain), end);
        literal += plain;
        end += plain;
      } else {
        for (let k = 0; k < plain; k++) out[end++] = literals[literal++];
      }
      let from = end - offset;
      if (offset < 1 || from < 0 || offset > this.window) damaged("an offset is too far");
      if (length > 48 && offset >= length) {
        out.copyWithin(end, from, from + length);
        end += length;
      } else if (length > 48 && offset === 1) {
        out.fill(out[from], end, end + length);
        end += length;
      } else {
        for (let k = 0; k < length; k++) out[end++] = out[from++];
      }
    }
    if (place !== 128) damaged("sequences don't end where their stream does");
    this.offsets = [near, middle, far];
    const rest = literalCount - literal;
    if (end + rest > limit) damaged("a block is too large");
    out.set(literals.subarray(literal, literalCount), end);
    this.end = end + rest;
  }
}
