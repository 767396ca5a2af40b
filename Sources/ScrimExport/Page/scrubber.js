import { byId, clock, spoken } from "./format.js";

/** @typedef {import("./player.js").Player} Player */

const thumbnailLimit = 48;

/** The track under the picture: activity, marks, the position, and a thumbnail for the time under the pointer. */
export class Scrubber {
  /** @param {Player} player */
  constructor(player) {
    this.player = player;
    this.track = byId("track");
    this.canvas = byId("curve");
    this.preview = byId("preview");
    this.thumbnail = byId("thumbnail");
    /** Times of the search results; null without a search. @type {number[] | null} */
    this.hits = null;
    /** Small pictures by their tenth of a second. @type {Map<number, ImageBitmap | null>} */
    this.thumbnails = new Map();
    this.isDragging = false;
    this.isDrawn = false;
    for (const name of ["scan", "frame"]) player.addEventListener(name, () => this.redraw());
    player.addEventListener("time", () => this.move());
    player.addEventListener("grow", () => {
      this.forget();
      this.redraw();
      this.move();
    });
    new ResizeObserver(() => this.redraw()).observe(this.track);
    this.track.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
      this.isDragging = true;
      this.track.setPointerCapture(event.pointerId);
      this.seek(event);
    });
    this.track.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
      if (this.isDragging) this.seek(event);
      this.hover(event);
    });
    for (const name of ["pointerup", "pointercancel"]) this.track.addEventListener(name, () => { this.isDragging = false; });
    this.track.addEventListener("pointerleave", () => this.leave());
    this.move();
  }

  /** @param {PointerEvent} event @returns {number} seconds */
  at(event) {
    const { left, width } = this.track.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - left) / width));
    return this.player.start + share * (this.player.duration - this.player.start);
  }

  /** @param {PointerEvent} event */
  seek(event) {
    this.player.seek(this.at(event));
  }

  /** @param {PointerEvent} event */
  async hover(event) {
    const seconds = this.at(event);
    const bounds = this.track.getBoundingClientRect();
    this.preview.hidden = false;
    byId("preview-time").textContent = clock(seconds);
    const half = this.preview.offsetWidth / 2;
    const x = Math.min(bounds.width - half, Math.max(half, event.clientX - bounds.left));
    this.preview.style.left = `${x}px`;
    const key = Math.round(event.clientX - bounds.left);
    this.wanted = key;
    const held = this.thumbnails.get(key);
    if (held !== undefined) return this.showThumbnail(held);
    // The picture of another moment stays no longer than that, and none is shown in a gap.
    const late = setTimeout(() => { if (this.wanted === key) this.showThumbnail(null); }, 150);
    const bitmap = await this.player.thumbnail(seconds, 240 * (devicePixelRatio || 1), 160 * (devicePixelRatio || 1));
    clearTimeout(late);
    if (!bitmap) {
      if (this.wanted === key) this.showThumbnail(null);
      return;
    }
    this.thumbnails.set(key, bitmap);
    for (const [old, picture] of this.thumbnails) {
      if (this.thumbnails.size <= thumbnailLimit) break;
      picture?.close();
      this.thumbnails.delete(old);
    }
    if (this.wanted === key) this.showThumbnail(bitmap);
  }

  /** @param {ImageBitmap | null} bitmap */
  showThumbnail(bitmap) {
    if (!bitmap) return this.thumbnail.getContext("2d").clearRect(0, 0, this.thumbnail.width, this.thumbnail.height);
    this.thumbnail.width = bitmap.width;
    this.thumbnail.height = bitmap.height;
    this.thumbnail.getContext("2d").drawImage(bitmap, 0, 0);
  }

  leave() {
    this.wanted = undefined;
    this.preview.hidden = true;
  }

  /** Discards thumbnails: with a new width of the track, its positions stand for other times. */
  forget() {
    for (const picture of this.thumbnails.values()) picture?.close();
    this.thumbnails.clear();
  }

  move() {
    const { start, duration, currentTime } = this.player;
    const share = (currentTime - start) / (duration - start || 1);
    byId("playhead").style.left = `${share * 100}%`;
    byId("played").style.width = `${share * 100}%`;
    byId("now").textContent = clock(currentTime, 2);
    this.track.setAttribute("aria-valuenow", currentTime.toFixed(1));
    this.track.setAttribute("aria-valuetext", `${spoken(currentTime)} of ${spoken(duration)}`);
  }

  /** Requests a drawing of the curve; requests within one animation frame are merged. */
  redraw() {
    if (this.isDrawn) return;
    this.isDrawn = true;
    requestAnimationFrame(() => {
      this.isDrawn = false;
      this.draw();
    });
  }

  draw() {
    const dots = devicePixelRatio || 1;
    const [width, height] = [this.track.clientWidth, this.track.clientHeight];
    if (this.canvas.width !== Math.round(width * dots)) this.forget();
    this.canvas.width = Math.round(width * dots);
    this.canvas.height = Math.round(height * dots);
    const c = this.canvas.getContext("2d");
    c.scale(dots, dots);
    const style = getComputedStyle(this.track);
    const colour = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`);
    const { player } = this;
    const { startTime, endTime, timeline } = player;
    const place = (/** @type {number} */ time) => (time - startTime) / (endTime - startTime || 1) * width;
    const count = Math.max(8, Math.floor(width / 3));
    const { pixels, input, withheld } = timeline.activity(startTime, endTime, count);
    const floor = height - 14;
    const step = width / count;
    area(c, pixels, step, floor, floor - 12, colour("curve"));
    c.fillStyle = colour("input");
    for (let i = 0; i < count; i++) if (input[i] > 0) c.fillRect(i * step, floor - 2 - input[i] * 8, Math.max(1, step - 1), input[i] * 8);
    c.fillStyle = colour("line");
    c.fillRect(0, floor, width, 1);
    for (let i = 0; i < count; i++) {
      if (!withheld[i]) continue;
      c.fillStyle = colour(withheld[i] === 2 ? "error" : "warn");
      c.fillRect(i * step, 0, Math.max(1.5, step), 2);
    }
    for (const { from, until } of timeline.damaged) {
      this.hatch(c, place(from), Math.max(3, place(until) - place(from)), floor, colour("error"));
    }
    if (player.clip) {
      const [from, until] = [place(player.clip.from), place(player.clip.until)];
      c.fillStyle = colour("dim");
      c.fillRect(0, 0, from, floor);
      c.fillRect(until, 0, width - until, floor);
      c.fillStyle = colour("accent");
      for (const x of [from, until]) c.fillRect(Math.min(width - 2, Math.max(0, x - 1)), 0, 2, floor);
    }
    this.drawMarks(c, place, floor, colour);
  }

  /** A dot for a notable event, or for a search result. @param {CanvasRenderingContext2D} c @param {(time: number) => number} place @param {number} floor @param {(name: string) => string} colour */
  drawMarks(c, place, floor, colour) {
    const marks = this.hits
      ? this.hits.map((time) => ({ time, name: "accent" }))
      : this.player.timeline.entries.flatMap(({ time, kind, event }) => {
        if (kind === "error" || event.level === "error" || event.status >= 500) return [{ time, name: "error" }];
        if (kind === "sign") return [{ time, name: "warn" }];
        if (kind === "navigation" || kind === "test" || event.type === "mark") return [{ time, name: "accent" }];
        return [];
      });
    let last = -9;
    for (const { time, name } of marks) {
      const x = place(time);
      if (name === "accent" && x - last < 2) continue;
      last = x;
      c.beginPath();
      c.arc(x, floor + 8, 3, 0, 7);
      c.fillStyle = colour(name);
      c.fill();
    }
  }

  /** @param {CanvasRenderingContext2D} c @param {number} x @param {number} width @param {number} height @param {string} colour */
  hatch(c, x, width, height, colour) {
    c.save();
    c.beginPath();
    c.rect(x, 0, width, height);
    c.clip();
    c.strokeStyle = colour;
    c.globalAlpha = 0.55;
    c.beginPath();
    for (let d = -height; d < width; d += 6) {
      c.moveTo(x + d, height);
      c.lineTo(x + d + height, 0);
    }
    c.stroke();
    c.restore();
  }
}

/** @param {CanvasRenderingContext2D} c @param {Float32Array} values @param {number} step @param {number} floor @param {number} height @param {string} colour */
function area(c, values, step, floor, height, colour) {
  c.beginPath();
  c.moveTo(0, floor);
  values.forEach((value, i) => c.lineTo((i + 0.5) * step, floor - value * height));
  c.lineTo(values.length * step, floor);
  c.closePath();
  c.fillStyle = colour;
  c.fill();
}
