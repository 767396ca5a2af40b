import { commandGroups } from "./actions.js";
import { Badge } from "./badge.js";
import { Commands } from "./commands.js";
import { announce, press, toast } from "./feedback.js";
import { byId, clock, element, plainSeconds } from "./format.js";
import { LiveSession } from "./live.js";
import { Narrator } from "./narrator.js";
import { Panel } from "./panel.js";
import { Player, speeds } from "./player.js";
import { Scrubber } from "./scrubber.js";
import { EmbeddedSource, ServerSource } from "./sources.js";
import { SpeedMenu } from "./speeds.js";
import { Stage } from "./stage.js";

/** A setting that is kept after the page is closed, if the browser allows it. @param {string} name @param {string} [value] @returns {string | null} */
function stored(name, value) {
  try {
    if (value !== undefined) localStorage.setItem(`scrim.${name}`, value);
    return localStorage.getItem(`scrim.${name}`);
  } catch {
    return null;
  }
}

/** Whether the page may be in a sandbox without the right to download. A file has no origin either. */
function mayBeSandboxed() {
  return globalThis.origin === "null" && (location.protocol !== "file:" || self !== top);
}

/** The seconds in `#t=12.5` or `#t=12.5,20`; a server's address may have `?t=` instead. */
function linked() {
  const match = /(?:^#|[?&])t=(-?\d+(?:\.\d+)?)(?:(?:,|%2C)(-?\d+(?:\.\d+)?))?/i.exec(location.hash || location.search);
  if (!match) return null;
  const [from, until] = [Number(match[1]), match[2] ? Number(match[2]) : null];
  return { from, until: until !== null && until > from ? until : null };
}

/** The page: its player, its lists, its commands and its settings. */
export class Page {
  /** @param {any} data @param {EmbeddedSource | ServerSource} source */
  constructor(data, source) {
    this.data = data;
    /** @type {number | undefined} */
    this.linkTimer = undefined;
    /** @type {LiveSession | undefined} */
    this.live = undefined;
    const info = { session: data.session, segments: data.segments, range: data.range };
    const player = new Player(info, source, byId("picture"), source.worker);
    this.player = player;
    this.stage = new Stage(player);
    this.scrubber = new Scrubber(player);
    this.panel = new Panel(player, this.scrubber, { traceURL: data.traceURL });
    if (data.findings) player.setFindings(data.findings);
    this.badge = new Badge(player, data.session);
    this.narrator = new Narrator(player);
    this.speeds = new SpeedMenu(player);
    this.describe();
    this.commands = new Commands(commandGroups(this));
    this.bind();
    this.setTheme(stored("theme") ?? "auto");
    this.setStyle("fill");
    this.updateStyles();
    press("pointer", true);
    press("fit", true);
    press("idle", false);
    press("follow", true);
    this.togglePanel(!this.data.server?.isEmbedded);
    this.updateSpeed();
  }

  /** Follows a session that is being recorded. @param {ServerSource} source @param {boolean} fromNow */
  watch(source, fromNow) {
    this.live = new LiveSession(this.player, source);
    if (fromNow) this.live.toggle();
  }

  describe() {
    const { session, segments, range } = this.data;
    const started = new Date(session.started);
    byId("title").textContent = this.data.title || `Session ${session.id.slice(0, 8)}`;
    byId("started").textContent = started.toLocaleString("en-GB", {
      day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZone: "UTC",
    }) + " UTC";
    byId("started").dateTime = session.started;
    const { width, height } = segments[range[0]];
    byId("size").textContent = `${width} × ${height}`;
    const track = byId("track");
    track.setAttribute("aria-valuemin", this.player.start.toFixed(1));
    this.describeEnd();
    byId("whole-screen").hidden = !document.fullscreenEnabled;
    if (this.data.server?.isEmbedded) document.body.classList.add("is-embedded");
    else if (this.data.server) byId("sessions").hidden = false;
  }

  describeEnd() {
    byId("end").textContent = clock(this.player.duration, 2);
    byId("track").setAttribute("aria-valuemax", this.player.duration.toFixed(1));
  }

  bind() {
    const { player } = this;
    player.addEventListener("play", () => this.updatePlay());
    player.addEventListener("pause", () => {
      this.updatePlay();
      this.updateLink();
    });
    player.addEventListener("ended", () => announce("The end of the session"));
    player.addEventListener("speed", () => this.updateSpeed());
    player.addEventListener("error", (event) => {
      const { message } = /** @type {ErrorEvent} */ (event);
      toast(message);
      announce(message);
    });
    player.addEventListener("time", () => {
      if (!player.isPlaying) this.updateLinkSoon();
    });
    player.addEventListener("scan", () => this.updateStyles());
    player.addEventListener("grow", () => this.describeEnd());
    byId("picture").parentElement.addEventListener("click", () => {
      if (this.stage.isFitted) this.commands.byId.get("play")?.run();
    });
    globalThis.addEventListener("hashchange", () => this.openLink());
    document.addEventListener("fullscreenchange", () => press("screen", document.fullscreenElement !== null));
  }

  updatePlay() {
    const { isPlaying } = this.player;
    byId("play-icon").setAttribute("href", isPlaying ? "#i-pause" : "#i-play");
    byId("play").setAttribute("aria-label", isPlaying ? "Pause" : "Play");
    announce(isPlaying ? "Playing" : "Paused");
  }

  /** @param {number} step */
  changeSpeed(step) {
    const here = speeds.findLastIndex((value) => value <= this.player.speed);
    this.player.speed = speeds[Math.min(speeds.length - 1, Math.max(0, here + step))];
    toast(`${this.player.speed} ×`);
  }

  updateSpeed() {
    byId("speed").textContent = `${this.player.speed} ×`;
    byId("speed").setAttribute("aria-label", `Speed: ${this.player.speed} times`);
    announce(`Speed ${this.player.speed} times`);
  }

  toggleIdle() {
    this.player.skipsIdle = !this.player.skipsIdle;
    press("idle", this.player.skipsIdle);
    toast(this.player.skipsIdle ? "Idle time is skipped" : "Idle time is played");
  }

  toggleFit() {
    this.stage.fit(!this.stage.isFitted);
    press("fit", this.stage.isFitted);
    toast(this.stage.isFitted ? "Fitted" : "One pixel for one");
  }

  async toggleScreen() {
    try {
      if (document.fullscreenElement) await document.exitFullscreen();
      else await byId("viewer").requestFullscreen();
    } catch {
      toast("This page may not fill the screen here");
    }
  }

  togglePointer() {
    this.stage.showsPointer = !this.stage.showsPointer;
    press("pointer", this.stage.showsPointer);
    this.stage.drawPointer();
    toast(this.stage.showsPointer ? "The pointer is shown" : "The pointer is hidden");
  }

  /** @param {boolean} [isShown] */
  togglePanel(isShown) {
    const isOpen = isShown ?? byId("panel").hidden;
    byId("panel").hidden = !isOpen;
    document.body.classList.toggle("has-no-panel", !isOpen);
    press("panel", isOpen);
  }

  toggleFollow() {
    this.panel.isFollowing = !this.panel.isFollowing;
    press("follow", this.panel.isFollowing);
  }

  /** @param {"fill" | "outline" | "wireframe"} style */
  setStyle(style) {
    const { timeline } = this.player;
    if (style !== "fill" && timeline.masks.isEmpty) {
      toast(timeline.isWhole ? "This session has no masks record, so masks show as fill only" : "The masks are still being read");
      return;
    }
    this.stage.style = style;
    for (const name of ["fill", "outline", "wireframe"]) press(`style-${name}`, name === style);
    this.stage.drawMasks();
  }

  nextStyle() {
    const styles = /** @type {const} */ (["fill", "outline", "wireframe"]);
    this.setStyle(styles[(styles.indexOf(this.stage.style) + 1) % 3]);
  }

  updateStyles() {
    const { isEmpty } = this.player.timeline.masks;
    for (const name of ["outline", "wireframe"]) {
      document.querySelector(`[data-action=style-${name}]`)?.setAttribute("aria-disabled", String(isEmpty));
    }
    byId("no-masks").hidden = !isEmpty || !this.player.timeline.isWhole;
  }

  nextTheme() {
    const themes = ["auto", "light", "dark"];
    const next = themes[(themes.indexOf(document.documentElement.dataset.theme ?? "auto") + 1) % 3];
    stored("theme", next);
    this.setTheme(next);
    toast({ auto: "Light or dark, as the system", light: "Light", dark: "Dark" }[next] ?? next);
  }

  /** @param {string} theme */
  setTheme(theme) {
    document.documentElement.dataset.theme = theme;
    this.scrubber.redraw();
  }

  /** @param {boolean} asFile */
  async copyFrame(asFile) {
    if (!this.player.shown) return toast("There is no picture at this moment");
    const name = `${this.data.session.id.slice(0, 8)}-${plainSeconds(this.player.shown.time / 1e9)}.png`;
    const blob = /** @type {Promise<Blob>} */ (new Promise((resolve, reject) => {
      this.player.canvas.toBlob((made) => made ? resolve(made) : reject(new Error("no memory")), "image/png");
    }));
    if (!asFile) {
      try {
        await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
        return toast("The picture is in the clipboard");
      } catch {
        // Some pages may not use the clipboard, but every page can save a file.
      }
    }
    const link = /** @type {HTMLAnchorElement} */ (element("a"));
    link.href = URL.createObjectURL(await blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    // A sandbox refuses downloads without a word.
    if (!mayBeSandboxed()) return toast(`Given to the browser's downloads: ${name}`);
    toast("If no file comes, this page may not save files: right-click the picture, and choose “Save Image As…” or “Copy Image”");
  }

  get link() {
    const { clip, currentTime } = this.player;
    const time = clip ? `${plainSeconds(clip.from / 1e9)},${plainSeconds(clip.until / 1e9)}` : plainSeconds(currentTime);
    return `#t=${time}`;
  }

  async copyLink() {
    const url = location.href.replace(/#.*$/, "") + this.link;
    try {
      await navigator.clipboard.writeText(url);
      toast(this.player.clip ? "A link to this clip is in the clipboard" : "A link to this moment is in the clipboard");
    } catch {
      toast("Copy this link:", url);
    }
  }

  updateLinkSoon() {
    clearTimeout(this.linkTimer);
    this.linkTimer = setTimeout(() => this.updateLink(), 300);
  }

  updateLink() {
    try {
      history.replaceState(null, "", this.link);
    } catch {
      // Some hosts don't allow the address to be changed.
    }
  }

  openLink() {
    const link = linked();
    if (!link || location.hash === this.link) return;
    this.setClip(link.until === null ? null : { from: link.from * 1e9, until: link.until * 1e9 });
    this.player.seek(link.from).catch(() => {});
  }

  /** @param {"from" | "until"} end */
  markClip(end) {
    const { clip, startTime, endTime, position } = this.player;
    const next = { from: clip?.from ?? startTime, until: clip?.until ?? endTime, [end]: position };
    if (next.from >= next.until) return toast("A clip ends after it begins");
    this.setClip(next);
  }

  /** @param {{from: number, until: number} | null} clip */
  setClip(clip) {
    const { startTime, endTime } = this.player;
    this.player.clip = clip && {
      from: Math.max(startTime, Math.round(clip.from)), until: Math.min(endTime, Math.round(clip.until)),
    };
    byId("clip").hidden = !clip;
    if (clip) {
      byId("clip-span").textContent = `Clip ${clock(clip.from / 1e9, 2)} – ${clock(clip.until / 1e9, 2)}`;
      byId("clip-command").textContent = `--from ${plainSeconds(clip.from / 1e9)} --until ${plainSeconds(clip.until / 1e9)}`;
    }
    this.scrubber.redraw();
    this.updateLinkSoon();
  }

  escape() {
    if (document.activeElement === byId("search")) {
      if (byId("search").value) {
        byId("search").value = "";
        this.panel.filter();
      } else {
        byId("search").blur();
      }
    } else {
      byId("detail").hidden = true;
      byId("toast").hidden = true;
    }
  }
}

const data = JSON.parse(byId("scrim-session").textContent);
const source = data.server ? new ServerSource(data.server) : new EmbeddedSource();
const page = new Page(data, source);
/** @type {any} */ (globalThis).scrim = { player: page.player };
const link = linked();
if (link?.until) page.setClip({ from: link.from * 1e9, until: link.until * 1e9 });
const isLive = Boolean(data.server?.isRecording);
page.player.isGrowing = isLive;
page.player.open(link ? link.from : isLive ? page.player.duration : null).finally(() => {
  source.settle();
  if (isLive && source instanceof ServerSource) page.watch(source, !link);
});
