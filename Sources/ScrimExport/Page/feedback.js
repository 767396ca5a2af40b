import { byId, element } from "./format.js";

// Short answers to what the viewer does: a line of text, an announcement for screen readers, a pressed button.

/** @param {string} text */
export function announce(text) {
  byId("announce").textContent = text;
}

/** @type {number | undefined} */
let toastTimer;

/** @param {string} text @param {string} [selectable] */
export function toast(text, selectable) {
  const box = byId("toast");
  box.replaceChildren(element("span", "", text));
  if (selectable) box.append(element("code", "", selectable));
  box.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { box.hidden = true; }, selectable || text.length > 80 ? 12000 : 3500);
}

/** @param {string} id @param {boolean} isOn */
export function press(id, isOn) {
  for (const button of document.querySelectorAll(`[data-action="${id}"]`)) button.setAttribute("aria-pressed", String(isOn));
}
