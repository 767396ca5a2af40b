import { byId, clock, counted, element, size, span } from "./format.js";
import { VirtualList } from "./list.js";
import { Timeline, kinds } from "./timeline.js";

/** @typedef {import("./player.js").Player} Player */
/** @typedef {import("./timeline.js").Entry & {count?: number}} Row */

const tabs = ["events", "network", "log", "errors"];

/** The names of the kinds. @type {Record<string, string>} */
const labels = {
  input: "Input", navigation: "Navigation", log: "Log", network: "Network", error: "Error", test: "Test", sign: "Frustration", other: "Other",
};

/** The interval in nanoseconds within which keys are merged to one row. */
const burst = 1.5e9;

/** The lists beside the picture (events, network, log, errors), their search, and the details of a row. */
export class Panel {
  /**
   * @param {Player} player @param {import("./scrubber.js").Scrubber} scrubber @param {{traceURL: string | null}} options
   */
  constructor(player, scrubber, { traceURL }) {
    this.player = player;
    this.scrubber = scrubber;
    this.traceURL = traceURL;
    this.tab = "events";
    this.isFollowing = true;
    this.hidden = new Set();
    this.needle = "";
    /** @type {number | undefined} */
    this.timer = undefined;
    /** @type {Row[]} */
    this.rows = [];
    /** @type {Record<string, Row[]>} */
    this.all = {};
    this.search = byId("search");
    this.list = new VirtualList(byId("list"), {
      height: 30,
      draw: (row, into) => this.drawRow(row, into),
      choose: (row) => this.choose(row),
    });
    this.search.addEventListener("input", () => this.filter());
    for (const tab of tabs) byId(`tab-${tab}`).addEventListener("click", () => this.open(tab));
    byId("tabs").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.tabKey(event));
    this.makeFilters();
    player.addEventListener("scan", () => this.collectSoon());
    player.addEventListener("time", () => this.follow());
    this.collect();
  }

  makeFilters() {
    const box = byId("filters");
    for (const kind of kinds) {
      const button = element("button", "chip", labels[kind]);
      button.dataset.kind = kind;
      button.setAttribute("type", "button");
      button.addEventListener("click", () => {
        if (this.hidden.has(kind)) this.hidden.delete(kind);
        else this.hidden.add(kind);
        this.filter();
      });
      box.append(button);
    }
  }

  /** Scans follow each other quickly; until the last, the lists are rebuilt only a few times per second. A row under a pressed pointer stays. */
  collectSoon() {
    if (this.player.timeline.isWhole && !this.list.isPressed) return this.collect();
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      if (this.list.isPressed) this.collectSoon();
      else this.collect();
    }, 200);
  }

  collect() {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { entries } = this.player.timeline;
    this.all = {
      events: gathered(entries),
      network: entries.filter(({ kind }) => kind === "network"),
      log: entries.filter(({ kind }) => kind === "log" || kind === "error"),
      errors: entries.filter(({ kind, event }) => kind === "error" || event.level === "error" || event.level === "fatal"),
    };
    for (const tab of tabs) byId(`count-${tab}`).textContent = this.all[tab].length ? this.all[tab].length.toLocaleString("en") : "";
    byId("tab-errors").classList.toggle("has-errors", this.all.errors.length > 0);
    for (const button of byId("filters").children) {
      button.hidden = !entries.some(({ kind }) => kind === button.dataset.kind);
    }
    this.filter(true);
  }

  /** @param {string} tab */
  open(tab) {
    this.tab = tab;
    for (const other of tabs) {
      const button = byId(`tab-${other}`);
      button.setAttribute("aria-selected", String(other === tab));
      button.tabIndex = other === tab ? 0 : -1;
    }
    byId("list-panel").setAttribute("aria-labelledby", `tab-${tab}`);
    byId("list").setAttribute("aria-label", byId(`tab-${tab}`).firstChild.textContent.trim());
    byId("panel").dataset.tab = tab;
    this.filter();
  }

  /** @param {KeyboardEvent} event */
  tabKey(event) {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const next = tabs[(tabs.indexOf(this.tab) + step + tabs.length) % tabs.length];
    this.open(next);
    byId(`tab-${next}`).focus();
  }

  /** @param {boolean} [isSame] whether rows were only added, so that the selection stays */
  filter(isSame = false) {
    const needle = this.search.value.trim().toLowerCase();
    this.needle = needle;
    for (const button of byId("filters").children) {
      button.setAttribute("aria-pressed", String(!this.hidden.has(button.dataset.kind)));
    }
    const words = needle.split(/\s+/).filter(Boolean);
    const matches = (/** @type {Row} */ row) => words.every((word) => row.search.includes(word));
    this.rows = this.all[this.tab].filter((row) => matches(row) && (this.tab !== "events" || !this.hidden.has(row.kind)));
    this.list.set(this.rows, isSame);
    this.scrubber.hits = needle ? this.rows.map(({ time }) => time) : null;
    this.scrubber.redraw();
    byId("found").textContent = needle ? counted(this.rows.length, "match", "matches") : "";
    const empty = byId("empty");
    empty.hidden = this.rows.length > 0;
    empty.textContent = this.player.timeline.isWhole
      ? needle ? "Nothing matches." : "This session has none."
      : "Reading the session…";
    if (!isSame) byId("detail").hidden = true;
    this.follow();
  }

  follow() {
    this.list.follow(Timeline.indexAt(this.rows, this.player.position + 500), this.isFollowing);
  }

  /** The next row from here, or the one before. @param {number} step */
  jump(step) {
    const { chosen } = this.list;
    // Several rows may have one time.
    if (this.rows[chosen] && Math.abs(this.rows[chosen].time - this.player.position) <= 1000) {
      if (this.rows[chosen + step]) this.list.pick(chosen + step);
      return;
    }
    const here = Timeline.indexAt(this.rows, this.player.position + 500);
    let index = step > 0 ? here + 1 : here;
    if (step < 0 && this.rows[here] && this.player.position - this.rows[here].time < 1e6) index--;
    if (this.rows[index]) this.list.pick(index);
  }

  /** @param {Row} row */
  choose(row) {
    this.player.seek(row.time / 1e9);
    this.showDetail(row);
    byId("announce").textContent = `${labels[row.kind]}, ${row.text}, at ${clock(row.time / 1e9)}`;
  }

  /** @param {Row} row @param {HTMLElement} into */
  drawRow(row, into) {
    const { event } = row;
    into.dataset.kind = row.kind;
    const isBad = row.kind === "error" || event.level === "error" || event.level === "fatal" || event.status >= 400;
    into.classList.toggle("is-bad", isBad);
    into.classList.toggle("is-sign", row.kind === "sign");
    into.append(element("span", "when", clock(row.time / 1e9)));
    if (this.tab === "network") return this.drawRequest(row, into);
    const tag = row.kind === "log" ? String(event.level ?? "log") : labels[row.kind];
    into.append(element("span", "tag", tag), element("span", "what", row.text));
    if (row.count && row.count > 1) into.append(element("span", "times", `× ${row.count}`));
  }

  /** @param {Row} row @param {HTMLElement} into */
  drawRequest(row, into) {
    const { event } = row;
    const url = String(event.url ?? "");
    into.append(element("span", "tag", String(event.method ?? "")), element("span", "status", event.status ? String(event.status) : "–"));
    into.append(element("span", "what", url.replace(/^[a-z]+:\/\/[^/]+/i, "") || url));
    into.append(element("span", "took", Number.isFinite(event.duration_ms) ? span(event.duration_ms) : ""));
    const { startTime, endTime } = this.player;
    const bar = element("span", "bar");
    const share = 100 / (endTime - startTime || 1);
    const long = Number.isFinite(event.duration_ms) ? event.duration_ms * 1e6 : 0;
    bar.style.left = `${Math.min(98, Math.max(0, (row.time - startTime) * share))}%`;
    bar.style.width = `${Math.max(2, Math.min(100, long * share))}%`;
    const lane = element("span", "lane");
    lane.append(bar);
    into.append(lane);
  }

  /** All that an event says, a line a field. @param {Row} row */
  showDetail(row) {
    const detail = byId("detail");
    const fields = element("dl");
    const add = (/** @type {string} */ name, /** @type {string | Node} */ value) => {
      const data = element("dd");
      data.append(value);
      fields.append(element("dt", "", name), data);
    };
    add("time", `${clock(row.time / 1e9, 3)}`);
    for (const [name, value] of Object.entries(row.event)) {
      if (name === "trace_id" && this.traceURL && typeof value === "string") add("trace_id", this.traceLink(value));
      else if (/_bytes$/.test(name) && typeof value === "number") add(name, size(value));
      else add(name, typeof value === "object" ? JSON.stringify(value, null, 1) : String(value));
    }
    const message = row.kind === "error" ? [element("p", "message", String(row.event.message ?? ""))] : [];
    detail.replaceChildren(...message, fields);
    detail.hidden = false;
  }

  /** A link to a trace; the id goes in as text of a URL, and only if it is one of 32 hexadecimal digits. @param {string} id */
  traceLink(id) {
    if (!/^[0-9a-f]{32}$/i.test(id)) return document.createTextNode(id);
    const link = /** @type {HTMLAnchorElement} */ (element("a", "", id));
    link.href = String(this.traceURL).replaceAll("{trace_id}", id);
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    return link;
  }
}

/** Keys and wheel steps in a burst become one row. @param {import("./timeline.js").Entry[]} entries @returns {Row[]} */
function gathered(entries) {
  /** @type {Row[]} */
  const rows = [];
  let end = -Infinity;
  for (const entry of entries) {
    const last = rows.at(-1);
    const isBurst = entry.event.type === "key" || entry.event.type === "char" || entry.event.type === "wheel";
    if (isBurst && last && last.event.type === entry.event.type && entry.time - end < burst) {
      last.count = (last.count ?? 1) + 1;
    } else {
      rows.push({ ...entry });
    }
    end = entry.time;
  }
  return rows;
}
