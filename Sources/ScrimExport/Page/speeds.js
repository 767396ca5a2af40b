import { byId } from "./format.js";

/** The menu of speeds: a popover with one focus, which arrows move. */
export class SpeedMenu {
  /** @param {import("./player.js").Player} player */
  constructor(player) {
    this.player = player;
    this.menu = byId("speeds");
    this.button = byId("speed");
    /** Whether the focus was on the button when the menu was opened, and returns to it. */
    this.isFromButton = false;
    for (const item of this.menu.children) item.tabIndex = -1;
    this.button.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      this.toggle();
    });
    this.menu.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.key(event));
    this.menu.addEventListener("click", (/** @type {Event} */ event) => this.choose(/** @type {HTMLElement} */ (event.target)));
    document.addEventListener("pointerdown", ({ target }) => {
      const isInside = [this.menu, this.button].some((part) => part.contains(target));
      if (this.isOpen && !isInside) this.hide();
    });
    player.addEventListener("speed", () => this.update());
    this.update();
  }

  get isOpen() {
    return this.menu.matches(":popover-open");
  }

  toggle() {
    if (this.isOpen) return this.close();
    this.isFromButton = document.activeElement === this.button;
    this.menu.showPopover();
    this.update();
    const { left, top } = this.button.getBoundingClientRect();
    this.menu.style.left = `${Math.max(8, Math.min(innerWidth - this.menu.offsetWidth - 8, left))}px`;
    this.menu.style.top = `${Math.max(8, top - this.menu.offsetHeight - 6)}px`;
    (this.menu.querySelector("[aria-checked=true]") ?? this.menu.firstElementChild).focus();
  }

  /** After a click the focus stays nowhere, so that keys are those of the player. */
  close() {
    this.hide();
    if (this.isFromButton) this.button.focus();
    else /** @type {HTMLElement | null} */ (document.activeElement)?.blur();
  }

  hide() {
    this.menu.hidePopover();
    this.update();
  }

  update() {
    this.button.setAttribute("aria-expanded", String(this.isOpen));
    for (const item of this.menu.children) item.setAttribute("aria-checked", String(Number(item.dataset.speed) === this.player.speed));
  }

  /** @param {HTMLElement} item */
  choose(item) {
    if (!item.dataset.speed) return;
    this.player.speed = Number(item.dataset.speed);
    this.close();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    // The player's keys don't count in the menu.
    event.stopPropagation();
    const items = [...this.menu.children];
    const here = items.indexOf(document.activeElement);
    /** @type {Record<string, number>} */
    const places = {
      ArrowDown: here + 1, ArrowRight: here + 1, ArrowUp: here - 1, ArrowLeft: here - 1, Home: 0, End: items.length - 1,
    };
    if (event.key in places) items[(places[event.key] + items.length) % items.length].focus();
    else if (event.key === "Escape" || event.key === "Tab") this.close();
    else if (event.key === "Enter" || event.key === " ") this.choose(items[here]);
    else return;
    if (event.key !== "Tab") event.preventDefault();
  }
}
