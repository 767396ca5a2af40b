import { ByteReader, DamageError } from "./bytes.js";

// Reads the masks records of a segment.

/**
 * A mask of a frame: a rectangle in whole pixels of the picture.
 * @typedef {object} Mask
 * @property {number} x @property {number} y @property {number} width @property {number} height
 * @property {string} kind one of `kindsByCode`
 * @property {string} reason why it is masked, for people
 * @property {string} role the widget's role; may be empty
 */

const kindsByCode = ["uncovered", "gap", "other", "image", "text", "input", "password"];
const reasonsByCode = [
  "", "masked by the policy's default", "masked by a rule of the policy", "marked by the program", "masked by the program's callback",
  "a container of which no children are listed", "an unknown role", "a window's frame", "a window without an accessible tree",
  "pixels that only containers claim", "pixels that nothing claims", "the boxes could not be had",
  "more masks than are listed; parts of this may be shown", "what shows there could not be read",
];
/** `listed`: masks of all lists of a segment together. */
const maskLimits = { masks: 2 ** 16, listed: 2 ** 21 };

/** Roles by their code, starting with 1. */
const rolesByCode = (
  "password text,entry,text,search box,spin button,combo box,terminal,push button,toggle button,switch,check box," +
  "radio button,menu,menu item,check menu item,radio menu item,page tab,link,label,static,heading,paragraph,caption," +
  "accelerator label,list item,tree item,table cell,column header,row header,table column header,table row header," +
  "tool tip,status bar,title bar,image,icon,canvas,drawing area,video,embedded,progress bar,slider,panel,filler,frame," +
  "window,dialog,scroll pane,split pane,section,grouping,table,tree table,tree,list,list box,document web,document text," +
  "tool bar,menu bar,page tab list,unknown"
).split(",");
const writtenOut = 63;

/** The probability that a bit is one, in units of 1 / 65,536, adapted to the bits before it. */
class BitModel {
  constructor() {
    this.probability = 32768;
    this.count = 0;
  }

  /** @param {number} bit */
  learn(bit) {
    const after = this.probability + Math.trunc((bit * 65536 - this.probability) * 2 / (2 * this.count + 5));
    this.probability = Math.min(Math.max(after, 1024), 64512);
    this.count = Math.min(this.count + 1, 30);
  }
}

/** Reads bits of a range coder: "Bits" of Format.md. */
class BitDecoder {
  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
    this.offset = 0;
    [this.low, this.high, this.code] = [0, 0xffffffff, 0];
    for (let i = 0; i < 4; i++) this.shift();
  }

  shift() {
    this.code = (this.code << 8 | (this.bytes[this.offset++] ?? 0)) >>> 0;
  }

  /** @param {BitModel} model */
  bit(model) {
    const bit = this.split(model.probability);
    model.learn(bit);
    return bit;
  }

  /** Bits that are as likely one as zero, the highest first. @param {number} bits */
  number(bits) {
    let number = 0;
    for (let i = 0; i < bits; i++) number = number << 1 | this.split(32768);
    return number;
  }

  /** @param {number} probability */
  split(probability) {
    const range = this.high - this.low;
    const middle = this.low + (range >>> 16) * probability + ((range & 0xffff) * probability >>> 16);
    const bit = this.code <= middle ? 1 : 0;
    if (bit) this.high = middle;
    else this.low = middle + 1;
    while ((this.low ^ this.high) >>> 24 === 0) {
      this.low = this.low << 8 >>> 0;
      this.high = (this.high << 8 | 0xff) >>> 0;
      this.shift();
    }
    if (this.offset > this.bytes.length + 4) throw new DamageError("a list of masks is cut off");
    return bit;
  }
}

/** The properties of a mask except its rectangle. @typedef {{kind: string, reason: string, role: string}} MaskStyle */

/** @param {number} count */
const models = (count) => Array.from({ length: count }, () => new BitModel());

/** The adaptive models of a list of masks; a complete list starts new ones. */
class MaskContext {
  constructor() {
    this.movement = new BitModel();
    this.moved = new BitModel();
    this.sameKind = new BitModel();
    this.sameReason = new BitModel();
    this.gone = models(2);
    this.digits = models(18);
    this.candidates = { style: models(2), x: models(2), y: models(2), width: models(2), height: models(2) };
    /** @type {MaskStyle} */
    this.newest = { kind: "text", reason: reasonsByCode[1], role: "" };
    /** @type {MaskStyle[]} */
    this.styles = [];
    /** @type {Record<"x" | "y" | "width" | "height", number[]>} the latest first, each once */
    this.recent = { x: [], y: [], width: [], height: [] };
    this.before = { x: 0, y: 0, width: 0, height: 0 };
    this.gapX = 0;
    this.gapY = 0;
  }
}

/** Reads the masks records of a segment in order. */
export class MaskDecoder {
  /** @param {{width: number, height: number}} size of the picture */
  constructor(size) {
    this.size = size;
    /** @type {Mask[] | null} the present masks; null directly after a keyframe */
    this.masks = null;
    this.context = new MaskContext();
    this.listed = 0;
  }

  /** @param {Uint8Array} payload @returns {Mask[]} all masks from the preceding frame on @throws {DamageError} */
  read(payload) {
    const reader = new ByteReader(payload);
    const isComplete = (reader.u8() & 1) === 1;
    const bits = new BitDecoder(reader.take(reader.left));
    if (isComplete) this.context = new MaskContext();
    const masks = isComplete ? [] : this.change(bits);
    const count = bounded(masks.length + this.number(bits), maskLimits.masks);
    this.listed = bounded(this.listed + count, maskLimits.listed);
    while (masks.length < count) masks.push(this.mask(bits));
    this.masks = masks;
    return masks;
  }

  /** The masks kept from the list, followed by those that moved. @param {BitDecoder} bits */
  change(bits) {
    if (!this.masks) throw new DamageError("masks that change a list which is not there");
    const movement = bits.bit(this.context.movement) ? { x: this.signed(bits), y: this.signed(bits) } : null;
    /** @type {[Mask[], Mask[]]} */
    const [kept, moved] = [[], []];
    let gone = 0;
    for (const mask of this.masks) {
      gone = bits.bit(this.context.gone[gone]);
      if (!gone) kept.push(mask);
      else if (movement && bits.bit(this.context.moved)) {
        moved.push(this.checked({ ...mask, x: mask.x + movement.x, y: mask.y + movement.y }));
      }
    }
    return kept.concat(moved);
  }

  /** @param {BitDecoder} bits @returns {Mask} */
  mask(bits) {
    const style = this.candidate(bits, this.context.candidates.style, this.context.styles) ?? this.style(bits);
    const { before, recent } = this.context;
    const { candidates, gapX, gapY } = this.context;
    const x = this.side(bits, candidates.x, before.x, before.x + before.width + gapX, recent.x) ?? before.x + this.signed(bits);
    const below = before.y + before.height + gapY;
    const [first, second] = x === before.x ? [below, before.y] : [before.y, below];
    const y = this.side(bits, candidates.y, first, second, recent.y) ?? before.y + this.signed(bits);
    const width = this.side(bits, candidates.width, before.width, before.width, recent.width) ?? this.number(bits);
    const height = this.side(bits, candidates.height, before.height, before.height, recent.height) ?? this.number(bits);
    if (x > before.x) this.context.gapX = x - before.x - before.width;
    if (y > before.y) this.context.gapY = y - before.y - before.height;
    this.context.styles = latest(style, this.context.styles);
    this.context.recent = {
      x: latest(x, recent.x), y: latest(y, recent.y), width: latest(width, recent.width), height: latest(height, recent.height),
    };
    this.context.before = { x, y, width, height };
    return this.checked({ x, y, width, height, ...style });
  }

  /** A kind, reason and role that are not among the recent ones. @param {BitDecoder} bits @returns {MaskStyle} */
  style(bits) {
    const code = bits.number(6);
    let role = code ? rolesByCode[code - 1] : "";
    if (code === writtenOut) role = readRole(Uint8Array.from({ length: bits.number(8) }, () => bits.number(8)));
    let { kind, reason } = this.context.newest;
    if (!bits.bit(this.context.sameKind)) kind = kindsByCode[bits.number(3)] ?? "other";
    if (!bits.bit(this.context.sameReason)) reason = reasonsByCode[bits.number(5)] ?? "";
    this.context.newest = this.context.styles.find((style) => style.kind === kind && style.reason === reason && style.role === role)
      ?? { kind, reason, role };
    return this.context.newest;
  }

  /** @template T @param {BitDecoder} bits @param {BitModel[]} models @param {T[]} list @returns {T | undefined} */
  candidate(bits, models, list) {
    return list.find((_, place) => bits.bit(models[Math.min(place, 1)]));
  }

  /**
   * The first that is chosen of two numbers and the recent ones: of those from 0 on, each once, at most 16.
   * @param {BitDecoder} bits @param {BitModel[]} models @param {number} a @param {number} b @param {number[]} recent
   */
  side(bits, models, a, b, recent) {
    const seen = [];
    for (let i = -2; i < recent.length && seen.length < 16; i++) {
      const value = i === -2 ? a : i === -1 ? b : recent[i];
      if (value < 0 || seen.includes(value)) continue;
      if (bits.bit(models[Math.min(seen.length, 1)])) return value;
      seen.push(value);
    }
    return undefined;
  }

  /** @param {BitDecoder} bits */
  number(bits) {
    let count = 0;
    while (bits.bit(this.context.digits[count])) bounded(++count, this.context.digits.length - 1);
    return (1 << count | bits.number(count)) - 1;
  }

  /** @param {BitDecoder} bits */
  signed(bits) {
    const number = this.number(bits);
    return number >> 1 ^ -(number & 1);
  }

  /** @param {Mask} mask */
  checked(mask) {
    const { x, y, width, height } = mask;
    if (x < 0 || y < 0 || !width || !height || x + width > this.size.width || y + height > this.size.height) {
      throw new DamageError("a mask outside of the picture");
    }
    return mask;
  }
}

/** @template T @param {T} value @param {T[]} list */
function latest(value, list) {
  return list[0] === value ? list : [value, ...list.filter((other) => other !== value)].slice(0, 16);
}

/** @param {number} value @param {number} limit */
function bounded(value, limit) {
  if (value > limit) throw new DamageError("a list of masks is beyond the limits");
  return value;
}

/** @param {Uint8Array} bytes */
function readRole(bytes) {
  if (!bytes.length) throw new DamageError("a role without a name");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new DamageError("a role that is not UTF-8");
  }
}

/**
 * The masks records of a segment, each with the index of its frame and the list after it. Lists of a segment may have gigabytes together, so
 * none is kept.
 * @param {import("./segment.js").Segment} segment @returns {Generator<{frame: number, payload: Uint8Array, masks: Mask[]}>}
 */
export function* maskRecords({ header, frames, others }) {
  const decoder = new MaskDecoder(header);
  let last = 0;
  for (const { type, frame, payload } of others) {
    if (type !== 5) continue;
    // A keyframe clears the list.
    if (frames.slice(last, frame).some(({ isKey }) => isKey)) decoder.masks = null;
    last = frame;
    yield { frame: frame - 1, payload, masks: decoder.read(payload) };
  }
}
