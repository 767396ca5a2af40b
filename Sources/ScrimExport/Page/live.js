import { byId, counted } from "./format.js";

/** @typedef {import("./player.js").Player} Player */

/** The interval in milliseconds between requests for a page in the background, and the maximum after failures of the server. */
const intervals = { hidden: 5000, failing: 10000 };

/** Follows a session that is being recorded: asks the server for new data, and keeps the player near the end. */
export class LiveSession {
  /** @param {Player} player @param {import("./sources.js").ServerSource} source */
  constructor(player, source) {
    this.player = player;
    this.source = source;
    this.wait = source.addresses.interval;
    byId("live").hidden = false;
    for (const name of ["time", "play", "pause"]) player.addEventListener(name, () => this.update());
    this.update();
    this.run();
  }

  async run() {
    while (this.player.isGrowing) {
      await new Promise((resolve) => setTimeout(resolve, document.hidden ? intervals.hidden : this.wait));
      // All segments except the last are sealed.
      const known = Math.max(0, this.player.info.segments.length - 1);
      try {
        const news = await this.source.live(known);
        this.player.grow([...this.player.info.segments.slice(0, known), ...news.segments], news);
        this.wait = this.source.addresses.interval;
      } catch (error) {
        if (this.wait === this.source.addresses.interval) this.player.fail(`The recording can't be followed: ${/** @type {Error} */ (error).message}`);
        this.wait = Math.min(intervals.failing, this.wait * 2);
      }
    }
    this.player.follows = false;
    byId("live").hidden = true;
    byId("announce").textContent = `The recording has ended, with ${counted(this.player.info.segments.length, "segment")}`;
  }

  /** Starts to follow the end of the recording, or stops it. */
  toggle() {
    if (!this.player.isGrowing) return;
    this.player.follows = !this.player.follows;
    if (this.player.follows) {
      this.player.seek(this.player.duration).catch(() => {});
      this.player.follows = true;
      this.player.play();
    }
    this.update();
  }

  update() {
    const follows = this.player.follows && !this.player.paused;
    if (byId("live").getAttribute("aria-pressed") !== String(follows)) byId("live").setAttribute("aria-pressed", String(follows));
  }
}
