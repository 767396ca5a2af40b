import { byId, counted, element } from "./format.js";
import { MaskTimeline, drawMasks, maskKinds } from "./masklayer.js";

/** @typedef {import("./player.js").Player} Player */

/** The duration for which a press is drawn, in nanoseconds. */
const pressSpan = 6e8;

/** The picture with its layers: masks, pointer, notes. Each is a canvas of its own; the picture's canvas has only the picture. */
export class Stage {
  /** @param {Player} player */
  constructor(player) {
    this.player = player;
    this.area = byId("stage");
    this.sheet = byId("sheet");
    this.maskCanvas = byId("masks");
    this.pointerCanvas = byId("pointer");
    this.tip = byId("tip");
    this.isFitted = true;
    this.showsPointer = true;
    /** @type {"fill" | "outline" | "wireframe"} */
    this.style = "fill";
    this.scale = 1;
    /** @type {PointerEvent | null} */
    this.pointed = null;
    player.addEventListener("frame", () => this.update());
    player.addEventListener("time", () => this.drawPointer());
    player.addEventListener("scan", () => this.drawMasks());
    new ResizeObserver(() => this.layout()).observe(this.area);
    this.area.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
      this.pointed = event;
      this.explain(event);
    });
    this.area.addEventListener("pointerleave", () => { this.tip.hidden = true; });
  }

  /** Fits the picture, or shows each pixel as one of the screen. @param {boolean} isFitted */
  fit(isFitted) {
    this.isFitted = isFitted;
    this.layout();
  }

  layout() {
    const { canvas } = this.player;
    const style = getComputedStyle(this.area);
    const width = this.area.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const height = this.area.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
    const dots = globalThis.devicePixelRatio || 1;
    const fitted = Math.max(0.05, Math.min(width / canvas.width, height / canvas.height));
    this.scale = this.isFitted ? Math.min(fitted, 2) : 1 / dots;
    this.sheet.style.width = `${canvas.width * this.scale}px`;
    this.sheet.style.height = `${canvas.height * this.scale}px`;
    // Whole multiples stay sharp; a smaller picture is smoothed.
    canvas.style.imageRendering = this.scale * dots >= 1 ? "pixelated" : "auto";
    this.area.classList.toggle("is-exact", !this.isFitted);
    for (const overlay of [this.maskCanvas, this.pointerCanvas]) {
      overlay.width = Math.round(canvas.width * this.scale * dots);
      overlay.height = Math.round(canvas.height * this.scale * dots);
    }
    byId("zoom").textContent = `${Math.round(this.scale * dots * 100)} %`;
    this.drawMasks();
    this.drawPointer();
  }

  update() {
    const { canvas, gap, shown } = this.player;
    if (this.knownSize !== `${canvas.width} ${canvas.height}`) {
      this.knownSize = `${canvas.width} ${canvas.height}`;
      this.layout();
    }
    byId("gap").hidden = !gap;
    if (gap) byId("gap-reason").textContent = gap.reason;
    this.sheet.classList.toggle("has-gap", Boolean(gap));
    const note = byId("withheld");
    const [partly, failed] = [Boolean(shown && (shown.status & 1 || shown.withheld)), Boolean(shown && shown.status & 2)];
    note.hidden = !partly && !failed;
    if (failed) note.textContent = "Failed closed: the boxes could not be read, so all of the picture is fill";
    else if (partly && shown) {
      note.textContent = `Withheld: ${shown.withheld ? counted(shown.withheld, "tile") : "some tiles"} of 16 × 16 pixels show older content than this moment`;
    }
    // The masks under a pointer that rests are those of this frame.
    if (!this.tip.hidden && this.pointed) this.explain(this.pointed);
    this.drawMasks();
    this.drawPointer();
  }

  /** @returns {import("./masks.js").Mask[]} the masks of the frame that is shown */
  get masks() {
    const { shown, timeline } = this.player;
    return shown ? timeline.masks.at(shown.segment, shown.frame) : [];
  }

  drawMasks() {
    const context = this.maskCanvas.getContext("2d");
    context.clearRect(0, 0, this.maskCanvas.width, this.maskCanvas.height);
    if (this.style === "fill") return;
    drawMasks(context, this.masks, this.style, this.maskCanvas.width / this.player.canvas.width);
  }

  drawPointer() {
    const { pointerCanvas, player } = this;
    const context = pointerCanvas.getContext("2d");
    context.clearRect(0, 0, pointerCanvas.width, pointerCanvas.height);
    if (!this.showsPointer || player.gap) return;
    const list = player.timeline.pointer;
    const unit = pointerCanvas.width / player.canvas.width;
    const dot = Math.max(1, globalThis.devicePixelRatio || 1);
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = low + high >> 1;
      if (list[middle].time <= player.position + 500) low = middle + 1;
      else high = middle;
    }
    let isDrawn = false;
    for (let i = low - 1; i >= 0; i--) {
      const { time, event } = list[i];
      const age = (player.position - time) / pressSpan;
      if (age > 1 && isDrawn) break;
      const [x, y] = [event.x * unit, event.y * unit];
      const isTouch = event.type.startsWith("touch");
      if (age <= 1 && /^(button|button-down|touch-down)$/.test(event.type)) ring(context, x, y, age, dot, isTouch);
      if (!isDrawn && isTouch && age <= 1) touch(context, x, y, dot);
      if (!isDrawn && !isTouch) arrow(context, x, y, dot);
      isDrawn = true;
    }
  }

  /** Says why the pixels under the pointer are masked. @param {PointerEvent} event */
  explain(event) {
    const bounds = this.sheet.getBoundingClientRect();
    const [x, y] = [(event.clientX - bounds.left) / this.scale, (event.clientY - bounds.top) / this.scale];
    const mask = MaskTimeline.under(this.masks, x, y);
    this.tip.hidden = !mask;
    if (!mask) return;
    this.tip.replaceChildren(element("strong", "", `Masked: ${(maskKinds[mask.kind] ?? mask.kind).toLowerCase()}`));
    if (mask.role) this.tip.append(element("span", "", `role ${mask.role}`));
    if (mask.reason) this.tip.append(element("span", "", mask.reason));
    const area = this.area.getBoundingClientRect();
    const left = Math.min(event.clientX - area.left + 14, area.width - this.tip.offsetWidth - 8);
    const top = Math.min(event.clientY - area.top + 18, area.height - this.tip.offsetHeight - 8);
    this.tip.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
  }
}

/** @param {CanvasRenderingContext2D} c @param {number} x @param {number} y @param {number} dot */
function arrow(c, x, y, dot) {
  c.save();
  c.translate(x, y);
  c.scale(dot, dot);
  c.beginPath();
  for (const [px, py] of [[0, 0], [0, 16], [3.8, 12.6], [6.3, 18.4], [8.8, 17.3], [6.3, 11.7], [11.4, 11.4]]) c.lineTo(px, py);
  c.closePath();
  c.lineJoin = "round";
  c.lineWidth = 2;
  c.strokeStyle = "#fff";
  c.stroke();
  c.fillStyle = "#14181f";
  c.fill();
  c.restore();
}

/** @param {CanvasRenderingContext2D} c @param {number} x @param {number} y @param {number} age 0 to 1 @param {number} dot @param {boolean} isTouch */
function ring(c, x, y, age, dot, isTouch) {
  const grown = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0.5 : Math.max(0, age);
  c.beginPath();
  c.arc(x, y, (8 + 16 * grown) * dot, 0, 7);
  c.lineWidth = 3 * dot;
  c.globalAlpha = 1 - Math.max(0, age) * 0.8;
  c.strokeStyle = isTouch ? "#2aa889" : "#ff9f43";
  c.stroke();
  c.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} c @param {number} x @param {number} y @param {number} dot */
function touch(c, x, y, dot) {
  c.beginPath();
  c.arc(x, y, 11 * dot, 0, 7);
  c.fillStyle = "rgb(42 168 137 / 45%)";
  c.fill();
  c.lineWidth = 2 * dot;
  c.strokeStyle = "#fff";
  c.stroke();
}
