import { ByteReader, DamageError } from "./bytes.js";
import { InflateStream } from "./inflate.js";

// What was masked: the masks records of a segment. All that the page knows of them stands here.

/**
 * A mask in force: a rectangle in whole pixels of the picture.
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
const maskLimits = { masks: 2 ** 16, bytes: 2 ** 22, role: 255 };

/**
 * Reads a masks record.
 * @param {Uint8Array} payload @param {Mask[] | null} before the masks in force before it; null right behind a keyframe
 * @param {{width: number, height: number}} size of the picture
 * @returns {Promise<Mask[]>} all masks in force from the frame before it on
 * @throws {DamageError}
 */
export async function readMasks(payload, before, size) {
  let reader = new ByteReader(payload);
  const flags = reader.u8();
  if (flags & 2) reader = new ByteReader(await inflated(reader.take(reader.left)));
  if (!(flags & 1) && !before) throw new DamageError("masks that change a list which is not there");
  const masks = flags & 1 || !before ? [] : remaining(reader, before);
  const count = bounded(reader.varint(), Math.min(maskLimits.masks, Math.floor(reader.left / 6)));
  /** @type {string[]} */
  const roles = [""];
  let [x, y] = [0, 0];
  for (let i = 0; i < count; i++) {
    const what = reader.u8();
    const number = bounded(reader.varint(), roles.length);
    if (number === roles.length) roles.push(readRole(reader));
    x += reader.zigzag();
    y += reader.zigzag();
    const [width, height] = [reader.varint(), reader.varint()];
    if (x < 0 || y < 0 || !width || !height || x + width > size.width || y + height > size.height) {
      throw new DamageError("a mask outside of the picture");
    }
    masks.push({
      x, y, width, height, kind: kindsByCode[what & 7] ?? "other", reason: reasonsByCode[what >> 3] ?? "", role: roles[number],
    });
  }
  bounded(masks.length, maskLimits.masks);
  return masks;
}

/** @param {number} value @param {number} limit */
function bounded(value, limit) {
  if (value > limit) throw new DamageError("a list of masks is beyond the limits");
  return value;
}

/** @param {ByteReader} reader */
function readRole(reader) {
  const bytes = reader.take(bounded(reader.varint(), maskLimits.role));
  if (!bytes.length) throw new DamageError("a role without a name");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new DamageError("a role that is not UTF-8");
  }
}

/** What is left of a list without the places that a record names. @param {ByteReader} reader @param {Mask[]} before */
function remaining(reader, before) {
  const removed = new Set();
  let next = 0;
  for (let left = bounded(reader.varint(), reader.left); left > 0; left--) {
    const place = bounded(next + reader.varint(), before.length - 1);
    removed.add(place);
    next = place + 1;
  }
  return before.filter((_, place) => !removed.has(place));
}

/** @param {Uint8Array} bytes one ended stream of deflate */
async function inflated(bytes) {
  const stream = new InflateStream();
  try {
    const body = await stream.append(bytes, maskLimits.bytes);
    await stream.finish();
    return body;
  } finally {
    stream.reset();
  }
}

/** The masks in force at each frame of a segment that has masks records.
 * @param {import("./segment.js").Segment} segment @returns {Promise<{frame: number, masks: Mask[]}[]>} */
export async function readMaskLists({ header, frames, others }) {
  const lists = [];
  /** @type {Mask[] | null} */
  let masks = null;
  let last = 0;
  for (const { type, frame, payload } of others) {
    if (type !== 5) continue;
    // A keyframe forgets the list.
    if (frames.slice(last, frame).some(({ isKey }) => isKey)) masks = null;
    last = frame;
    masks = await readMasks(payload, masks, header);
    lists.push({ frame: frame - 1, masks });
  }
  return lists;
}

/** The masks in force at every frame, as they become known. */
export class MaskTimeline {
  constructor() {
    /** @type {Map<number, {frame: number, masks: Mask[]}[]>} */
    this.segments = new Map();
  }

  get isEmpty() {
    return this.segments.size === 0;
  }

  /** The masks in force from a frame of a segment on, until the next call's. @param {number} segment @param {number} frame @param {Mask[]} masks */
  add(segment, frame, masks) {
    const list = this.segments.get(segment) ?? [];
    list.push({ frame, masks });
    list.sort((a, b) => a.frame - b.frame);
    this.segments.set(segment, list);
  }

  /** @param {number} segment @param {number} frame @returns {Mask[]} */
  at(segment, frame) {
    return this.segments.get(segment)?.findLast((entry) => entry.frame <= frame)?.masks ?? [];
  }

  /** The smallest mask over a pixel. @param {Mask[]} masks @param {number} x @param {number} y @returns {Mask | null} */
  static under(masks, x, y) {
    let found = null;
    for (const mask of masks) {
      if (x < mask.x || y < mask.y || x >= mask.x + mask.width || y >= mask.y + mask.height) continue;
      if (!found || mask.width * mask.height < found.width * found.height) found = mask;
    }
    return found;
  }
}

/** What a kind of mask is called. @type {Record<string, string>} */
export const maskKinds = {
  text: "Text", image: "Image", input: "Input", password: "Password", gap: "Gap between widgets",
  uncovered: "No widget claims it", other: "Other",
};

/**
 * Draws masks over the picture.
 * @param {CanvasRenderingContext2D} context @param {Mask[]} masks @param {"outline" | "wireframe"} style
 * @param {number} scale canvas pixels for one of the picture
 */
export function drawMasks(context, masks, style, scale) {
  context.lineWidth = Math.max(1, Math.round(scale));
  // Large ones first, so that what lies within them stays visible.
  const sorted = masks.toSorted((a, b) => b.width * b.height - a.width * a.height);
  for (const mask of sorted) {
    // Rounded outward, so that no line of the fill stays beside a sketch.
    const [x, y] = [Math.floor(mask.x * scale), Math.floor(mask.y * scale)];
    const width = Math.ceil((mask.x + mask.width) * scale) - x;
    const height = Math.ceil((mask.y + mask.height) * scale) - y;
    if (style === "outline") drawOutline(context, mask.kind, x, y, width, height);
    else drawSketch(context, mask.kind, x, y, width, height, scale);
  }
}

/** @type {Record<string, string>} */
const outlineColours = {
  text: "#6ea8ff", image: "#c490ff", input: "#4fd1b5", password: "#ff8f8f", gap: "#9aa3b2", uncovered: "#9aa3b2",
};

/** @param {CanvasRenderingContext2D} c @param {string} kind @param {number} x @param {number} y @param {number} w @param {number} h */
function drawOutline(c, kind, x, y, w, h) {
  c.strokeStyle = outlineColours[kind] ?? "#e8b84a";
  const half = c.lineWidth / 2;
  c.strokeRect(x + half, y + half, Math.max(0, w - 2 * half), Math.max(0, h - 2 * half));
}

/** A sketch of what is masked, of its rectangle and kind alone. @param {CanvasRenderingContext2D} c @param {string} kind @param {number} x @param {number} y @param {number} w @param {number} h @param {number} scale */
function drawSketch(c, kind, x, y, w, h, scale) {
  const [paper, line, bar] = ["#f4f5f7", "#b9c0cc", "#cfd5de"];
  c.fillStyle = kind === "gap" || kind === "uncovered" || kind === "other" ? "#eceef2" : paper;
  c.fillRect(x, y, w, h);
  c.strokeStyle = line;
  c.fillStyle = bar;
  const half = c.lineWidth / 2;
  const inner = () => c.strokeRect(x + half, y + half, Math.max(0, w - 2 * half), Math.max(0, h - 2 * half));
  if (kind === "text") {
    // Bars of a line's height; the last one is shorter, as paragraphs end.
    const step = Math.max(4, Math.min(h, 20 * scale));
    const lines = Math.max(1, Math.round(h / step));
    for (let i = 0; i < lines; i++) {
      const long = lines > 1 && i === lines - 1 ? 0.6 : 1;
      bars(c, x, y + h * (i + 0.28) / lines, w * long, h / lines * 0.44, scale);
    }
  } else if (kind === "input") {
    inner();
    bars(c, x + 6 * scale, y + h * 0.32, Math.min(w * 0.4, 160 * scale), Math.min(h * 0.36, 9 * scale), scale);
  } else if (kind === "password") {
    inner();
    const radius = Math.max(1, Math.min(3.2 * scale, h / 6));
    for (let i = 0; i < 8 && (i + 1) * radius * 3 + 6 * scale < w; i++) {
      c.beginPath();
      c.arc(x + 8 * scale + (i + 0.5) * radius * 3, y + h / 2, radius, 0, 7);
      c.fillStyle = "#8c95a4";
      c.fill();
    }
  } else if (kind === "image") {
    inner();
    c.beginPath();
    c.moveTo(x, y);
    c.lineTo(x + w, y + h);
    c.moveTo(x + w, y);
    c.lineTo(x, y + h);
    c.stroke();
  } else {
    c.save();
    c.beginPath();
    c.rect(x, y, w, h);
    c.clip();
    c.beginPath();
    const step = 12 * scale;
    for (let d = -h; d < w; d += step) {
      c.moveTo(x + d, y + h);
      c.lineTo(x + d + h, y);
    }
    c.strokeStyle = "#dfe3e9";
    c.stroke();
    c.restore();
  }
}

/** @param {CanvasRenderingContext2D} c @param {number} x @param {number} y @param {number} w @param {number} h @param {number} scale */
function bars(c, x, y, w, h, scale) {
  c.beginPath();
  c.roundRect(x, y, Math.max(1, w), Math.max(1, h), Math.min(h / 2, 3 * scale));
  c.fill();
}
