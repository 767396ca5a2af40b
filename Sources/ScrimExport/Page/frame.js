import { ByteReader, DamageError } from "./bytes.js";
import { InflateStream } from "./inflate.js";
import { ZstdStream } from "./zstd.js";

/** @typedef {{x: number, y: number, width: number, height: number}} Rect */

const tileSide = 64;
const tileArea = tileSide * tileSide;
const stripe = 64;
const escape = 255;

/** The maximum of bytes and pixels for a frame with this number of pixels. */
export const frameLimits = {
  /** @param {number} pixels */
  operationBytes: (pixels) => 65536 + 5 * pixels,
  /** @param {number} pixels */
  sampleBytes: (pixels) => 3 * pixels,
  /** @param {number} pixels */
  work: (pixels) => 65536 + 8 * pixels,
};

/** Operation codes. */
export const operations = { fill: 1, indexed: 2, predicted: 3, copy: 4, recall: 5, jpeg: 6, keep: 7, colours: 8 };

/** The number of bytes after the rectangle of an operation, by its code. */
export const operandBytes = [0, 3, 0, 1, 4, 2, 4, 0, 0];

/** @param {number} coding of the header */
export function entropyStream(coding) {
  return coding === 2 ? new ZstdStream() : new InflateStream();
}

/** A JPEG's size, or an error: so that only baseline and progressive files of a known size reach the browser's decoder.
 * @param {Uint8Array} bytes */
function jpegSize(bytes) {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) throw new DamageError("not a JPEG");
  let at = 2;
  while (at + 9 < bytes.length) {
    if (bytes[at] !== 0xff) break;
    const marker = bytes[at + 1];
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker >= 0xc0 && marker <= 0xc2) {
      return { width: bytes[at + 7] << 8 | bytes[at + 8], height: bytes[at + 5] << 8 | bytes[at + 6] };
    }
    if (marker === 0xda || (marker > 0xc2 && marker < 0xd0 && marker !== 0xc4 && marker !== 0xcc)) break;
    at += 2 + (bytes[at + 2] << 8 | bytes[at + 3]);
  }
  throw new DamageError("a JPEG without a size that can be read");
}

/** @param {Uint8Array<ArrayBuffer>} bytes @param {Rect} rect @returns {Promise<Uint32Array>} pixels of the rectangle */
async function decodeJPEG(bytes, rect) {
  const size = jpegSize(bytes);
  if (size.width !== rect.width || size.height !== rect.height) throw new DamageError("a JPEG of a wrong size");
  let image;
  try {
    image = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }), {
      colorSpaceConversion: "none", premultiplyAlpha: "none", imageOrientation: "none",
    });
  } catch {
    throw new DamageError("a JPEG that can't be decoded");
  }
  try {
    if (image.width !== rect.width || image.height !== rect.height) throw new DamageError("a JPEG of a wrong size");
    const canvas = new OffscreenCanvas(rect.width, rect.height);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    if (!context) throw new DamageError("no memory for a JPEG");
    context.drawImage(image, 0, 0);
    return new Uint32Array(context.getImageData(0, 0, rect.width, rect.height).data.buffer);
  } finally {
    image.close();
  }
}

/**
 * Decodes the payloads of frames to pictures. After an error the picture may contain half a frame: it must not be shown, and decoding
 * continues with a keyframe only.
 */
export class FrameDecoder {
  /** @param {number} width @param {number} height @param {number} coding */
  constructor(width, height, coding) {
    this.width = width;
    this.height = height;
    /** Red, green, blue, 255, as a canvas takes them; the four bytes form one word. */
    this.pixels = new Uint32Array(width * height);
    this.palette = new Uint32Array(255);
    this.colours = 0;
    this.columns = Math.ceil(width / tileSide);
    const tiles = this.columns * Math.ceil(height / tileSide);
    this.capacity = Math.min(Math.max(8, tiles >> 1), 65535);
    /** Tiles of the history; blocks of memory are taken as they are needed. @type {Uint32Array[]} */
    this.history = [];
    /** Width × 65,536 + height of each. @type {number[]} */
    this.historySizes = [];
    this.historyNext = 0;
    this.operationStream = entropyStream(coding);
    this.sampleStream = entropyStream(coding);
    this.isWhole = false;
    this.work = 0;
    /** The area that changed since the picture was last taken. @type {{left: number, top: number, right: number, bottom: number}} */
    this.dirty = { left: 0, top: 0, right: width, bottom: height };
    /** @type {Uint8Array[]} */
    this.rows = [];
  }

  /** The rectangle that changed since the last call; null for none. @returns {Rect | null} */
  takeDirty() {
    const { left, top, right, bottom } = this.dirty;
    this.dirty = { left: this.width, top: this.height, right: 0, bottom: 0 };
    return left < right && top < bottom ? { x: left, y: top, width: right - left, height: bottom - top } : null;
  }

  /** @param {Rect} rect */
  touch(rect) {
    const dirty = this.dirty;
    dirty.left = Math.min(dirty.left, rect.x);
    dirty.top = Math.min(dirty.top, rect.y);
    dirty.right = Math.max(dirty.right, rect.x + rect.width);
    dirty.bottom = Math.max(dirty.bottom, rect.y + rect.height);
  }

  /**
   * @param {Uint8Array} coded @param {boolean} isKey
   * @throws {DamageError}
   */
  async apply(coded, isKey) {
    if (isKey) {
      this.pixels.fill(0xff000000);
      this.touch({ x: 0, y: 0, width: this.width, height: this.height });
      this.colours = 0;
      this.historySizes = [];
      this.historyNext = 0;
      this.operationStream.reset();
      this.sampleStream.reset();
    }
    if (!this.isWhole && !isKey) throw new DamageError("no keyframe before it");
    this.isWhole = false;
    if (coded.length) await this.applyPayload(coded);
    this.isWhole = true;
  }

  /** @param {Uint8Array} coded */
  async applyPayload(coded) {
    const outer = new ByteReader(coded);
    const area = this.pixels.length;
    const packed = outer.take(count(outer));
    const packedSamples = outer.take(count(outer));
    const plain = await this.operationStream.append(packed, frameLimits.operationBytes(area));
    const samples = new ByteReader(await this.sampleStream.append(packedSamples, frameLimits.sampleBytes(area)));
    const indices = new ByteReader(plain);
    const list = new ByteReader(indices.take(count(indices)));
    const pictures = await this.decodePictures(list.bytes, outer);
    this.work = 0;
    while (list.left) {
      const code = list.u8();
      if (code === operations.colours) {
        this.addColours(list);
        continue;
      }
      if (code < 1 || code > 8) throw new DamageError(`an operation ${code} that this player doesn't know`);
      const rect = this.readRect(list);
      this.charge(rect.width * rect.height);
      if (code !== operations.keep) this.touch(rect);
      if (code === operations.fill) this.fill(rect, readColour(list));
      else if (code === operations.indexed) this.index(rect, indices);
      else if (code === operations.predicted) this.predict(rect, list.u8(), samples);
      else if (code === operations.copy) this.copy(rect, list.u16(), list.u16());
      else if (code === operations.recall) this.recall(rect, list.u16());
      else if (code === operations.keep) this.keep(rect);
      else {
        list.u32();
        this.place(rect, /** @type {Uint32Array} */ (pictures.shift()));
      }
    }
    if (indices.left || samples.left || outer.left) throw new DamageError("bytes of a frame that no operation takes");
  }

  /**
   * Decodes a frame's JPEG files before its operations are applied, since the browser decodes asynchronously.
   * @param {Uint8Array} list @param {ByteReader} outer
   */
  async decodePictures(list, outer) {
    const reader = new ByteReader(list);
    const pictures = [];
    let area = 0;
    while (reader.left) {
      const code = reader.u8();
      if (code === operations.colours) {
        reader.take(3 * reader.u8());
        continue;
      }
      if (code < 1 || code > 8) throw new DamageError(`an operation ${code} that this player doesn't know`);
      const rect = this.readRect(reader);
      if (code !== operations.jpeg) {
        reader.take(operandBytes[code]);
        continue;
      }
      area += rect.width * rect.height;
      if (area > frameLimits.work(this.pixels.length)) throw new DamageError("a frame asks for too much work");
      const bytes = outer.take(reader.u32());
      pictures.push(await decodeJPEG(/** @type {Uint8Array<ArrayBuffer>} */ (bytes), rect));
    }
    return pictures;
  }

  /** @param {number} pixels */
  charge(pixels) {
    this.work += pixels;
    if (this.work > frameLimits.work(this.pixels.length)) throw new DamageError("a frame asks for too much work");
  }

  /** @param {ByteReader} reader @returns {Rect} */
  readRect(reader) {
    const rect = { x: reader.u16(), y: reader.u16(), width: reader.u16(), height: reader.u16() };
    this.check(rect);
    return rect;
  }

  /** @param {Rect} rect */
  check({ x, y, width, height }) {
    if (!width || !height || x + width > this.width || y + height > this.height) {
      throw new DamageError("a rectangle outside of the picture");
    }
  }

  /** @param {ByteReader} reader */
  addColours(reader) {
    const added = reader.u8();
    if (this.colours + added > 255) throw new DamageError("more than 255 colours");
    for (let i = 0; i < added; i++) this.palette[this.colours++] = readColour(reader);
  }

  /** @param {Rect} rect @param {number} colour */
  fill({ x, y, width, height }, colour) {
    for (let row = y; row < y + height; row++) {
      const start = row * this.width + x;
      this.pixels.fill(colour, start, start + width);
    }
  }

  /** @param {Rect} rect @param {ByteReader} reader */
  index(rect, reader) {
    const { pixels, palette, colours } = this;
    for (let top = 0; top < rect.height; top += stripe) {
      const rows = Math.min(stripe, rect.height - top);
      const indices = reader.take(rows * rect.width);
      let escapes = 0;
      for (let i = 0; i < indices.length; i++) {
        if (indices[i] >= colours) {
          if (indices[i] !== escape) throw new DamageError("a colour that the palette doesn't have");
          escapes++;
        }
      }
      const escaped = reader.take(3 * escapes);
      let next = 0;
      let i = 0;
      for (let row = 0; row < rows; row++) {
        let place = (rect.y + top + row) * this.width + rect.x;
        for (const end = place + rect.width; place < end; place++) {
          const index = indices[i++];
          if (index === escape) {
            pixels[place] = (0xff000000 | escaped[next] << 16 | escaped[next + 1] << 8 | escaped[next + 2]) >>> 0;
            next += 3;
          } else {
            pixels[place] = palette[index];
          }
        }
      }
    }
  }

  /** @param {Rect} rect @param {number} transform @param {ByteReader} samples */
  predict(rect, transform, samples) {
    if (transform > 1) throw new DamageError("a transform that this player doesn't know");
    const { width } = rect;
    // Three planes of the previous row, and of this one.
    let above = [0, 1, 2].map(() => new Uint8Array(width));
    let row = [0, 1, 2].map(() => new Uint8Array(width));
    const shared = transform ? 255 : 0;
    for (let top = 0; top < rect.height; top += stripe) {
      const rows = Math.min(stripe, rect.height - top);
      const bytes = samples.take(3 * rows * width);
      for (let y = 0; y < rows; y++) {
        for (let plane = 0; plane < 3; plane++) {
          sumRow(bytes, (plane * rows + y) * width, top + y > 0 ? above[plane] : null, row[plane]);
        }
        joinRow(row[0], row[1], row[2], shared, this.pixels, (rect.y + top + y) * this.width + rect.x);
        [above, row] = [row, above];
      }
    }
  }

  /** @param {Rect} rect @param {number} fromX @param {number} fromY */
  copy({ x, y, width, height }, fromX, fromY) {
    this.check({ x: fromX, y: fromY, width, height });
    for (let i = 0; i < height; i++) {
      const row = y > fromY ? height - 1 - i : i;
      const start = (fromY + row) * this.width + fromX;
      this.pixels.copyWithin((y + row) * this.width + x, start, start + width);
    }
  }

  /** @param {number} x @param {number} y @returns {Rect} the tile in which a pixel lies */
  tile(x, y) {
    const left = x - x % tileSide;
    const top = y - y % tileSide;
    return {
      x: left, y: top, width: Math.min(tileSide, this.width - left), height: Math.min(tileSide, this.height - top),
    };
  }

  /** @param {Rect} rect */
  keep(rect) {
    for (let y = rect.y - rect.y % tileSide; y < rect.y + rect.height; y += tileSide) {
      for (let x = rect.x - rect.x % tileSide; x < rect.x + rect.width; x += tileSide) {
        const tile = this.tile(x, y);
        this.charge(tile.width * tile.height);
        const slot = this.historyNext;
        this.historyNext = (slot + 1) % this.capacity;
        const held = this.history[slot] ??= new Uint32Array(tileArea);
        this.historySizes[slot] = tile.width * 65536 + tile.height;
        for (let row = 0; row < tile.height; row++) {
          const start = (tile.y + row) * this.width + tile.x;
          held.set(this.pixels.subarray(start, start + tile.width), row * tile.width);
        }
      }
    }
  }

  /** @param {Rect} rect @param {number} slot */
  recall(rect, slot) {
    const tile = this.tile(rect.x, rect.y);
    const isTile = tile.x === rect.x && tile.y === rect.y && tile.width === rect.width && tile.height === rect.height;
    if (!isTile || this.historySizes[slot] !== rect.width * 65536 + rect.height) {
      throw new DamageError("a tile that the history doesn't hold");
    }
    this.place(rect, this.history[slot]);
  }

  /** @param {Rect} rect @param {Uint32Array} source its pixels, row by row */
  place(rect, source) {
    for (let row = 0; row < rect.height; row++) {
      const part = source.subarray(row * rect.width, (row + 1) * rect.width);
      this.pixels.set(part, (rect.y + row) * this.width + rect.x);
    }
  }
}

/** @param {ByteReader} reader */
function count(reader) {
  const value = reader.varint();
  if (value >= 2 ** 35) throw new DamageError("a length is beyond the limits");
  return value;
}

/** @param {ByteReader} reader */
function readColour(reader) {
  const [blue, green, red] = reader.take(3);
  return (0xff000000 | blue << 16 | green << 8 | red) >>> 0;
}

/**
 * Undoes the prediction of one plane's row: the median of left, above, and left + above − above-left.
 * @param {Uint8Array} bytes @param {number} start @param {Uint8Array | null} above @param {Uint8Array} row
 */
function sumRow(bytes, start, above, row) {
  const width = row.length;
  if (!above) {
    let left = 0;
    for (let x = 0; x < width; x++) row[x] = left = left + bytes[start + x] & 255;
    return;
  }
  let corner = above[0];
  let left = corner + bytes[start] & 255;
  row[0] = left;
  for (let x = 1; x < width; x++) {
    const up = above[x];
    const plane = left + up - corner;
    const low = left < up ? left : up;
    const high = left < up ? up : left;
    left = (plane < low ? low : plane > high ? high : plane) + bytes[start + x] & 255;
    row[x] = left;
    corner = up;
  }
}

/**
 * @param {Uint8Array} blue @param {Uint8Array} green @param {Uint8Array} red @param {number} shared 255 if blue and
 *   red are coded as differences from green @param {Uint32Array} pixels @param {number} place
 */
function joinRow(blue, green, red, shared, pixels, place) {
  for (let x = 0; x < blue.length; x++) {
    const g = green[x];
    const common = g & shared;
    pixels[place + x] = (0xff000000 | (blue[x] + common & 255) << 16 | g << 8 | red[x] + common & 255) >>> 0;
  }
}
