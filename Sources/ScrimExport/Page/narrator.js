import { announce } from "./feedback.js";
import { Timeline } from "./timeline.js";

/** The minimum milliseconds between two announcements. */
const silence = 1000;

/** Announces errors, presses and signs of frustration to screen readers while the session plays. */
export class Narrator {
  /** @param {import("./player.js").Player} player */
  constructor(player) {
    this.player = player;
    /** The time up to which events were announced. */
    this.until = player.position;
    /** The position when the time last changed. */
    this.at = this.until;
    this.last = -silence;
    player.addEventListener("time", () => this.speak());
  }

  /** Events that come within the silence are announced after it, as a count. */
  speak() {
    const { position, paused, speed, timeline } = this.player;
    const now = performance.now();
    // A step of playback is at most a quarter of a second; anything else is a seek, which passes over events.
    if (paused || position < this.at || position - this.at > 3e8 * speed) this.until = position;
    this.at = position;
    if (position <= this.until || now - this.last < silence) return;
    const { entries } = timeline;
    const first = Timeline.indexAt(entries, this.until) + 1;
    const passed = entries.slice(first, Timeline.indexAt(entries, position) + 1).filter(isNotable);
    this.until = position;
    if (!passed.length) return;
    this.last = now;
    const chosen = passed.find(({ kind }) => kind === "error") ?? passed[0];
    const text = chosen.kind === "error" ? `Error: ${chosen.text}` : chosen.text;
    announce(passed.length > 1 ? `${text}, and ${passed.length - 1} more` : text);
  }
}

/** @param {import("./timeline.js").Entry} entry */
function isNotable({ kind, event }) {
  return kind === "error" || kind === "sign" || event.level === "error" || event.level === "fatal"
    || event.type === "button" || event.type === "button-down" || event.type === "touch-down";
}
