import { parseEvent, touchedArea } from "./activity.js";
import { DamageError, hex } from "./bytes.js";
import { entropyStream } from "./frame.js";
import { maskRecords } from "./masks.js";
import { readNote, readSegment, recordTypes } from "./segment.js";
import { View, reasonOf, turn } from "./view.js";

// Decodes in a worker. It holds three segments, one picture, and one picture for thumbnails.

/** @typedef {{from: number, until: number, reason: string, isPassing?: boolean}} Gap seconds are the page's business: these are nanoseconds */
/** @typedef {import("./view.js").Loaded} Loaded */
/** @typedef {import("./view.js").Place} Place */
/** @typedef {{time: number, isPlaying?: boolean} | {place: Place} | {step: number, from: Place}} Wanted */

const kept = 3;
/** The waits in milliseconds before missed segments are tried again: each is twice the one before. */
const retries = { first: 5000, last: 60000 };
/** The tolerance for the time of a frame: half a microsecond, since seconds are rounded. */
const tolerance = 500;

/** @type {{segments: any[], session: any, range: [number, number], tag: string}} */
let info;
/** @type {Map<number, Loaded | DamageError>} the last one is the last used */
const cache = new Map();
/** @typedef {{bytes: Uint8Array<ArrayBuffer> | null, reason: string, isPassing?: boolean}} Answer */
/**
 * The requested bytes of segments. `seek` is the last seek that needs them; the lists, and playback that loads ahead, need them in any case.
 * @type {Map<number, {id: number, resolves: ((answer: Answer) => void)[], seek: number, isKept: boolean}>}
 */
const waiting = new Map();
let requests = 0;
/** The number of the present seek. */
let seeks = 0;
/** Segments whose digests were compared. @type {Set<number>} */
const verified = new Set();
/** @type {{id: number, want: Wanted} | null} */
let wantedPicture = null;
/** @type {{id: number, time: number, width: number, height: number} | null} */
let wantedThumbnail = null;
let scanned = 0;
/** Segments that could not be loaded for the lists, and are tried again. @type {Set<number>} */
const missed = new Set();
/** The missed segments that are due. @type {number[]} */
let due = [];
/** The wait in milliseconds before another attempt. */
let patience = retries.first;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let retryTimer;
/** A segment that is being fetched for the lists, and the result. @type {{index: number, result: Loaded | DamageError | null} | null} */
let scanning = null;
/** @type {ArrayBuffer[]} */
const spare = [];
let wake = () => {};
/** @type {any} */
const page = globalThis;

/** @param {any} message @param {Transferable[]} [transfer] */
function post(message, transfer = []) {
  page.postMessage(message, transfer);
}

const gate = new MessageChannel();
/** @type {(() => void)[]} */
const resting = [];
gate.port1.onmessage = () => resting.shift()?.();

/** Waits until pending messages are handled. */
function rest() {
  return new Promise((/** @type {(value?: any) => void} */ resolve) => {
    resting.push(resolve);
    gate.port2.postMessage(0);
  });
}

page.onmessage = (/** @type {MessageEvent} */ { data }) => {
  if (data.type === "open") {
    info = data;
    scanned = info.range[0];
    run();
  } else if (data.type === "grow") {
    grow(data);
  } else if (data.type === "bytes") {
    // The answer to a request that was aborted comes too late.
    if (waiting.get(data.index)?.id === data.id) settle(data.index, data);
  } else if (data.type === "retry") {
    retry();
  } else if (data.type === "show") {
    wantedPicture = data;
  } else if (data.type === "thumbnail") {
    wantedThumbnail = data;
  } else if (data.type === "spare" && spare.length < 2) {
    spare.push(data.buffer);
  }
  wake();
};

async function run() {
  for (;;) {
    if (wantedPicture) await showWanted();
    else if (wantedThumbnail) await makeThumbnail();
    else if (scanning?.result) await scan();
    else {
      if (!scanning && scanned < info.range[1]) fetchForScan(scanned++);
      else if (!scanning && due.length) fetchForScan(/** @type {number} */ (due.shift()));
      if (!scanning?.result) await new Promise((resolve) => { wake = () => resolve(undefined); });
    }
  }
}

/** The missed segments are tried again now. */
function retry() {
  clearTimeout(retryTimer);
  retryTimer = undefined;
  due = [...missed];
}

/** @param {number} index */
function miss(index) {
  missed.add(index);
  retryTimer ??= setTimeout(() => {
    retry();
    wake();
  }, patience);
  patience = Math.min(retries.last, patience * 2);
}

/** A recording got longer: the cached segments from `changed` on are no longer complete. @param {any} data */
function grow({ segments, range, changed }) {
  info = { ...info, segments, range };
  for (const key of cache.keys()) if (key >= changed) cache.delete(key);
  for (const key of verified) if (key >= changed) verified.delete(key);
  for (const key of missed) if (key >= changed) missed.delete(key);
  due = due.filter((index) => index < changed);
  scanned = Math.min(scanned, changed);
}

/** Requests for pictures in between don't wait for it. @param {number} index */
function fetchForScan(index) {
  const held = cache.get(index);
  /** @type {NonNullable<typeof scanning>} */
  const mine = { index, result: held && !(held instanceof DamageError) && verified.has(index) ? held : null };
  scanning = mine;
  if (mine.result) return;
  read(index, { isThorough: true, isKept: true }).then((result) => {
    mine.result = result;
    wake();
  });
}

let picture = new View();
let thumbnail = new View();
let isThumbnailBusy = false;

/** Uses the view that needs fewer frames: after pointing at the track, the thumbnail's view is already near. @param {Place} place */
function takeNearerView(place) {
  const isBetter = !isThumbnailBusy && thumbnail.segment === place.segment && thumbnail.frame <= place.frame
    && (picture.segment !== place.segment || picture.frame > place.frame || picture.frame < thumbnail.frame);
  if (!isBetter) return;
  [picture, thumbnail] = [thumbnail, picture];
  touchAll(picture);
}

/** Causes the next picture to be sent completely, not only its changes. @param {View} view */
function touchAll({ decoder }) {
  decoder?.touch({ x: 0, y: 0, width: decoder.width, height: decoder.height });
}

/**
 * The result of loading; null as soon as something else is wanted, which then doesn't wait for it. Loading goes on.
 * @template Result @param {Promise<Result>} loading @param {() => boolean} isStale @returns {Promise<Result | null>}
 */
async function unlessStale(loading, isStale) {
  let isDone = false;
  const settle = () => {
    isDone = true;
    wake();
  };
  loading.then(settle, settle);
  while (!isDone && !isStale()) await new Promise((resolve) => { wake = () => resolve(undefined); });
  return isStale() ? null : loading;
}

async function showWanted() {
  const request = /** @type {{id: number, want: Wanted}} */ (wantedPicture);
  wantedPicture = null;
  try {
    await show(request);
  } catch (error) {
    post({ type: "failed", id: request.id, reason: reasonOf(error) });
  }
}

/** @param {{id: number, want: Wanted}} request */
async function show(request) {
  const isStale = () => wantedPicture !== null;
  const place = await unlessStale(find(request.want), isStale);
  if (!place) return;
  if ("gap" in place) return postGap(request.id, place);
  const loaded = cache.get(place.segment);
  if (!loaded || loaded instanceof DamageError) {
    // Others took its place meanwhile.
    wantedPicture = request;
    return;
  }
  const frame = loaded.frames[place.frame];
  takeNearerView(place);
  const result = await picture.decode(loaded, place, async () => {
    await rest();
    return isStale();
  });
  if (result === false) return;
  if (result instanceof DamageError) {
    const next = loaded.frames.findIndex((other, i) => i > place.frame && other.isKey);
    const until = next < 0 ? endOf(place.segment) : loaded.frames[next].time;
    return postGap(request.id, { gap: { from: frame.time, until, reason: result.message }, segment: place.segment });
  }
  const decoder = /** @type {import("./frame.js").FrameDecoder} */ (picture.decoder);
  const rect = decoder.takeDirty();
  const pixels = rect && copyOut(decoder, rect);
  post({
    type: "shown", id: request.id, gap: null, segment: place.segment, frame: place.frame, time: frame.time,
    number: frame.number, status: frame.status, withheld: frame.withheld, width: decoder.width,
    height: decoder.height, rect, pixels, next: loaded.frames[place.frame + 1]?.time ?? firstFrame(place.segment + 1),
  }, pixels ? [pixels] : []);
  // While playing, the next segment is loaded in time.
  const isPlaying = "isPlaying" in request.want && request.want.isPlaying;
  if (isPlaying && place.frame * 2 >= loaded.frames.length && place.segment + 1 < info.range[1] && !cache.has(place.segment + 1)) {
    load(place.segment + 1, true).catch(() => {});
  }
}

/** The page clears its canvas for a gap, so that all of the next picture has to come. @param {number} id @param {{gap: Gap, segment: number}} place */
function postGap(id, { gap, segment }) {
  touchAll(picture);
  post({ type: "shown", id, gap, segment });
}

/** @param {import("./frame.js").FrameDecoder} decoder @param {import("./frame.js").Rect} rect @returns {ArrayBuffer} */
function copyOut(decoder, { x, y, width, height }) {
  const size = width * height * 4;
  let buffer = spare.pop();
  if (!buffer || buffer.byteLength < size || buffer.byteLength > 4 * size + 65536) buffer = new ArrayBuffer(size);
  const words = new Uint32Array(buffer, 0, width * height);
  for (let row = 0; row < height; row++) {
    const start = (y + row) * decoder.width + x;
    words.set(decoder.pixels.subarray(start, start + width), row * width);
  }
  return buffer;
}

/** @param {number} segment */
function startOf(segment) {
  return segment < info.range[1] ? info.segments[segment].first : null;
}

/** @param {number} segment */
function endOf(segment) {
  return startOf(segment + 1) ?? info.segments[segment].last;
}

/** The time of a segment's first frame; that of its first record, which may be an event, while only that is known. @param {number} segment */
function firstFrame(segment) {
  const held = cache.get(segment);
  return held && !(held instanceof DamageError) ? held.frames[0].time : startOf(segment);
}

/** The place of a picture. Requests of earlier seeks for other segments are aborted. @param {Wanted} want */
function find(want) {
  seeks++;
  const finding = locate(want);
  for (const [index, { id, seek, isKept }] of waiting) {
    if (isKept || seek === seeks) continue;
    post({ type: "abort", id });
    settle(index, { bytes: null, reason: "another moment was asked for", isPassing: true });
  }
  return finding;
}

/** @param {Wanted} want @returns {Promise<Place | {gap: Gap, segment: number}>} */
async function locate(want) {
  const [first, end] = info.range;
  if ("place" in want) {
    const loaded = await load(want.place.segment);
    return loaded instanceof DamageError ? gapOf(want.place.segment, loaded) : want.place;
  }
  if ("step" in want) return locateStep(want.step, want.from);
  const limit = want.time + tolerance;
  let segment = end - 1;
  while (segment > first && info.segments[segment].first > limit) segment--;
  for (; segment >= first; segment--) {
    const loaded = await load(segment);
    if (loaded instanceof DamageError) return gapOf(segment, loaded);
    const frame = loaded.frames.findLastIndex(({ time }) => time <= limit);
    if (frame >= 0) return { segment, frame };
  }
  return { segment: first, frame: 0 };
}

/** A segment may begin with the last frame of the one before, which is one step. @param {number} step 1 or −1 @param {Place} from */
async function locateStep(step, from) {
  const [first, end] = info.range;
  let { segment, frame } = from;
  const start = await load(segment);
  const number = start instanceof DamageError ? null : start.frames[frame].number;
  frame += step;
  for (;;) {
    const loaded = await load(segment);
    const frames = loaded instanceof DamageError ? [] : loaded.frames;
    while (frames[frame]?.number === number) frame += step;
    if (frames[frame]) return { segment, frame };
    if (segment + step < first || segment + step >= end) break;
    segment += step;
    const next = await load(segment);
    if (next instanceof DamageError) return gapOf(segment, next);
    frame = step > 0 ? 0 : next.frames.length - 1;
  }
  const loaded = await load(from.segment);
  return loaded instanceof DamageError ? gapOf(from.segment, loaded) : from;
}

/** @param {number} segment @param {DamageError} error */
function gapOf(segment, error) {
  const until = segment + 1 < info.range[1] ? /** @type {number} */ (firstFrame(segment + 1)) : endOf(segment);
  const isPassing = error instanceof MissingError && error.isPassing;
  return { gap: { from: info.segments[segment].first, until, reason: error.message, isPassing }, segment };
}

/**
 * A segment, from the cache or loaded again.
 * @param {number} index @param {boolean} [isKept] whether it is loaded for more than the present seek @returns {Promise<Loaded | DamageError>}
 */
async function load(index, isKept = false) {
  const held = cache.get(index) ?? await read(index, { isKept });
  // Not cached, since the next attempt may succeed.
  if (held instanceof MissingError) return held;
  cache.delete(index);
  cache.set(index, held);
  for (const key of cache.keys()) {
    if (cache.size <= kept) break;
    cache.delete(key);
  }
  return held;
}

/** The bytes of a segment could not be loaded. */
class MissingError extends DamageError {
  /** Whether a later attempt may succeed. */
  isPassing = false;
}

/** Answers who waits for a segment. @param {number} index @param {Answer} answer */
function settle(index, answer) {
  const { resolves } = /** @type {{resolves: ((answer: Answer) => void)[]}} */ (waiting.get(index));
  waiting.delete(index);
  for (const resolve of resolves) resolve(answer);
}

/** The bytes of a segment, from the page. @param {number} index @param {boolean} isOpen @param {boolean} isKept @returns {Promise<Answer>} */
function ask(index, isOpen, isKept) {
  return new Promise((resolve) => {
    const held = waiting.get(index);
    if (held) {
      held.resolves.push(resolve);
      if (isKept) held.isKept = true;
      else held.seek = seeks;
      return;
    }
    const id = ++requests;
    waiting.set(index, { id, resolves: [resolve], seek: isKept ? 0 : seeks, isKept });
    post({ type: "need", id, index, isOpen });
  });
}

/** @param {number} index @param {{isThorough?: boolean, isKept: boolean}} options `isThorough`: the digest within the seal is compared too
 * @returns {Promise<Loaded | DamageError>} */
async function read(index, options) {
  const isOpen = info.segments[index].sha256 === null;
  const { bytes, reason, isPassing } = await ask(index, isOpen, options.isKept);
  if (!bytes) return Object.assign(new MissingError(reason), { isPassing: Boolean(isPassing) });
  // It was sealed meanwhile, so these are not all of its bytes.
  if (isOpen && info.segments[index].sha256 !== null) return read(index, options);
  // What was missed before can be had again.
  if (missed.size && !due.length) retry();
  try {
    const segment = readSegment(bytes, isOpen);
    await verify(segment, bytes, index, Boolean(options.isThorough));
    const notes = segment.others.filter(({ type }) => type === recordTypes.note).flatMap(({ payload }) => readNote(payload) ?? []);
    const records = Array.from(maskRecords(segment), ({ frame, payload }) => ({ frame, payload: payload.slice() }));
    return { ...segment, broken: [], masks: { size: segment.header, records }, notes };
  } catch (error) {
    return new DamageError(reasonOf(error));
  }
}

/**
 * Compares a segment with its entry in the manifest, and with the chain.
 * @param {import("./segment.js").Segment} segment @param {Uint8Array<ArrayBuffer>} bytes @param {number} index
 * @param {boolean} isThorough
 */
async function verify(segment, bytes, index, isThorough) {
  const { header, seal } = segment;
  const listed = info.segments[index];
  const { session } = info;
  if (header.session !== session.id || header.policy !== session.policy || header.producer !== session.producer) {
    throw new DamageError("the segment belongs to another session");
  }
  // A segment that is being recorded has only the checksums of its records, and more frames than were listed.
  if (!listed.sha256) return;
  if (!seal) throw new DamageError("the seal is missing: the file was cut off");
  if (seal.index !== index) throw new DamageError(`the seal says index ${seal.index}`);
  if (index > 0 && seal.previous !== info.segments[index - 1].sha256) throw new DamageError("the chain is broken");
  if (header.width !== listed.width || header.height !== listed.height || segment.frames.length !== listed.frames) {
    throw new DamageError("the manifest lists other figures for this segment");
  }
  if (!globalThis.crypto?.subtle || (verified.has(index) && !isThorough)) return;
  if (hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))) !== listed.sha256) {
    throw new DamageError("the manifest lists another SHA-256");
  }
  if (isThorough) {
    const content = await crypto.subtle.digest("SHA-256", bytes.subarray(0, seal.offset));
    if (hex(new Uint8Array(content)) !== seal.content) throw new DamageError("the seal names another SHA-256");
  }
  verified.add(index);
}

async function makeThumbnail() {
  const request = /** @type {NonNullable<typeof wantedThumbnail>} */ (wantedThumbnail);
  wantedThumbnail = null;
  try {
    await draw(request);
  } catch {
    isThumbnailBusy = false;
    post({ type: "thumbnail", id: request.id, time: request.time, bitmap: null });
  }
}

/** @param {NonNullable<typeof wantedThumbnail>} request */
async function draw(request) {
  const place = await unlessStale(find({ time: request.time }), () => wantedPicture !== null || wantedThumbnail !== null);
  if (!place) {
    // A picture goes before it.
    wantedThumbnail ??= request;
    return;
  }
  /** @type {ImageBitmap | null} */
  let bitmap = null;
  if (!("gap" in place)) {
    const loaded = cache.get(place.segment);
    if (!loaded || loaded instanceof DamageError) {
      wantedThumbnail ??= request;
      return;
    }
    isThumbnailBusy = true;
    const result = await thumbnail.decode(loaded, place, async () => {
      await rest();
      if (wantedPicture) await showWanted();
      return wantedThumbnail !== null;
    });
    isThumbnailBusy = false;
    if (result === false) return;
    const decoder = thumbnail.decoder;
    if (result === true && decoder) {
      const scale = Math.min(1, request.width / decoder.width, request.height / decoder.height);
      const data = new ImageData(new Uint8ClampedArray(decoder.pixels.buffer), decoder.width, decoder.height);
      bitmap = await createImageBitmap(data, {
        resizeWidth: Math.max(1, Math.round(decoder.width * scale)),
        resizeHeight: Math.max(1, Math.round(decoder.height * scale)), resizeQuality: "high",
      });
    }
  }
  post({ type: "thumbnail", id: request.id, time: request.time, bitmap }, bitmap ? [bitmap] : []);
}

/** Reads a segment once for the lists and the curve of activity. */
async function scan() {
  const { index, result } = /** @type {NonNullable<typeof scanning>} */ (scanning);
  scanning = null;
  const segment = /** @type {Loaded | DamageError} */ (result);
  missed.delete(index);
  if (segment instanceof DamageError) {
    const isPassing = segment instanceof MissingError && segment.isPassing;
    if (isPassing) miss(index);
    return post({ type: "scanned", index, error: segment.message, isPassing });
  }
  patience = retries.first;
  try {
    await list(index, segment);
  } catch (error) {
    post({ type: "scanned", index, error: reasonOf(error) });
  }
}

/** @param {number} index @param {Loaded} segment */
async function list(index, segment) {
  const { frames, header } = segment;
  const times = new Float64Array(frames.length);
  const changed = new Float32Array(frames.length);
  const withheld = new Float32Array(frames.length);
  const status = new Uint8Array(frames.length);
  const stream = entropyStream(header.coding);
  const area = header.width * header.height;
  let isReadable = true;
  let start = performance.now();
  for (let i = 0; i < frames.length; i++) {
    const frame = frames[i];
    times[i] = frame.time;
    withheld[i] = frame.withheld;
    status[i] = frame.status;
    if (isReadable) {
      try {
        if (frame.isKey) stream.reset();
        // A keyframe contains the whole picture, so it doesn't show what changed; the first one marks the start of the session.
        const touched = frame.coded.length ? await touchedArea(frame.coded, stream, area) : 0;
        changed[i] = frame.isKey ? 0 : Math.min(1, touched / area);
      } catch {
        isReadable = false;
      }
    }
    if (performance.now() - start > turn) {
      await rest();
      if (wantedPicture) await showWanted();
      if (wantedThumbnail) await makeThumbnail();
      start = performance.now();
    }
  }
  const text = new TextDecoder();
  const { size: { width, height }, records } = segment.masks;
  const events = segment.events.map(({ time, json }) => ({ time, event: parseEvent(text.decode(json)) }));
  events.push(...segment.notes);
  post({ type: "scanned", index, error: null, times, changed, withheld, status, events, masks: { size: { width, height }, records } });
}
