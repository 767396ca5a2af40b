import { byId, counted, element, size } from "./format.js";

/** @typedef {import("./player.js").Player} Player */

/** The frames and events that the recorder lost, in words; empty for none. @param {any} session */
function lost({ droppedFrames, droppedEvents }) {
  return [droppedFrames && counted(droppedFrames, "frame"), droppedEvents && counted(droppedEvents, "event")].filter(Boolean).join(" and ");
}

/** Shows how far this browser verified the recording, and what is missing. */
export class Badge {
  /** @param {Player} player @param {any} session */
  constructor(player, session) {
    this.player = player;
    this.session = session;
    this.hasDigests = Boolean(globalThis.crypto?.subtle);
    for (const name of ["scan", "grow"]) player.addEventListener(name, () => this.update());
    this.update();
  }

  /** @returns {{state: string, text: string, sentence: string}} */
  get verdict() {
    const { state, text, sentence } = this.checked;
    const missing = lost(this.session);
    if (!missing) return { state, text, sentence };
    const more = `The recorder lost ${missing}, so they are not in the session.`;
    return state === "good" ? { state: "warn", text: `${text}; ${missing} lost`, sentence: `${sentence} ${more}` } : { state, text, sentence: `${sentence} ${more}` };
  }

  /** The result for the segments. @returns {{state: string, text: string, sentence: string}} */
  get checked() {
    const { timeline, info } = this.player;
    const bad = timeline.damaged.length;
    if (bad && timeline.damaged.every(({ isPassing }) => isPassing)) {
      const text = `${bad} of ${counted(timeline.total, "segment")} not loaded`;
      return { state: "warn", text, sentence: "What could not be loaded is tried again by itself. Everything else agrees with its checksums." };
    }
    if (bad) {
      const text = `${bad} of ${counted(timeline.total, "segment")} missing or damaged`;
      return { state: "bad", text, sentence: "What is missing or damaged is not shown. Everything else agrees with its checksums." };
    }
    if (this.player.isGrowing) {
      return {
        state: "busy", text: "Being recorded",
        sentence: "Every record is held against its checksum. A segment has its SHA-256, and its place in the chain, once it is sealed.",
      };
    }
    if (!timeline.isWhole) {
      return { state: "busy", text: `Verifying ${timeline.scanned} of ${timeline.total}`, sentence: "Checksums and the chain are being compared." };
    }
    if (!this.hasDigests) {
      return {
        state: "warn", text: "Checksums only",
        sentence: "CRC-32C of every record is right. This page was opened where the browser offers no SHA-256, so the chain was not compared.",
      };
    }
    if (info.range[0] > 0 || info.range[1] < info.segments.length || this.session.state !== "sealed") {
      const sentence = info.segments.at(-1).sha256 === null
        ? "Every sealed segment agrees with its SHA-256 and with the one before it. The last one was cut off: its records agree with their checksums."
        : this.session.state === "sealed"
        ? "Every segment of this part agrees with its SHA-256 and with the one before it. The page holds a part of the session only."
        : "Every segment agrees with its SHA-256 and with the one before it. The session had not ended when the page was made.";
      return { state: "good", text: "Part verified", sentence };
    }
    return {
      state: "good", text: "Verified",
      sentence: "Every segment agrees with its SHA-256, with the manifest and with the segment before it: no segment is missing or was changed since it was recorded.",
    };
  }

  update() {
    const { state, text, sentence } = this.verdict;
    const badge = byId("badge");
    if (badge.dataset.state !== state && state !== "busy") byId("announce").textContent = text;
    badge.dataset.state = state;
    byId("badge-text").textContent = text;
    byId("about-sentence").textContent = sentence;
    const list = byId("about-list");
    list.replaceChildren();
    const add = (/** @type {string} */ name, /** @type {string} */ value) => {
      list.append(element("dt", "", name), element("dd", "", value));
    };
    const { info, timeline } = this.player;
    const held = info.segments.slice(...info.range);
    add("Session", this.session.id);
    add("Started", this.session.started);
    add("Recorded by", this.session.producer);
    add("Policy, SHA-256", this.session.policy);
    add("Segments", `${timeline.total} of ${info.segments.length}, ${size(held.reduce((sum, { bytes }) => sum + bytes, 0))}`);
    add("Frames", held.reduce((sum, { frames }) => sum + frames, 0).toLocaleString("en"));
    add("Lost by the recorder", lost(this.session) || (this.session.state === "sealed" ? "Nothing" : "Known when the session has ended"));
    const masks = timeline.masks.isEmpty && !timeline.isWhole ? "Being read." : timeline.masks.isEmpty ? "This session has no masks record: what was masked shows as fill, without kind and reason." : "Recorded with kind, role and reason.";
    add("Masks", masks);
    for (const { segment, reason } of timeline.damaged) add(`Segment ${segment}`, reason);
  }
}
