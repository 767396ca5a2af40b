// Formats words and numbers for users.

/** @param {number} seconds @param {number} [decimals] @returns {string} 1:02:03.4 */
export function clock(seconds, decimals = 1) {
  const sign = seconds < 0 ? "−" : "";
  const scale = 10 ** decimals;
  const ticks = Math.floor(Math.abs(seconds) * scale + 1e-6);
  const whole = Math.floor(ticks / scale);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  const front = hours ? `${hours}:${two(minutes)}` : String(minutes);
  const tail = decimals ? `.${String(ticks % scale).padStart(decimals, "0")}` : "";
  return `${sign}${front}:${two(rest)}${tail}`;
}

/** @param {number} seconds in words, for screen readers */
export function spoken(seconds) {
  const whole = Math.max(0, Math.round(seconds * 10) / 10);
  const minutes = Math.floor(whole / 60);
  const rest = Number((whole - minutes * 60).toFixed(1));
  return minutes ? `${minutes} minutes ${rest} seconds` : `${rest} seconds`;
}

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB"];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < 2) {
    value /= 1000;
    unit++;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** @param {number} milliseconds */
export function span(milliseconds) {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  return `${(milliseconds / 1000).toFixed(milliseconds < 10000 ? 1 : 0)} s`;
}

/** Seconds as a link and `--from` take them: no more digits than needed. @param {number} value */
export function plainSeconds(value) {
  return String(Math.round(value * 1e6) / 1e6);
}

/** A count with its noun. @param {number} value @param {string} noun @param {string} [plural] */
export function counted(value, noun, plural = `${noun}s`) {
  return `${value.toLocaleString("en")} ${value === 1 ? noun : plural}`;
}

/**
 * An element with text. All texts of a recording are shown by it, so they never become markup.
 * @param {string} tag @param {string} [className] @param {string} [text] @returns {HTMLElement}
 */
export function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

/** The element of the page's own markup with this id. @param {string} id @returns {any} */
export function byId(id) {
  return document.getElementById(id);
}
