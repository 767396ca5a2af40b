import { MaskDecoder } from "./masks.js";

/** @typedef {import("./masks.js").Mask} Mask */

/** The masks records of segments, unchanged: lists are decoded when they are shown. @typedef {{size: {width: number, height: number}, records: {frame: number, payload: Uint8Array}[]}} SegmentMasks */

/** The masks of every frame, as they are read. */
export class MaskTimeline {
  constructor() {
    /** @type {Map<number, SegmentMasks>} */
    this.segments = new Map();
    /** The last decoded list: after the record at `place` of a segment. @type {{held: SegmentMasks, place: number, decoder: MaskDecoder} | null} */
    this.cursor = null;
  }

  get isEmpty() {
    return this.segments.size === 0;
  }

  /** @param {number} segment @param {SegmentMasks} held its records, which were checked */
  set(segment, held) {
    if (held.records.length) this.segments.set(segment, held);
  }

  /** @param {number} segment */
  forget(segment) {
    this.segments.delete(segment);
  }

  /** @param {number} segment @param {number} frame @returns {Mask[]} */
  at(segment, frame) {
    const held = this.segments.get(segment);
    const place = held ? held.records.findLastIndex((record) => record.frame <= frame) : -1;
    if (!held || place < 0) return [];
    let { cursor } = this;
    if (cursor?.held !== held || cursor.place > place) cursor = { held, place: -1, decoder: new MaskDecoder(held.size) };
    this.cursor = cursor;
    const whole = held.records.findLastIndex(({ payload }, i) => i <= place && (payload[0] & 1) === 1);
    for (let i = Math.max(cursor.place + 1, whole); i <= place; i++) cursor.decoder.read(held.records[i].payload);
    cursor.place = place;
    return cursor.decoder.masks ?? [];
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

/** The names of the kinds of masks. @type {Record<string, string>} */
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
  // Large masks first, so that masks inside them remain visible.
  const sorted = masks.toSorted((a, b) => b.width * b.height - a.width * a.height);
  for (const mask of sorted) {
    // Rounded outward, so that no line of the fill remains beside a sketch.
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

/** A sketch of the hidden content, from its rectangle and kind alone. @param {CanvasRenderingContext2D} c @param {string} kind @param {number} x @param {number} y @param {number} w @param {number} h @param {number} scale */
function drawSketch(c, kind, x, y, w, h, scale) {
  const [paper, line, bar] = ["#f4f5f7", "#b9c0cc", "#cfd5de"];
  c.fillStyle = kind === "gap" || kind === "uncovered" || kind === "other" ? "#eceef2" : paper;
  c.fillRect(x, y, w, h);
  c.strokeStyle = line;
  c.fillStyle = bar;
  const half = c.lineWidth / 2;
  const inner = () => c.strokeRect(x + half, y + half, Math.max(0, w - 2 * half), Math.max(0, h - 2 * half));
  if (kind === "text") {
    // Bars of a line's height; the last one is shorter, as in paragraphs.
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
