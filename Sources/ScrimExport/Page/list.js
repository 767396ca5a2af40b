import { element } from "./format.js";

/**
 * A list of any length, of which only the visible rows exist. Arrow keys select; the selection is announced.
 * @template Row
 */
export class VirtualList {
  /**
   * @param {HTMLElement} box scrolls; becomes a listbox
   * @param {{height: number, draw: (row: Row, into: HTMLElement) => void, choose: (row: Row) => void}} options
   */
  constructor(box, { height, draw, choose }) {
    this.box = box;
    this.height = height;
    this.drawRow = draw;
    this.choose = choose;
    /** @type {Row[]} */
    this.rows = [];
    this.chosen = -1;
    this.current = -1;
    this.lastTouched = -1e9;
    /** Whether a pointer is pressed on a row: a click needs the same element at press and release. */
    this.isPressed = false;
    this.inner = element("div", "rows");
    this.inner.setAttribute("role", "presentation");
    box.replaceChildren(this.inner);
    box.setAttribute("role", "listbox");
    box.tabIndex = 0;
    box.addEventListener("scroll", () => this.draw());
    for (const name of ["wheel", "pointerdown", "touchstart"]) {
      box.addEventListener(name, () => { this.lastTouched = performance.now(); }, { passive: true });
    }
    box.addEventListener("pointerdown", ({ button }) => { this.isPressed = button === 0; }, { passive: true });
    for (const name of ["pointerup", "pointercancel", "blur"]) globalThis.addEventListener(name, () => { this.isPressed = false; });
    box.addEventListener("click", (event) => {
      const row = /** @type {HTMLElement} */ (event.target).closest("[role=option]");
      if (row) this.pick(Number(/** @type {HTMLElement} */ (row).dataset.index));
    });
    box.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.draw()).observe(box);
  }

  /** @param {Row[]} rows @param {boolean} [isSame] whether rows were only added */
  set(rows, isSame = false) {
    this.rows = rows;
    if (!isSame) this.chosen = -1;
    this.current = -1;
    this.inner.style.height = `${rows.length * this.height}px`;
    this.inner.replaceChildren();
    this.draw();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const page = Math.max(1, Math.floor(this.box.clientHeight / this.height) - 1);
    /** @type {Record<string, number>} */
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.ctrlKey || event.altKey || event.metaKey || !(event.key in steps)) return;
    event.preventDefault();
    event.stopPropagation();
    const from = this.chosen < 0 ? Math.max(0, this.current) : this.chosen + steps[event.key];
    this.pick(Math.min(this.rows.length - 1, Math.max(0, from)));
  }

  /** @param {number} index */
  pick(index) {
    if (!this.rows[index]) return;
    this.chosen = index;
    this.reveal(index);
    this.draw();
    this.choose(this.rows[index]);
  }

  /** Marks the row that the playing has come to, and keeps it in sight unless the list is being read.
   * @param {number} index @param {boolean} follows */
  follow(index, follows) {
    if (index === this.current) return;
    this.current = index;
    if (follows && performance.now() - this.lastTouched > 4000) this.reveal(index);
    this.draw();
  }

  /** @param {number} index */
  reveal(index) {
    const { box, height } = this;
    const top = index * height;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + height > box.scrollTop + box.clientHeight) box.scrollTop = top + height - box.clientHeight;
  }

  draw() {
    const { box, height, inner, rows } = this;
    const first = Math.max(0, Math.floor(box.scrollTop / height) - 4);
    const last = Math.min(rows.length, Math.ceil((box.scrollTop + box.clientHeight) / height) + 4);
    const held = new Map([...inner.children].map((child) => [Number(/** @type {HTMLElement} */ (child).dataset.index), child]));
    for (let i = first; i < last; i++) {
      let row = /** @type {HTMLElement | undefined} */ (held.get(i));
      held.delete(i);
      if (!row) {
        row = element("div", "row");
        row.id = `${box.id}-${i}`;
        row.dataset.index = String(i);
        row.setAttribute("role", "option");
        row.setAttribute("aria-setsize", String(rows.length));
        row.setAttribute("aria-posinset", String(i + 1));
        row.style.transform = `translateY(${i * height}px)`;
        row.style.height = `${height}px`;
        this.drawRow(rows[i], row);
        inner.append(row);
      }
      row.setAttribute("aria-selected", String(i === this.chosen));
      row.classList.toggle("is-current", i === this.current);
      row.classList.toggle("is-past", i < this.current);
    }
    for (const child of held.values()) child.remove();
    if (this.chosen >= first && this.chosen < last) box.setAttribute("aria-activedescendant", `${box.id}-${this.chosen}`);
    else box.removeAttribute("aria-activedescendant");
  }
}
