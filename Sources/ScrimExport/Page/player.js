import { PassingError } from "./sources.js";
import { Timeline } from "./timeline.js";

/** @typedef {{bytes(index: number, isOpen?: boolean, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>}} SegmentSource rejects with a message for users */
/** @typedef {{segment: number, frame: number, time: number, number: number, status: number, withheld: number, next: number | null}} Shown */
/** @typedef {{from: number, until: number, reason: string, segment?: number, isPassing?: boolean}} Gap `isPassing`: a later attempt may succeed */

/** The speeds of playback. */
export const speeds = [0.25, 0.5, 1, 2, 4, 8, 16];

/** The maximum delay, in nanoseconds, of the picture behind the known end of a session that is followed. */
const followLimit = 8e8;

/** The maximum delay of a picture, in nanoseconds, at a speed of at most 1; then playback waits for it. */
const delayLimit = 2.5e8;

/** @param {string} message */
function aborted(message) {
  return new DOMException(message, "AbortError");
}

/**
 * Plays a session on a canvas. Seconds are those of the session's clock.
 *
 * Events: `play`, `pause`, `time`, `ended`, `error` (its `message` has the reason); and, for the page around it, `frame`, `scan`, `speed`,
 * `grow`.
 */
export class Player extends EventTarget {
  /**
   * @param {{session: any, segments: any[], range: [number, number]}} info @param {SegmentSource} source
   * @param {HTMLCanvasElement} canvas @param {Worker} worker
   */
  constructor(info, source, canvas, worker) {
    super();
    this.info = info;
    this.source = source;
    this.canvas = canvas;
    this.worker = worker;
    this.timeline = new Timeline(info);
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false, willReadFrequently: true }));
    this.startTime = info.segments[info.range[0]].first;
    this.endTime = info.segments[info.range[1] - 1].last;
    this.position = this.startTime;
    this.isPlaying = false;
    this.rate = 1;
    this.skipsIdle = false;
    /** Whether the session is being recorded, so it has no end yet. */
    this.isGrowing = false;
    /** Whether playback stays near the end of the recording. */
    this.follows = false;
    /** Only this part is played, if it is set. @type {{from: number, until: number} | null} */
    this.clip = null;
    /** @type {Shown | null} */
    this.shown = null;
    /** @type {Gap | null} */
    this.gap = null;
    this.requests = 0;
    /** The loading of segments, by the number of the decoder's request. @type {Map<number, AbortController>} */
    this.loading = new Map();
    /** @type {{id: number, resolve: (value?: any) => void, reject: (error: any) => void} | null} */
    this.pending = null;
    /** @type {{id: number, resolve: (bitmap: ImageBitmap | null) => void} | null} */
    this.pendingThumbnail = null;
    this.lastTick = 0;
    /** Where the last seek led to, or the last idle span that was skipped: pictures before are not waited for. */
    this.skipped = -Infinity;
    /** @type {(moment: number) => void} */
    this.tick = (moment) => this.advance(moment);
    worker.onmessage = ({ data }) => this.receive(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.fail(`The decoder stopped: ${event.message}`);
    };
    worker.postMessage({ type: "open", ...info });
    // What could not be loaded is tried again.
    globalThis.addEventListener("online", () => worker.postMessage({ type: "retry" }));
    /** Kept when the first picture is shown. @type {Promise<void>} */
    this.ready = new Promise((resolve, reject) => {
      this.resolveReady = resolve;
      this.rejectReady = reject;
    });
    this.ready.catch(() => {});
  }

  /** Shows the first picture: that of `seconds`, or the first there is. @param {number | null} seconds */
  async open(seconds) {
    try {
      await this.seek(seconds ?? this.start);
    } catch (error) {
      // Another moment was asked for meanwhile: its picture is the first.
      if (error instanceof DOMException && !this.shown && !this.gap) {
        await new Promise((resolve) => this.addEventListener("frame", resolve, { once: true }));
      }
      // A damaged beginning doesn't affect later segments.
      while (this.gap && this.gap.until < this.endTime) await this.seek(this.gap.until / 1e9).catch(() => {});
      if (!this.shown) return this.rejectReady?.(error);
    }
    this.resolveReady?.(undefined);
  }

  /** The time in seconds at which the session begins. */
  get start() {
    return this.startTime / 1e9;
  }

  /** The time in seconds at which the session ends, on the clock of `currentTime` and `seek`. */
  get duration() {
    return this.endTime / 1e9;
  }

  get currentTime() {
    return this.position / 1e9;
  }

  set currentTime(seconds) {
    this.seek(seconds);
  }

  get paused() {
    return !this.isPlaying;
  }

  get speed() {
    return this.rate;
  }

  set speed(value) {
    if (!(value > 0 && value <= 64)) throw new RangeError("a speed is a number above 0, at most 64");
    this.rate = value;
    this.emit("speed");
  }

  /**
   * Shows the picture at a given time.
   * @param {number} seconds
   * @returns {Promise<void>} resolved when it is on the canvas; rejected with an AbortError if another seek replaces it,
   *   and with an Error if the picture is missing or damaged
   */
  seek(seconds) {
    if (!Number.isFinite(seconds)) return Promise.reject(new RangeError("a moment is a number of seconds"));
    this.position = Math.min(this.endTime, Math.max(this.startTime, Math.round(seconds * 1e9)));
    this.follows = false;
    this.skipped = this.position;
    const done = this.request({ time: this.position });
    this.emit("time");
    return done;
  }

  /** Shows the next frame, or the one before. @param {number} count 1 or −1 @returns {Promise<void>} */
  async step(count) {
    this.pause();
    if (this.gap) return count > 0 ? this.leaveGap() : this.seek((this.gap.from - 1000) / 1e9);
    if (!this.shown) return;
    const { segment, frame } = this.shown;
    await this.request({ step: count, from: { segment, frame } });
    this.position = this.shown.time;
    this.emit("time");
  }

  /** Shows what follows a gap. @returns {Promise<void>} */
  async leaveGap() {
    for (let { gap } = this; gap; ) {
      try {
        return await this.seek(gap.until / 1e9);
      } catch (error) {
        // The next segment was not known before: it may begin with events, and its first picture comes later.
        if (!this.gap || this.gap.segment !== gap.segment || this.gap.until <= gap.until) throw error;
        gap = this.gap;
      }
    }
  }

  play() {
    if (this.isPlaying) return;
    const [from, until] = [this.clip?.from ?? this.startTime, this.clip?.until ?? this.endTime];
    if ((this.position >= until && !(this.isGrowing && !this.clip)) || this.position < from) this.seek(from / 1e9);
    this.isPlaying = true;
    this.lastTick = performance.now();
    requestAnimationFrame(this.tick);
    this.emit("play");
  }

  pause() {
    if (!this.isPlaying) return;
    this.isPlaying = false;
    this.follows = false;
    this.emit("pause");
  }

  /**
   * Adds newly recorded segments: takes the list of all segments, which begins with the known ones.
   * @param {any[]} segments
   * @param {{isRecording: boolean, state: string, droppedFrames?: number, droppedEvents?: number, findings?: import("./timeline.js").Finding[]}} what
   */
  grow(segments, { isRecording, state, droppedFrames, droppedEvents, findings }) {
    const { info } = this;
    // The last segment may have grown, or was sealed and now has its digest.
    const changed = segments.findIndex((segment, i) => {
      const old = info.segments[i];
      return !old || old.sha256 !== segment.sha256 || old.frames !== segment.frames || old.bytes !== segment.bytes;
    });
    this.isGrowing = isRecording;
    Object.assign(info.session, { state, droppedFrames, droppedEvents });
    if (changed >= 0) {
      info.segments = segments;
      info.range = [0, segments.length];
      this.endTime = Math.max(this.endTime, segments[segments.length - 1].last);
      this.timeline.grow(changed);
      this.worker.postMessage({ type: "grow", segments, range: info.range, changed });
      // The time after the last picture is known now.
      if (this.shown && this.shown.next === null) this.shown.next = this.shown.time;
    }
    this.emit("grow");
    if (findings) this.setFindings(findings);
  }

  /** @param {import("./timeline.js").Finding[]} findings rage clicks, dead clicks and frozen screens, in order */
  setFindings(findings) {
    this.timeline.setFindings(findings);
    this.emit("scan");
  }

  /** A small, exact picture at a given time; null if there is none. The caller closes it.
   * @param {number} seconds @param {number} width @param {number} height @returns {Promise<ImageBitmap | null>} */
  thumbnail(seconds, width, height) {
    this.pendingThumbnail?.resolve(null);
    return new Promise((resolve) => {
      const id = ++this.requests;
      this.pendingThumbnail = { id, resolve };
      this.worker.postMessage({ type: "thumbnail", id, time: seconds * 1e9, width, height });
    });
  }

  /** @param {any} want @returns {Promise<void>} */
  request(want) {
    this.pending?.reject(aborted("Another moment was asked for."));
    const id = ++this.requests;
    const done = new Promise((/** @type {(value?: any) => void} */ resolve, reject) => {
      this.pending = { id, resolve, reject };
    });
    // A caller that doesn't wait for a seek need not handle its failure.
    done.catch(() => {});
    this.worker.postMessage({ type: "show", id, want });
    return done;
  }

  /** @param {number} moment */
  advance(moment) {
    if (!this.isPlaying) return;
    requestAnimationFrame(this.tick);
    // A page in the background gets no animation frames, so its session waits.
    const passed = Math.min(250, Math.max(0, moment - this.lastTick));
    this.lastTick = moment;
    const until = this.clip?.until ?? this.endTime;
    this.position += passed * this.rate * 1e6;
    if (this.follows && until - this.position > followLimit) this.position = until - followLimit / 4;
    if (this.skipsIdle) {
      const span = this.timeline.idle.find(({ from, until }) => from < this.position && this.position < until);
      if (span) this.skipped = this.position = span.until;
    }
    if (this.gap && this.position < this.gap.until) this.position = this.gap.until;
    this.position = Math.min(this.position, until);
    // Nothing follows a gap that reaches to the end.
    const next = this.gap ? this.gap.until < this.endTime ? this.gap.until : null : this.shown?.next;
    // Every frame is shown, also if one took longer than it lasts.
    const isEach = this.rate <= 1 && !this.follows && this.shown && typeof next === "number" && next >= this.skipped;
    if (isEach) this.position = Math.min(this.position, next + delayLimit);
    if (!this.pending && (this.position >= (next ?? Infinity) || !(this.shown || this.gap))) {
      this.request({ time: isEach ? next : this.position, isPlaying: true });
    }
    this.emit("time");
    // A session that is being recorded continues.
    if (this.isGrowing && !this.clip) return;
    if (this.position >= until && !this.pending) {
      this.pause();
      this.emit("ended");
    }
  }

  /** @param {any} data */
  receive(data) {
    if (data.type === "need") this.deliver(data);
    if (data.type === "abort") this.loading.get(data.id)?.abort();
    if (data.type === "shown") this.receivePicture(data);
    if (data.type === "thumbnail") {
      if (this.pendingThumbnail?.id !== data.id) return data.bitmap?.close();
      this.pendingThumbnail?.resolve(data.bitmap);
      this.pendingThumbnail = null;
    }
    if (data.type === "failed" && this.pending?.id === data.id) {
      const { reject } = /** @type {NonNullable<Player["pending"]>} */ (this.pending);
      this.pending = null;
      this.pause();
      this.fail(`The picture can't be shown: ${data.reason}`);
      reject(new Error(data.reason));
    }
    if (data.type === "scanned") {
      this.timeline.add(data);
      this.emit("scan");
      // What was missing at this moment is there now.
      const isThere = data.error === null && this.gap?.isPassing && this.gap.segment === data.index;
      if (isThere && !this.pending) this.request({ time: this.position });
    }
  }

  /** @param {{id: number, index: number, isOpen: boolean}} need */
  async deliver({ id, index, isOpen }) {
    const request = new AbortController();
    this.loading.set(id, request);
    /** @type {{bytes: Uint8Array<ArrayBuffer> | null, reason: string, isPassing: boolean}} */
    let answer;
    try {
      answer = { bytes: await this.source.bytes(index, isOpen, request.signal), reason: "", isPassing: false };
    } catch (error) {
      answer = { bytes: null, reason: error instanceof Error ? error.message : String(error), isPassing: error instanceof PassingError };
    }
    this.loading.delete(id);
    if (request.signal.aborted) return;
    this.worker.postMessage({ type: "bytes", id, index, ...answer }, answer.bytes ? [answer.bytes.buffer] : []);
  }

  /** @param {any} data */
  receivePicture(data) {
    // The result of a request is drawn even if its caller no longer waits: the next request builds on it.
    if (data.pixels) this.paint(data);
    const isWanted = this.pending?.id === data.id;
    if (data.gap) {
      if (!isWanted) return;
      this.gap = { ...data.gap, segment: data.segment, until: this.pictureAfter(data.segment, data.gap.until) };
      this.shown = null;
      this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
      const { reject } = /** @type {NonNullable<Player["pending"]>} */ (this.pending);
      this.pending = null;
      this.fail(`Segment ${data.segment} can't be shown: ${data.gap.reason}`);
      this.emit("frame");
      return reject(new Error(data.gap.reason));
    }
    const { segment, frame, time, number, status, withheld, next } = data;
    this.shown = { segment, frame, time, number, status, withheld, next };
    this.gap = null;
    this.emit("frame");
    if (!isWanted) return;
    const { resolve } = /** @type {NonNullable<Player["pending"]>} */ (this.pending);
    this.pending = null;
    resolve();
  }

  /** The end of a gap: a segment that follows it may begin with events, some time before its first picture. @param {number} segment @param {number} until */
  pictureAfter(segment, until) {
    const first = this.timeline.frames.get(segment + 1)?.times[0];
    return first !== undefined && until === this.info.segments[segment + 1].first ? first : until;
  }

  /** @param {any} data */
  paint({ width, height, rect, pixels }) {
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    const view = new Uint8ClampedArray(pixels, 0, rect.width * rect.height * 4);
    this.context.putImageData(new ImageData(view, rect.width, rect.height), rect.x, rect.y);
    this.worker.postMessage({ type: "spare", buffer: pixels }, [pixels]);
  }

  /** @param {string} message */
  fail(message) {
    this.dispatchEvent(new ErrorEvent("error", { message }));
  }

  /** @param {string} name */
  emit(name) {
    this.dispatchEvent(new Event(name));
  }
}
