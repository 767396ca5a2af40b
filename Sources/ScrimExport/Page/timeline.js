import { span } from "./format.js";
import { MaskTimeline } from "./masklayer.js";

/** @typedef {{segment: number, time: number, event: any, kind: string, text: string, search: string}} Entry */
/** @typedef {{segment: number, from: number, until: number, reason: string, isPassing: boolean}} DamagedSpan `isPassing`: it could not be loaded yet */

/** The kinds of events that the lists distinguish. */
export const kinds = ["input", "navigation", "log", "network", "error", "test", "sign", "other"];

/** @type {Record<string, string>} */
const kindOfType = {
  move: "move", button: "input", "button-down": "input", "button-up": "input", wheel: "input", key: "input",
  char: "input", "touch-down": "input", "touch-move": "move", "touch-up": "input", navigation: "navigation",
  log: "log", network: "network", error: "error", test: "test",
};

/** @type {Record<string, string>} */
const names = {
  button: "Click", "button-down": "Press", "button-up": "Release", wheel: "Scroll", key: "Key", char: "Key",
  "touch-down": "Touch", "touch-up": "Touch ends",
};

/** @typedef {{kind: string, time: number, until?: number, count?: number, x?: number, y?: number, role?: string}} Finding as the page's data has it */

/** The segment of entries that are no event of a segment. */
const noSegment = -1;

/** Idle spans shorter than this, in nanoseconds, are not skipped. */
const idleLimit = 3e9;

/** @param {any} value */
function word(value) {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** All values in an event, at any depth. @param {any} value @returns {any[]} */
function words(value) {
  return value !== null && typeof value === "object" ? Object.values(value).flatMap(words) : value === null ? [] : [value];
}

/** The summary of an event in one line. @param {any} event @returns {string} */
export function summary(event) {
  switch (event.type) {
    case "log": return word(event.message);
    case "network": return [word(event.method), word(event.url)].filter(Boolean).join(" ");
    case "navigation": return word(event.url) || word(event.name);
    case "error": return [word(event.name), word(event.message)].filter(Boolean).join(": ");
    case "test": return [word(event.name), word(event.phase), word(event.message)].filter(Boolean).join(" · ");
    case "span": return [word(event.op), word(event.name)].filter(Boolean).join(" ");
    case "mark": return word(event.name);
    case "gap": return `Nothing was recorded for ${span(event.duration_ms)}`;
    case "clock step": return `The wall clock was set ${event.offset_ms < 0 ? "back" : "on"} by ${span(Math.abs(event.offset_ms))}`;
    case "rage": return `Rage: ${event.count} clicks on ${word(event.role)}`;
    case "dead": return event.role ? `Dead click on ${word(event.role)}` : "Dead click";
    case "frozen": return `Frozen for ${span(event.duration_ms)}, with ${event.inputs} inputs`;
    case "unreadable": return "An event that can't be read";
    default: {
      const name = Object.hasOwn(names, event.type) ? names[event.type] : word(event.type);
      return Number.isFinite(event.x) && Number.isFinite(event.y) ? `${name} at ${event.x}, ${event.y}` : name;
    }
  }
}

/** The known course of the session: frames, events, activity, masks; it grows as segments are scanned. */
export class Timeline {
  /** @param {{segments: any[], range: [number, number]}} info */
  constructor(info) {
    this.info = info;
    /** Segments that were scanned. @type {Set<number>} */
    this.known = new Set();
    /** By segment. @type {Map<number, {times: Float64Array, changed: Float32Array, withheld: Float32Array, status: Uint8Array}>} */
    this.frames = new Map();
    /** Sorted by time, without moves. @type {Entry[]} */
    this.entries = [];
    /** Where the pointer was. @type {{segment: number, time: number, event: any}[]} */
    this.pointer = [];
    /** @type {DamagedSpan[]} */
    this.damaged = [];
    this.masks = new MaskTimeline();
    /** @type {{from: number, until: number}[] | null} */
    this.idleSpans = null;
  }

  get total() {
    return this.info.range[1] - this.info.range[0];
  }

  get scanned() {
    return this.known.size;
  }

  get isWhole() {
    return this.scanned === this.total;
  }

  /** Segments from `first` on are scanned again, since the session got longer; until then they keep their data. @param {number} first */
  grow(first) {
    for (let i = first; i < this.info.range[1]; i++) this.known.delete(i);
    this.idleSpans = null;
  }

  /** @param {number} segment */
  forget(segment) {
    if (!this.frames.delete(segment) && !this.damaged.some((span) => span.segment === segment)) return;
    const isOther = (/** @type {{segment: number}} */ entry) => entry.segment !== segment;
    this.entries = this.entries.filter(isOther);
    this.pointer = this.pointer.filter(isOther);
    this.damaged = this.damaged.filter(isOther);
    this.masks.forget(segment);
  }

  /** @param {any} message the worker's results for a segment */
  add(message) {
    this.forget(message.index);
    this.known.add(message.index);
    this.idleSpans = null;
    if (message.error !== null) {
      const { first } = this.info.segments[message.index];
      const next = this.info.segments[message.index + 1];
      const until = message.index + 1 < this.info.range[1] ? next.first : this.info.segments[message.index].last;
      this.damaged.push({ segment: message.index, from: first, until, reason: message.error, isPassing: Boolean(message.isPassing) });
      return;
    }
    const { times, changed, withheld, status } = message;
    this.frames.set(message.index, { times, changed, withheld, status });
    this.masks.set(message.index, message.masks);
    const before = this.entries.length;
    const pointerBefore = this.pointer.length;
    for (const { time, event } of message.events) this.addEvent(time, event, message.index);
    if (!isSorted(this.entries, before)) this.entries.sort((a, b) => a.time - b.time);
    if (!isSorted(this.pointer, pointerBefore)) this.pointer.sort((a, b) => a.time - b.time);
  }

  /** @param {number} time @param {any} event @param {number} segment */
  addEvent(time, event, segment) {
    const kind = Object.hasOwn(kindOfType, event.type) ? kindOfType[event.type] : "other";
    if (Number.isFinite(event.x) && Number.isFinite(event.y)) this.pointer.push({ segment, time, event });
    if (kind === "move") return;
    const text = summary(event);
    this.entries.push({ segment, time, event, kind, text, search: `${text} ${words(event).join(" ")}`.toLowerCase() });
  }

  /** Replaces the signs of frustration in the list. @param {Finding[]} findings in order */
  setFindings(findings) {
    this.entries = this.entries.filter(({ segment }) => segment !== noSegment);
    for (const { kind, time, until, count, x, y, role } of findings) {
      const event = kind === "frozen" ? { type: kind, duration_ms: ((until ?? time) - time) / 1e6, inputs: count } : { type: kind, count, x, y, role };
      // Without the fields that it doesn't have.
      const fields = Object.fromEntries(Object.entries(event).filter(([, value]) => value !== undefined));
      this.entries.push({ segment: noSegment, time, event: fields, kind: "sign", text: summary(fields), search: `${kind} ${summary(fields)}`.toLowerCase() });
    }
    // The sort is stable, so a sign stands after the click that it is about.
    this.entries.sort((a, b) => a.time - b.time);
    this.idleSpans = null;
  }

  /** The entry at a time or the last one before it; −1 for none. @param {Entry[]} entries @param {number} time */
  static indexAt(entries, time) {
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = low + high >> 1;
      if (entries[middle].time <= time) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Spans without changes and input, shortened by a second at each end. */
  get idle() {
    if (this.idleSpans) return this.idleSpans;
    const busy = [...this.entries, ...this.pointer].map(({ time }) => time);
    for (const { times, changed } of this.frames.values()) {
      for (let i = 0; i < times.length; i++) if (changed[i] > 0) busy.push(times[i]);
    }
    const { segments, range } = this.info;
    // A part that was not scanned yet may contain anything.
    for (let i = range[0]; i < range[1]; i++) {
      if (this.frames.has(i)) continue;
      const { first, last } = segments[i];
      // Times may be wrong by centuries.
      const step = Math.max(idleLimit / 2, (last - first) / 10000);
      for (let time = first; time <= last; time += step) busy.push(time);
    }
    busy.push(segments[range[0]].first, segments[range[1] - 1].last);
    busy.sort((a, b) => a - b);
    this.idleSpans = [];
    for (let i = 1; i < busy.length; i++) {
      if (busy[i] - busy[i - 1] > idleLimit) this.idleSpans.push({ from: busy[i - 1] + 1e9, until: busy[i] - 5e8 });
    }
    return this.idleSpans;
  }

  /**
   * Activity in equal spans of time: the changed share of the picture, and the amount of input, each from 0 to 1.
   * @param {number} start @param {number} end @param {number} count
   */
  activity(start, end, count) {
    const pixels = new Float32Array(count);
    const input = new Float32Array(count);
    const withheld = new Uint8Array(count);
    const place = (/** @type {number} */ time) => Math.min(count - 1, Math.max(0, Math.floor((time - start) / (end - start || 1) * count)));
    for (const data of this.frames.values()) {
      for (let i = 0; i < data.times.length; i++) {
        const at = place(data.times[i]);
        pixels[at] += data.changed[i];
        if (data.withheld[i] > 0 || data.status[i]) withheld[at] = Math.max(withheld[at], data.status[i] & 2 ? 2 : 1);
      }
    }
    for (const { kind, time } of this.entries) if (kind === "input") input[place(time)] += 1;
    for (const { time } of this.pointer) input[place(time)] += 0.25;
    return { pixels: eased(pixels), input: eased(input), withheld };
  }
}

/** @param {{time: number}[]} list @param {number} from */
function isSorted(list, from) {
  for (let i = Math.max(1, from); i < list.length; i++) if (list[i].time < list[i - 1].time) return false;
  return true;
}

/** Smoothed, with small values lifted so that a caret stays visible beside a page. @param {Float32Array} values */
function eased(values) {
  const smooth = values.map((value, i) => (value * 2 + (values[i - 1] ?? value) + (values[i + 1] ?? value)) / 4);
  const top = Math.max(...smooth, 1e-9);
  return smooth.map((value) => value > 0 ? Math.max(0.04, (value / top) ** 0.4) : 0);
}
